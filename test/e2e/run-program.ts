import { afterAll } from '@jest/globals'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { CommandLine, CommandResult } from '../support/command-runner.ts'

/** Exit code and output of a program. */
export interface ProgramResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A started program. */
export interface StartedProgram {
  /** Resolves when stderr contains the text; rejects if the program ends without it. */
  untilStderr(text: string): Promise<void>
  /** Resolves with the first matching line of stdout, past or future. */
  untilLine(is: (line: string) => boolean): Promise<string>
  /** Sends SIGINT, like Ctrl-C. */
  interrupt(): void
  readonly ended: Promise<ProgramResult>
}

const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

/** Runs the built program to its end in its own process. */
export function runProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
  return startProgram(args, env).ended
}

/** The process of `runCommand`, shared by a suite. */
let runner: ChildProcess | undefined
let lastCommand: Promise<unknown> = Promise.resolve()

afterAll(() => runner?.disconnect())

/**
 * Runs a CLI command to its end. All commands of a suite run sequentially in one process, because loading the program
 * takes longer than most of them.
 */
export function runCommand(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
  const result = lastCommand.then(() => send({ args, env: definedIn({ ...inherited(), ...env }) }))
  lastCommand = result.catch(() => undefined)
  return result
}

async function send(line: CommandLine): Promise<CommandResult> {
  runner ??= fork(join(import.meta.dirname, '..', 'support', 'command-runner.ts'), { execArgv: [] })
  const over = new AbortController()
  const died = once(runner, 'exit', { signal: over.signal }).then(([code]: unknown[]) => {
    throw new Error(`the process for commands ended with ${String(code)}: ${line.args.join(' ')}`)
  })
  const answered = once(runner, 'message', { signal: over.signal })
  runner.send(line)
  try {
    const [result] = (await Promise.race([answered, died])) as [CommandResult]
    return result
  } finally {
    over.abort()
    await Promise.allSettled([answered, died])
  }
}

/** On a terminal, jest sets FORCE_COLOR. */
function inherited(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _forced, ...env } = process.env
  return env
}

function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const defined = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(defined)
}

/** Starts the built program with pipes, without a terminal. */
export function startProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): StartedProgram {
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...inherited(), ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([code]: unknown[]): ProgramResult => ({
    code: typeof code === 'number' ? code : -1,
    stdout,
    stderr,
  }))
  /** Checks after each chunk of the stream until there is a result. */
  const until = <T>(stream: Readable, what: string, result: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const check = (): void => {
        const found = result()
        if (found !== undefined) resolve(found)
      }
      stream.on('data', check)
      check()
      void ended.then(() => reject(new Error(`it ended without ${what}:\n${stderr}`)))
    })
  return {
    ended,
    interrupt: () => child.kill('SIGINT'),
    untilStderr: (text) =>
      until(child.stderr, `"${text}"`, () => (stderr.includes(text) ? true : undefined)).then(
        () => undefined,
      ),
    untilLine: (is) => until(child.stdout, 'such a line', () => stdout.split('\n').slice(0, -1).find(is)),
  }
}
