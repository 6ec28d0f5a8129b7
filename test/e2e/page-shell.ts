import { execFile } from 'node:child_process'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import type { StackConnection } from '../../dev/stack/connection.ts'

/** A shell in which the commands of a page are there under the names that the page uses. */
export interface PageShell {
  /** Runs a command to its end, whatever that is; resolves with all it printed. @param env more variables */
  run(command: string, env: Readonly<Record<string, string>>): Promise<string>
}

const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

/** Makes a shell of somebody who may do everything on the stack. */
export function openPageShell(stack: StackConnection): PageShell {
  const bin = join(stack.runDirectory, `bin-${crypto.randomUUID()}`)
  mkdirSync(bin)
  const program = join(bin, 'capi-vip-allocator')
  writeFileSync(program, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`, { mode: 0o755 })
  const programs = [bin, dirname(stack.paths.kubectl), dirname(stack.paths.temporal)]
  // Jest asks for colors where it runs on a terminal.
  const { FORCE_COLOR: _forced, PATH = '', ...inherited } = process.env
  const given = {
    ...inherited,
    PATH: [...programs, PATH].join(':'),
    KUBECONFIG: stack.kubeconfigPath,
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: stack.temporal.namespace,
  }
  return {
    run: (command, env) =>
      new Promise((resolve) => {
        execFile('sh', ['-c', command], { env: { ...given, ...env } }, (_error, stdout, stderr) => {
          resolve(stdout + stderr)
        })
      }),
  }
}
