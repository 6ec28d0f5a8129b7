import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { allocatorImage } from '../../dev/allocator.ts'
import { messageOf } from '../../dev/stack/errors.ts'

/** A program that runs the built image on this machine. */
export interface ContainerEngine {
  readonly command: string
  /** In front of every subcommand. */
  readonly globalArgs: readonly string[]
  /** Of the subcommand `run`, for this machine. */
  readonly runArgs: readonly string[]
  readonly image: string
}

/**
 * Podman by itself raises the limits of a container, which it may not where this process may not, as in a container; and its
 * default runtime refuses a machine with both versions of cgroups.
 */
function variants(): readonly Omit<ContainerEngine, 'image'>[] {
  // Where the root file system is read-only, Podman mounts folders that are not, as Kubernetes does not.
  const plain = ['--read-only-tmpfs=false']
  const runArgs = [...plain, ...limitsOfThisProcess()]
  return [
    { command: 'docker', globalArgs: [], runArgs: [] },
    { command: 'podman', globalArgs: [], runArgs: plain },
    { command: 'podman', globalArgs: [], runArgs },
    { command: 'podman', globalArgs: ['--runtime=runc', '--cgroup-manager=cgroupfs'], runArgs },
  ]
}

/** More than the program needs, and no more than this process may. */
function limitsOfThisProcess(): readonly string[] {
  const limits = existsSync('/proc/self/limits') ? readFileSync('/proc/self/limits', 'utf8') : ''
  const wanted = [
    { name: 'nofile', title: 'Max open files', most: 20_000 },
    { name: 'nproc', title: 'Max processes', most: 4_096 },
  ]
  return wanted.map(({ name, title, most }) => {
    const [, hard] = new RegExp(`^${title} +\\S+ +(\\d+)`, 'm').exec(limits) ?? []
    const value = Math.min(most, hard === undefined ? most : Number(hard))
    return `--ulimit=${name}=${value}:${value}`
  })
}

const stampPath = join(import.meta.dirname, '..', '..', 'dist', 'built-from.txt')
const howToBuild = 'npm run image builds it'

/**
 * Finds a program that runs the image of the manifests, and an image of the present sources.
 *
 * @returns why there is none, as part of a title
 */
export function findContainerEngine(): ContainerEngine | { readonly missing: string } {
  const reasons: string[] = []
  for (const variant of variants()) {
    const engine = { ...variant, image: allocatorImage }
    try {
      const stamp = readStamp(engine)
      if (stamp === readFileSync(stampPath, 'utf8')) return engine
      reasons.push(`the image of ${variant.command} is of other sources, ${howToBuild}`)
    } catch (error) {
      reasons.push(reasonOf(variant.command, error))
    }
  }
  return { missing: [...new Set(reasons)].join('; ') }
}

/** What the program in the image was built from. */
function readStamp({ command, globalArgs, runArgs, image }: ContainerEngine): string {
  // Asks first, since a run may pull.
  execFileSync(command, [...globalArgs, 'image', 'inspect', image], { stdio: ['ignore', 'ignore', 'pipe'] })
  const script = "process.stdout.write(require('fs').readFileSync('/app/dist/built-from.txt', 'utf8'))"
  const args = ['run', '--rm', ...runArgs, '--entrypoint=node', image, '--eval', script]
  return execFileSync(command, [...globalArgs, ...args], {
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  })
}

function reasonOf(command: string, error: unknown): string {
  if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return `there is no ${command}`
  const said = error instanceof Error && 'stderr' in error ? String(error.stderr).trim() : messageOf(error)
  if (/no such image|image not known|unable to find image/i.test(said))
    return `${command} has no image, ${howToBuild}`
  return `${command}: ${said.split('\n').at(-1)?.slice(0, 200)}`
}
