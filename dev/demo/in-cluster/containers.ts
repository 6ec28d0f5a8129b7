import { existsSync, globSync, readFileSync } from 'node:fs'
import { basename, join } from 'node:path'

/** Files of a memory cgroup, in version 1 and 2. */
const files = [
  { current: 'memory.usage_in_bytes', peak: 'memory.max_usage_in_bytes' },
  { current: 'memory.current', peak: 'memory.peak' },
] as const

/** Memory of a container as its limit counts it, in bytes. */
export interface ContainerMemory {
  readonly current: number
  readonly peak: number
}

/** The containers on this node, by their cgroups. */
export interface Containers {
  /** The first process of a container, in the namespace of this program. @throws Error if there is none */
  readonly pidOf: (container: string) => number
  /** Memory of those that run; the file system forgets the others. */
  readonly memory: (container: string) => ContainerMemory | undefined
}

/** @param cgroup that of all Pods, below the root of each hierarchy */
export function containersIn(hierarchies: readonly string[], cgroup: string): Containers {
  const found = (container: string): readonly string[] =>
    hierarchies.flatMap((hierarchy) =>
      globSync(`${join(hierarchy, cgroup)}/kubepods*/**/${container}`).filter(
        (path) => basename(path) === container,
      ),
    )
  return {
    pidOf: (container) => {
      for (const path of found(container)) {
        const pid = firstPid(readFileSync(join(path, 'cgroup.procs'), 'utf8'))
        if (pid !== undefined) return pid
      }
      throw new Error(`container ${container} has no process`)
    },
    memory: (container) => {
      for (const path of found(container)) {
        const pair = files.find(({ peak }) => existsSync(join(path, peak)))
        if (pair === undefined) continue
        return { current: bytesIn(join(path, pair.current)), peak: bytesIn(join(path, pair.peak)) }
      }
      return undefined
    },
  }
}

/** The first process in `cgroup.procs`, which lists processes of other namespaces as 0. */
export function firstPid(text: string): number | undefined {
  return text
    .split('\n')
    .map(Number)
    .find((pid) => pid > 0)
}

function bytesIn(path: string): number {
  return Number(readFileSync(path, 'utf8').trim())
}
