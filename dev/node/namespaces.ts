import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { guardProcessGroup, releaseProcessGroup } from '../stack/cleanup.ts'

/** The variable by which the program knows a process whose network and mounts it shares, as others on this machine see it. */
export const leaderVariable = 'CAPI_VIP_ALLOCATOR_NODE_LEADER'

/** `unshare` keeps the process id of this shell. */
const leader = `export ${leaderVariable}=$$; exec unshare "$@"`

/**
 * The first process of the namespace, which has to take in orphans. A shell gives a program in the background no standard
 * input by itself.
 */
const init = 'exec 3<&0; "$@" <&3 3<&- & wait $!'

/** Network, mounts and processes, which all end with the first process. */
export const namespaceFlags = ['--net', '--mount', '--pid', '--fork', '--kill-child', '--mount-proc'] as const

/** Arguments of `sh` that run a command with its own network, mounts and processes. All of these end with it. */
export function namespaceArguments(command: readonly string[]): readonly string[] {
  return ['-c', leader, 'sh', ...namespaceFlags, 'sh', '-c', init, 'sh', ...command]
}

/**
 * Runs a command in namespaces of its own, and waits until it has ended, with all that it started. It gets an open standard
 * input, which ends when `signal` is aborted, or with this process.
 *
 * @returns its exit code
 */
export async function runInNamespaces(
  command: readonly string[],
  options: {
    readonly env: Readonly<Record<string, string>>
    readonly signal: AbortSignal
  },
): Promise<number> {
  options.signal.throwIfAborted()
  const child = spawn('sh', namespaceArguments(command), {
    detached: true,
    stdio: ['pipe', 'inherit', 'inherit'],
    env: { ...process.env, ...options.env },
  })
  child.stdin.on('error', () => undefined)
  await once(child, 'spawn')
  const { pid } = child
  if (pid === undefined) throw new Error('unshare was started without a process id')
  guardProcessGroup(pid)
  const end = (): void => void child.stdin.end()
  options.signal.addEventListener('abort', end)
  try {
    const [code]: unknown[] = await once(child, 'exit')
    return typeof code === 'number' ? code : 1
  } finally {
    options.signal.removeEventListener('abort', end)
    releaseProcessGroup(pid)
  }
}
