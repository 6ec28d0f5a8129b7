import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'
import type { Readable } from 'node:stream'

/** How a program ended, and what it said. */
export interface Ended {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/** A program that was started and may still run. */
export interface StartedProgram {
  /** Resolves as soon as stderr holds the text; rejects where the program ends without it. */
  untilSaid(text: string): Promise<void>
  /** Resolves with the first line of stdout that is so, of those that come and those that came before. */
  untilLine(is: (line: string) => boolean): Promise<string>
  /** As Ctrl-C does. */
  interrupt(): void
  readonly ended: Promise<Ended>
}

const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

/** Runs the built program to its end. */
export function runProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return startProgram(args, env).ended
}

/** Starts the built program, as a person does who pipes its answer elsewhere: there is no terminal. */
export function startProgram(args: readonly string[], env: NodeJS.ProcessEnv = {}): StartedProgram {
  // Jest asks for colors where it runs on a terminal.
  const { FORCE_COLOR: _forced, ...inherited } = process.env
  const child = spawn(process.execPath, [main, ...args], {
    env: { ...inherited, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  let stdout = ''
  let stderr = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => (stdout += text))
  child.stderr.setEncoding('utf8').on('data', (text: string) => (stderr += text))
  const ended = once(child, 'close').then(([code]: unknown[]): Ended => ({
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
    untilSaid: (text) =>
      until(child.stderr, `"${text}"`, () => (stderr.includes(text) ? true : undefined)).then(
        () => undefined,
      ),
    untilLine: (is) => until(child.stdout, 'such a line', () => stdout.split('\n').slice(0, -1).find(is)),
  }
}
