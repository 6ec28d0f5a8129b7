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
 * Makes the process group end with this process, whether it exits, throws or is killed. Call `releaseProcessGroup`
 * once the group has ended, before the system reuses its id.
 */
export function guardProcessGroup(id: number): void {
  processGroups.add(id)
  notifyReaper(`watch ${id}`)
}

/** Undoes `guardProcessGroup`. */
export function releaseProcessGroup(id: number): void {
  processGroups.delete(id)
  notifyReaper(`release ${id}`)
}

/** Removes the directory when this process ends, whether it exits, throws or is killed. */
export function guardDirectory(path: string): void {
  directories.add(path)
  notifyReaper(`directory ${path}`)
}

/** Signals that ask for a graceful exit. */
export type StopSignal = 'SIGTERM' | 'SIGINT'

/** Signals that stop and continue a program. */
export type PauseSignal = 'SIGSTOP' | 'SIGCONT'

/** Signals a process group; does nothing if it has ended. */
export function killProcessGroup(id: number, signal: StopSignal | PauseSignal | 'SIGKILL'): void {
  try {
    process.kill(-id, signal)
  } catch (error) {
    // Some systems report EPERM for a group of zombies.
    if (!hasCode(error, 'ESRCH') && !hasCode(error, 'EPERM')) throw error
  }
}

function notifyReaper(line: string): void {
  reaperInput ??= startReaper()
  reaperInput.write(`${line}\n`)
}

/** An unhandled signal ends Node without an `exit` event, and so does SIGKILL: the cleanup needs a second process. */
function startReaper(): Writable {
  process.once('exit', cleanUpNow)
  const reaper = spawn('/bin/sh', [join(import.meta.dirname, 'reaper.sh')], {
    detached: true,
    stdio: ['pipe', 'ignore', 'ignore'],
  })
  reaper.unref()
  // Without /bin/sh, only the exit handler cleans up.
  reaper.on('error', () => {})
  reaper.stdin.on('error', () => {})
  // The pipe must not keep this process running.
  if (reaper.stdin instanceof Socket) reaper.stdin.unref()
  return reaper.stdin
}

function cleanUpNow(): void {
  for (const id of processGroups) killProcessGroup(id, 'SIGKILL')
  for (const directory of directories) {
    rmSync(directory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
  }
}
