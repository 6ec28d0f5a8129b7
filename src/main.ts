#!/usr/bin/env node
import { parseInvocation } from './command-line/parse-invocation.ts'
import { programName } from './command-line/parser.ts'
import { ConfigError } from './config.ts'
import { exitCodes } from './console/exit-code.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const runsHere = major > 22 || (major === 22 && minor >= 19)

/** @returns the exit code */
async function main(): Promise<number> {
  if (!runsHere) throw new ConfigError([`Node.js is ${process.versions.node}, expected 22.19 or newer`])
  const invocation = parseInvocation(process.argv.slice(2), process.env)
  if (invocation.show === 'text') return print(invocation.text)
  if (invocation.show === 'version') {
    const { programVersion } = await import('./commands/version.ts')
    return print(`${programVersion()}\n`)
  }
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(signal))
  return invocation.run(invocation.config, stop.signal)
}

function print(text: string): number {
  process.stdout.write(text)
  return exitCodes.fine
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`${programName}: ${error instanceof Error ? error.message : String(error)}\n`)
  // Connections that are still open must not keep the process alive.
  process.exit(error instanceof ConfigError ? exitCodes.badUsage : exitCodes.failed)
}
