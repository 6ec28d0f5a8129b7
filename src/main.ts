#!/usr/bin/env node
import { ConfigError, helpText, parseInvocation } from './config.ts'

const [major = 0, minor = 0] = process.versions.node.split('.').map(Number)
const runsHere = major > 22 || (major === 22 && minor >= 19)

/** Exit codes: 0 stopped in order, 1 failed while at work, 2 bad flags or environment. */
async function main(): Promise<number> {
  if (!runsHere) throw new ConfigError([`Node.js is ${process.versions.node}, expected 22.19 or newer`])
  const invocation = parseInvocation(process.argv.slice(2), process.env)
  if (invocation.show === 'help') return print(helpText())
  const { programVersion } = await import('./commands/version.ts')
  if (invocation.show === 'version') return print(`${programVersion()}\n`)
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop.abort(signal))
  const { runProgram } = await import('./commands/program.ts')
  return runProgram(invocation.command, invocation.config, stop.signal)
}

function print(text: string): number {
  process.stdout.write(text)
  return 0
}

try {
  process.exitCode = await main()
} catch (error) {
  process.stderr.write(`capi-vip-allocator: ${error instanceof Error ? error.message : String(error)}\n`)
  // What had been opened before the error must not keep the process alive.
  process.exit(error instanceof ConfigError ? 2 : 1)
}
