import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { print, printError, UsageError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { ensurePrograms } from '../stack/programs.ts'
import { timed } from '../stack/progress.ts'
import { runCommand } from '../stack/run-command.ts'
import { releaseFiles, sha256 } from './release-files.ts'

const root = join(import.meta.dirname, '..', '..')
const directory = join(root, 'dist', 'release')

try {
  await main()
} catch (error) {
  printError(messageOf(error))
  process.exitCode = error instanceof UsageError ? 2 : 1
}

/** `node dev/release/main.ts [--output=table|json]`: replaces dist/release by all files of a release. */
async function main(): Promise<void> {
  const isJson = parseOutput() === 'json'
  const { version }: { version: string } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8'))
  const found = await ensurePrograms(['helm', 'cyclonedx-npm'], printError)
  const programs = { helm: found.helm.path, 'cyclonedx-npm': found['cyclonedx-npm'].path }
  const source = { programs, version, epoch: await lastChange() }
  const files = await timed(printError, { during: 'release: being made', after: 'release: made' }, () =>
    releaseFiles(source),
  )
  rmSync(directory, { recursive: true, force: true })
  mkdirSync(directory, { recursive: true })
  for (const [name, content] of files) writeFileSync(join(directory, name), content)
  const made = [...files].map(([name, content]) => ({ name, bytes: content.length, sha256: sha256(content) }))
  if (isJson) return print(JSON.stringify({ version, directory, files: made }, undefined, 2))
  for (const { name, bytes } of made) print(`${String(bytes).padStart(9)}  dist/release/${name}`)
}

function parseOutput(): 'table' | 'json' {
  let output: string
  try {
    ;({
      values: { output },
    } = parseArgs({ options: { output: { type: 'string', default: 'table' } } }))
  } catch (error) {
    throw new UsageError(messageOf(error))
  }
  if (output === 'table' || output === 'json') return output
  throw new UsageError(`--output=${output}: expected table or json`)
}

/** The time of the last commit. Nobody can make a release without it, but a copy without history can be tried. */
async function lastChange(): Promise<number> {
  try {
    return Number(await runCommand({ command: 'git', args: ['log', '-1', '--format=%ct'], cwd: root }))
  } catch {
    return 0
  }
}
