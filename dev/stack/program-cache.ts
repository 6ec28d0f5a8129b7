import { createHash } from 'node:crypto'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, renameSync, rmSync } from 'node:fs'
import { homedir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'

import { lock } from 'proper-lockfile'

import { fontConfiguration } from './chromium.ts'
import { guardDirectory } from './cleanup.ts'
import { hasCode } from './errors.ts'
import { lockedFiles } from './npm-command.ts'
import type { ProgramDefinition, ProgramSource } from './program-list.ts'
import { type Progress, timed } from './progress.ts'

const lockRetryMs = 500
const temporaryPrefix = 'unfinished-'

/** The user's cache directory for the stack's programs, shared by all clones and runs. */
export function cacheDirectory(): string {
  const base = process.env['XDG_CACHE_HOME']
  return join(base === undefined || base === '' ? join(homedir(), '.cache') : base, 'capi-vip-allocator')
}

/** The directory of exactly this build of the program, whether it exists or not. */
export function cacheEntry(program: ProgramDefinition): string {
  const hash = createHash('sha256')
  for (const part of [...identity(program.source), process.platform, process.arch]) hash.update(`${part}\0`)
  return join(cacheDirectory(), `${program.name}-${program.version}-${hash.digest('hex').slice(0, 12)}`)
}

/** Fills a cache entry: `fill` writes into a temporary directory, which is renamed when it is complete. */
export async function fillCacheEntry(
  entry: string,
  fill: (directory: string) => Promise<void>,
): Promise<void> {
  const temporary = mkdtempSync(join(cacheDirectory(), temporaryPrefix))
  guardDirectory(temporary)
  try {
    await fill(temporary)
    if (!existsSync(entry)) renameSync(temporary, entry)
  } finally {
    rmSync(temporary, { recursive: true, force: true })
  }
}

/** Runs `build` under a lock across the processes of this machine; reports while it waits. */
export async function withBuildLock<T>(progress: Progress, build: () => Promise<T>): Promise<T> {
  mkdirSync(cacheDirectory(), { recursive: true })
  const release = (await tryLock()) ?? (await waitForLock(progress))
  try {
    removeUnfinished()
    return await build()
  } finally {
    await release()
  }
}

async function waitForLock(progress: Progress): Promise<() => Promise<void>> {
  progress('programs: another run is building them, waiting for it')
  const words = { during: 'programs: waiting for the other run', after: 'programs: the other run is done' }
  return await timed(progress, words, async () => {
    for (;;) {
      const release = await tryLock()
      if (release !== undefined) return release
      await delay(lockRetryMs)
    }
  })
}

async function tryLock(): Promise<(() => Promise<void>) | undefined> {
  try {
    return await lock(join(cacheDirectory(), 'build'), {
      realpath: false,
      stale: 20_000,
      // Losing the lock (on a suspended machine) only means a duplicate build, because entries appear by rename.
      onCompromised: () => {},
    })
  } catch (error) {
    if (hasCode(error, 'ELOCKED')) return undefined
    throw error
  }
}

/** Only the holder of the lock writes such directories, so existing ones are left over, for example from a power cut. */
function removeUnfinished(): void {
  for (const name of readdirSync(cacheDirectory())) {
    if (name.startsWith(temporaryPrefix))
      rmSync(join(cacheDirectory(), name), { recursive: true, force: true })
  }
}

/** Everything that determines the result of a build. */
function identity(source: ProgramSource): string[] {
  if (source.from === 'npm') return [source.package, fontConfiguration]
  if (source.from === 'python') return [readFileSync(source.requirementsPath, 'utf8')]
  const pinsIn = (files: readonly string[]): string[] =>
    files.map((file) => readFileSync(join(source.directory, file), 'utf8'))
  if (source.from === 'locked-npm' || source.from === 'npm-command') return pinsIn(lockedFiles)
  return [...pinsIn(['go.mod', 'go.sum']), source.mainPackage, source.linkerFlags, ...source.buildTags]
}
