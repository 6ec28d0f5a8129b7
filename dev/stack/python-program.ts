import { chmodSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'

import type { ProgramDefinition, PythonSource } from './program-list.ts'
import { runCommand } from './run-command.ts'

/**
 * Installs the program's wheel into `directory`. `--target` needs neither a virtual environment nor a writable
 * Python; PIP_USER would conflict with it.
 *
 * @throws CommandError if Python or pip is missing or the installation fails
 */
export async function installPythonProgram(
  program: ProgramDefinition,
  source: PythonSource,
  directory: string,
): Promise<void> {
  const wheel = join(directory, 'wheel')
  await runCommand({
    command: 'python3',
    args: [
      '-m',
      'pip',
      'install',
      `--target=${wheel}`,
      `--requirement=${source.requirementsPath}`,
      '--require-hashes',
      '--only-binary=:all:',
      '--no-deps',
      '--no-input',
      '--disable-pip-version-check',
    ],
    cwd: directory,
    env: { PIP_USER: '0' },
  })
  const path = join(directory, program.name)
  renameSync(join(wheel, 'bin', program.name), path)
  rmSync(wheel, { recursive: true })
  chmodSync(path, 0o755)
}
