import { mkdirSync, readFileSync, readdirSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import type { GoSource, Program, ProgramDefinition } from './program-list.ts'
import { runCommand } from './run-command.ts'

// The user's go.work and vendor settings must not affect the build.
const environment = { GOWORK: 'off', GOFLAGS: '-mod=readonly' }

/** Directory of the CRDs and webhook configurations beside a program that was built with them. */
export function manifestsOf(program: Program): {
  readonly crdDirectory: string
  readonly webhooksPath: string
} {
  return manifestsIn(dirname(program.path))
}

/**
 * Builds the program into `directory`, and copies the CRDs and webhook configurations of its module there, so that the
 * directory is self-contained.
 *
 * @throws CommandError if Go is missing or the build fails
 */
export async function buildGoProgram(
  program: ProgramDefinition,
  source: GoSource,
  directory: string,
): Promise<void> {
  await runCommand({
    command: 'go',
    args: [
      'build',
      `-tags=${['tools', ...source.buildTags].join(',')}`,
      '-trimpath',
      `-ldflags=${source.linkerFlags}`,
      `-o=${join(directory, program.name)}`,
      source.mainPackage,
    ],
    cwd: source.directory,
    env: environment,
  })
  if (source.configDirectory !== undefined) await copyManifests(source, source.configDirectory, directory)
}

async function copyManifests(source: GoSource, configDirectory: string, directory: string): Promise<void> {
  const answer = await runCommand({
    command: 'go',
    args: ['list', '-m', '-f', '{{.Dir}}', source.module],
    cwd: source.directory,
    env: environment,
  })
  const configuration = join(answer.trim(), configDirectory)
  const bases = join(configuration, 'crd', 'bases')
  const { crdDirectory, webhooksPath } = manifestsIn(directory)
  mkdirSync(crdDirectory)
  // A copy would be read-only, like the module cache.
  for (const file of readdirSync(bases)) {
    writeFileSync(join(crdDirectory, file), readFileSync(join(bases, file)))
  }
  writeFileSync(webhooksPath, readFileSync(join(configuration, 'webhook', 'manifests.yaml')))
}

function manifestsIn(directory: string): { readonly crdDirectory: string; readonly webhooksPath: string } {
  return { crdDirectory: join(directory, 'crds'), webhooksPath: join(directory, 'webhooks.yaml') }
}
