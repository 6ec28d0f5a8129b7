import { afterAll } from '@jest/globals'
import { type ChildProcess, fork, spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'
import type { CommandLine, CommandResult } from '../support/command-runner.ts'

/** How a program ended, and what it said. */
export interface ProgramResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A program that was started and may still run. */
export interface StartedProgram {
  /** Resolves as soon as stderr holds the text; rejects where the program ends without it. */
  untilStderr(text: string): Promise<void>
  /** Resolves with the first line of stdout that is so, of those that come and those that came before. */
  untilLine(is: (line: string) => boolean): Promise<string>
  /** As Ctrl-C does. */
  interrupt(): void
  readonly ended: Promise<ProgramResult>
}

const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

/** Runs the built program to its end, in a process of its own. */
export function runProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
  return startProgram(args, env).ended
}

/** The process that `runCommand` shares among the command lines of a suite. */
let runner: ChildProcess | undefined
let lastCommand: Promise<unknown> = Promise.resolve()

afterAll(() => runner?.disconnect())

/**
 * Runs a command for people to its end. The commands of a suite share one process, one after another: to load the
 * program takes longer than most of them do.
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

/** Jest asks for colors where it runs on a terminal. */
function inherited(): NodeJS.ProcessEnv {
  const { FORCE_COLOR: _forced, ...env } = process.env
  return env
}

function definedIn(env: NodeJS.ProcessEnv): Record<string, string> {
  const defined = Object.entries(env).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return Object.fromEntries(defined)
}

/** Starts the built program, as a person does who pipes its answer elsewhere: there is no terminal. */
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
  /** Looks whenever the stream says something, until there is an answer. */
  const until = <T>(stream: Readable, what: string, answer: () => T | undefined): Promise<T> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        const found = answer()
        if (found !== undefined) resolve(found)
      }
      stream.on('data', look)
      look()
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
