import { execFile, spawn, type ChildProcessWithoutNullStreams } from 'node:child_process'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import type { StackConnection } from '../../dev/stack/connection.ts'

/** The built program. */
const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** Commands for people, as a person types them who may do everything on the stack. */
export interface CommandLine {
  /** Runs a command to its end. */
  run(args: readonly string[], env?: NodeJS.ProcessEnv): Promise<Ended>
  /** Runs a command that goes on until it is stopped. */
  start(args: readonly string[]): RunningCommand
}

export interface RunningCommand {
  /** Resolves with the first line of stdout, of those not read before, that is so. */
  untilLine(is: (line: string) => boolean): Promise<string>
  /** Ctrl-C; resolves with the exit code. */
  interrupt(): Promise<number | null>
}

export function commandLine(stack: StackConnection): CommandLine {
  const baseEnv = {
    ...process.env,
    KUBECONFIG: stack.kubeconfigPath,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
  }
  return {
    run: (args, env = {}) =>
      new Promise((resolve) => {
        execFile(
          process.execPath,
          [main, ...args],
          { env: { ...baseEnv, ...env } },
          (error, stdout, stderr) => {
            resolve({ code: typeof error?.code === 'number' ? error.code : 0, stdout, stderr })
          },
        )
      }),
    start: (args) => running(spawn(process.execPath, [main, ...args], { env: baseEnv })),
  }
}

function running(child: ChildProcessWithoutNullStreams): RunningCommand {
  const ended = new Promise<number | null>((resolve) => child.on('close', (code) => resolve(code)))
  const errors: string[] = []
  child.stderr.on('data', (chunk: Buffer) => errors.push(chunk.toString()))
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  return {
    untilLine: async (is) => {
      for (;;) {
        const next = await lines.next()
        if (next.done === true) throw new Error(`the command ended: ${errors.join('')}`)
        if (is(next.value)) return next.value
      }
    },
    interrupt: async () => {
      child.kill('SIGINT')
      return ended
    },
  }
}
