import { copyFileSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import type { NpmCommandSource, ProgramDefinition } from './program-list.ts'
import { runCommand } from './run-command.ts'

export const lockedFiles = ['package.json', 'package-lock.json'] as const

/**
 * Installs a command of an npm package with all that it needs, and a link to it.
 *
 * @throws CommandError if npm is missing or the installation fails
 */
export async function installNpmCommand(
  program: ProgramDefinition,
  source: NpmCommandSource,
  directory: string,
): Promise<void> {
  await installLocked(source.directory, directory, ['--omit=optional'])
  symlinkSync(join('node_modules', '.bin', program.name), join(directory, program.name))
}

/** Installs the packages that a lock file pins. */
export async function installLocked(
  from: string,
  directory: string,
  flags: readonly string[] = [],
): Promise<void> {
  for (const file of lockedFiles) copyFileSync(join(from, file), join(directory, file))
  await runCommand({
    command: 'npm',
    args: ['ci', '--ignore-scripts', '--no-audit', '--no-fund', ...flags],
    cwd: directory,
  })
}
