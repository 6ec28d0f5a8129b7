import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { join } from 'node:path'

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
  return {
    ended,
    interrupt: () => child.kill('SIGINT'),
    untilSaid: (text) =>
      new Promise((resolve, reject) => {
        const look = (): void => {
          if (stderr.includes(text)) resolve()
        }
        child.stderr.on('data', look)
        look()
        void ended.then(() => reject(new Error(`it ended without "${text}":\n${stderr}`)))
      }),
  }
}
