import { existsSync, mkdirSync, readdirSync, readFileSync, rmdirSync, writeFileSync } from 'node:fs'
import { basename, join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { hasCode } from '../stack/errors.ts'

const prefix = 'capi-vip-allocator-node-'
const goneWithinMs = 10_000
const goneIntervalMs = 100

/** Where hierarchies of cgroups are mounted, of version 1 and 2, as `/proc/mounts` lists them. */
export function cgroupHierarchies(mounts: string): readonly string[] {
  return mounts
    .split('\n')
    .map((line) => line.split(' '))
    .filter(([, , type = '']) => type === 'cgroup' || type === 'cgroup2')
    .map(([, path = '']) => path)
}

/** The cgroup under which a process keeps its Pods, relative to each hierarchy. */
export function cgroupNameFor(pid: number): string {
  return `${prefix}${pid}`
}

/** The process that a cgroup's name stands for; undefined for a cgroup of others. */
export function ownerOf(name: string): number | undefined {
  if (!name.startsWith(prefix)) return undefined
  const pid = Number(name.slice(prefix.length))
  return Number.isInteger(pid) && pid > 0 ? pid : undefined
}

/** Makes the cgroup in all hierarchies, which the kubelet expects of its root. */
export function makeCgroups(hierarchies: readonly string[], name: string): void {
  for (const hierarchy of hierarchies) {
    mkdirSync(join(hierarchy, name))
    // Version 1 puts no process into a cgroup without them.
    for (const file of ['cpuset.cpus', 'cpuset.mems']) {
      const [from, to] = [join(hierarchy, file), join(hierarchy, name, file)]
      if (existsSync(from) && existsSync(to)) writeFileSync(to, readFileSync(from))
    }
  }
}

/**
 * Removes the cgroup, and those in it, once their processes have ended.
 *
 * @throws Error if processes are left in it
 */
export async function removeCgroups(hierarchies: readonly string[], name: string): Promise<void> {
  const deadline = performance.now() + goneWithinMs
  let left = hierarchies.map((hierarchy) => join(hierarchy, name))
  for (;;) {
    left = left.filter((path) => !isRemoved(path))
    if (left.length === 0) return
    if (performance.now() > deadline) throw new Error(`processes are left in ${left.join(', ')}`)
    await delay(goneIntervalMs)
  }
}

/** Removes what runs left that were killed together with their clean-up. */
export async function removeAbandonedCgroups(hierarchies: readonly string[]): Promise<void> {
  const names = new Set(
    hierarchies.flatMap((hierarchy) => readdirSync(hierarchy)).map((name) => basename(name)),
  )
  for (const name of names) {
    const owner = ownerOf(name)
    if (owner !== undefined && !existsSync(`/proc/${owner}`)) await removeCgroups(hierarchies, name)
  }
}

/** Removes a tree of cgroups, leaves first. The files in them are the kernel's. */
function isRemoved(path: string): boolean {
  if (!existsSync(path)) return true
  const below = readdirSync(path, { withFileTypes: true }).filter((entry) => entry.isDirectory())
  if (!below.every(({ name }) => isRemoved(join(path, name)))) return false
  try {
    rmdirSync(path)
    return true
  } catch (error) {
    if (hasCode(error, 'EBUSY') || hasCode(error, 'ENOENT')) return hasCode(error, 'ENOENT')
    throw error
  }
}
