import { join } from 'node:path'
import { pathToFileURL } from 'node:url'

/** Arguments and environment of a command. */
export interface CommandLine {
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** Exit code and output of a command. */
export interface CommandResult {
  readonly code: number
  readonly stdout: string
  readonly stderr: string
}

/**
 * A program that runs the command lines it receives, one after another, and sends back the results. It evaluates
 * `main.js` for each, as a new process would; all modules below are loaded once.
 */
const main = pathToFileURL(join(import.meta.dirname, '..', '..', 'dist', 'main.js')).href
const names = ['stdout', 'stderr'] as const
const signals = ['SIGINT', 'SIGTERM'] as const
let runs = 0
let last: Promise<void> = Promise.resolve()

process.on('disconnect', () => process.exit())
process.on('message', (line: CommandLine) => {
  last = last.then(() => answer(line))
})

async function answer(line: CommandLine): Promise<void> {
  process.send?.(await run(line))
}

async function run({ args, env }: CommandLine): Promise<CommandResult> {
  const written = { stdout: '', stderr: '' }
  const originals = { exit: process.exit, argv: process.argv, env: process.env }
  const listeners = signals.map((signal) => process.listeners(signal))
  const streams = names.map((name) => ({ name, write: process[name].write }))
  for (const name of names) {
    process[name].write = (text: string | Uint8Array): boolean => {
      written[name] += String(text)
      return true
    }
  }
  const exit = Promise.withResolvers<number>()
  process.exit = ((code: number) => exit.resolve(code)) as typeof process.exit
  process.argv = [process.execPath, main, ...args]
  process.env = { ...env }
  process.exitCode = undefined
  try {
    runs += 1
    const ended = import(`${main}?run=${runs}`).then(() => Number(process.exitCode ?? 0))
    return { code: await Promise.race([exit.promise, ended]), ...written }
  } finally {
    Object.assign(process, originals)
    process.exitCode = undefined
    for (const { name, write } of streams) {
      process[name].write = write
      process[name].removeAllListeners('error')
    }
    for (const [index, signal] of signals.entries()) {
      process.removeAllListeners(signal)
      for (const listener of listeners[index] ?? []) process.on(signal, listener)
    }
  }
}
