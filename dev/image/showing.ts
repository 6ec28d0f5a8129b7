import { join } from 'node:path'
import type { Progress } from '../stack/progress.ts'
import { runCommand } from '../stack/run-command.ts'
import type { Run } from './builders.ts'

const root = join(import.meta.dirname, '..', '..')

/** Runs programs, and shows what those print that take long. */
export function showing(progress: Progress): Run {
  const indented = (line: string): void => progress(`  ${line}`)
  return (command, args) => {
    const isLong = ['build', 'pull'].includes(args[0] ?? '') || command === 'mmdebstrap'
    return runCommand({ command, args, cwd: root, ...(isLong && { onLine: indented }) })
  }
}
