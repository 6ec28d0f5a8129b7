import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StackConnection } from '../../dev/stack/connection.ts'

/** How a command ended, and all that it printed. */
export interface Outcome {
  readonly code: number
  readonly text: string
}

/** Runs a command to its end, also a failing one. */
export type Shell = (command: string, env?: Readonly<Record<string, string>>) => Promise<Outcome>

const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

/**
 * Makes a shell in which programs have the names that the pages use, with all permissions on the stack.
 *
 * @param options.directory where commands run; that of this process if absent
 * @param options.programs paths of further programs
 * @param options.scripts further programs, as shell scripts by their names
 * @param options.env variables of all commands
 */
export function createShell(
  stack: StackConnection,
  options: {
    readonly directory?: string
    readonly programs?: readonly string[]
    readonly scripts?: Readonly<Record<string, string>>
    readonly env?: Readonly<Record<string, string>>
  } = {},
): Shell {
  const bin = join(stack.runDirectory, `bin-${crypto.randomUUID()}`)
  mkdirSync(bin)
  const scripts = { 'capi-vip-allocator': `exec '${process.execPath}' '${main}' "$@"`, ...options.scripts }
  for (const [name, script] of Object.entries(scripts))
    writeFileSync(join(bin, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 })
  const { kubectl, temporal } = stack.paths
  const programs = [bin, ...[kubectl, temporal, ...(options.programs ?? [])].map((path) => dirname(path))]
  // On a terminal, jest sets FORCE_COLOR.
  const { FORCE_COLOR: _forced, PATH = '', ...inherited } = process.env
  const base = {
    ...inherited,
    PATH: [...programs, PATH].join(':'),
    KUBECONFIG: stack.kubeconfigPath,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
    ...options.env,
  }
  return (command, env) =>
    new Promise((resolve) => {
      execFile(
        'sh',
        ['-c', command],
        { env: { ...base, ...env }, cwd: options.directory },
        (error, stdout, stderr) => {
          const code = error === null ? 0 : typeof error.code === 'number' ? error.code : 1
          resolve({ code, text: stdout + stderr })
        },
      )
    })
}
