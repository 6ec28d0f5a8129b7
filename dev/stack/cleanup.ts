import { spawn } from 'node:child_process'
import { rmSync } from 'node:fs'
import { Socket } from 'node:net'
import { join } from 'node:path'
import type { Writable } from 'node:stream'

import { hasCode } from './errors.ts'

const processGroups = new Set<number>()
const directories = new Set<string>()
let reaperInput: Writable | undefined

/**
 * Promises that the process group ends with this process, whether it exits, throws or is killed.
 * Call `releaseProcessGroup` once the group is gone, before its id can be given to somebody else.
 */
export function guardProcessGroup(id: number): void {
  processGroups.add(id)
  tellReaper(`watch ${id}`)
}

/** Ends the promise of `guardProcessGroup`. */
export function releaseProcessGroup(id: number): void {
  processGroups.delete(id)
  tellReaper(`release ${id}`)
}

/** Promises that the directory is removed when this process ends, whether it exits, throws or is killed. */
export function guardDirectory(path: string): void {
  directories.add(path)
  tellReaper(`directory ${path}`)
}

/** A signal by which programs are asked to end in an orderly way. */
export type StopSignal = 'SIGTERM' | 'SIGINT'

/** Signals by which programs stand still, and go on, whether they like it or not. */
export type PauseSignal = 'SIGSTOP' | 'SIGCONT'

/** Signals a process group; one that is already gone is no error. */
export function killProcessGroup(id: number, signal: StopSignal | PauseSignal | 'SIGKILL'): void {
  try {
    process.kill(-id, signal)
  } catch (error) {
    // Some systems say EPERM of a group whose members have ended and are not yet collected.
    if (!hasCode(error, 'ESRCH') && !hasCode(error, 'EPERM')) throw error
  }
}

function tellReaper(line: string): void {
  reaperInput ??= startReaper()
  reaperInput.write(`${line}\n`)
}

/** A signal that nobody handles ends Node without an `exit` event, and SIGKILL always does: hence a second process. */
function startReaper(): Writable {
  process.once('exit', cleanUpNow)
  const reaper = spawn('/bin/sh', [join(import.meta.dirname, 'reaper.sh')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  // Without a reaper (no /bin/sh) the exit handler is what remains.
  reaper.on('error', () => {})
  reaper.stdin.on('error', () => {})
  // A pipe, which must not keep this process running.
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  return reaper.stdin
}

function cleanUpNow(): void {
  for (const id of processGroups) killProcessGroup(id, 'SIGKILL')
  for (const directory of directories) {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
