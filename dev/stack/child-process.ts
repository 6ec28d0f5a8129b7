import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { closeSync, openSync, readFileSync } from 'node:fs'
import { setTimeout as delay } from 'node:timers/promises'

import { guardProcessGroup, killProcessGroup, releaseProcessGroup, type StopSignal } from './cleanup.ts'
import { formatDuration } from './progress.ts'
import type { UserAccount } from './run-command.ts'

const defaultGraceMs = 10_000
const readinessIntervalMs = 50
const shownLogLines = 20

/** A program to run; `env` is added to this process's environment. */
export interface ChildOptions {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly cwd?: string
  /** User to run as; that of this process if absent. */
  readonly account?: UserAccount
  /** Signal that asks for a graceful exit; SIGTERM if absent. */
  readonly stopSignal?: StopSignal
  /** File to which standard output and standard error are appended. */
  readonly logPath: string
}

/** A running program. All methods are idempotent and may be called after its end. */
export interface Child {
  readonly name: string
  readonly pid: number
  readonly logPath: string
  /** Resolves when the program has ended, with `exit code 1` or `signal SIGKILL`. Never rejects. */
  readonly ended: Promise<string>
  /** How the program ended; undefined while it runs. */
  readonly outcome: () => string | undefined
  /** Sends the stop signal, kills the program after `graceMs` milliseconds, and waits until it has ended. */
  readonly stop: (graceMs?: number) => Promise<void>
  /** Kills the program (SIGKILL) and waits until it has ended. */
  readonly kill: () => Promise<void>
}

/**
 * Starts a program in its own process group, so that Ctrl-C in a terminal does not reach it and it can be stopped in
 * order. It never outlives this process.
 *
 * @throws Error if it cannot be started, for example because the file is missing
 */
export async function startChild(options: ChildOptions): Promise<Child> {
  const log = openSync(options.logPath, 'a')
  const child = spawn(options.command, options.args, {
    detached: true,
    stdio: ['ignore', log, log],
    env: { ...process.env, ...options.env },
    ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
    ...options.account,
  })
  closeSync(log)

  try {
    await once(child, 'spawn')
  } catch (cause) {
    throw new Error(`${options.name} could not be started from ${options.command}`, { cause })
  }
  const { pid } = child
  if (pid === undefined) throw new Error(`${options.name} was started without a process id`)
  guardProcessGroup(pid)

  let outcome: string | undefined
  const ended = new Promise<string>((resolve) => {
    child.once('exit', (code, signal) => {
      releaseProcessGroup(pid)
      outcome = signal === null ? `exit code ${code}` : `signal ${signal}`
      resolve(outcome)
    })
  })
  const kill = async (): Promise<void> => {
    if (outcome === undefined) killProcessGroup(pid, 'SIGKILL')
    await ended
  }
  const stop = async (graceMs = defaultGraceMs): Promise<void> => {
    if (outcome !== undefined) return
    killProcessGroup(pid, options.stopSignal ?? 'SIGTERM')
    const timer = setTimeout(() => killProcessGroup(pid, 'SIGKILL'), graceMs)
    await ended
    clearTimeout(timer)
  }
  return { name: options.name, pid, logPath: options.logPath, ended, outcome: () => outcome, stop, kill }
}

/**
 * Waits until `isReady` resolves with true; a rejection means "not yet".
 *
 * @throws Error with the end of the program's log if it ends first, or is not ready within `timeoutMs` milliseconds
 */
export async function waitUntilReady(
  child: Child,
  isReady: () => Promise<boolean>,
  timeoutMs: number,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let lastError: unknown
  while (child.outcome() === undefined && performance.now() < deadline) {
    try {
      if (await isReady()) return
    } catch (error) {
      lastError = error
    }
    await Promise.race([delay(readinessIntervalMs), child.ended])
  }
  const outcome = child.outcome()
  const what =
    outcome === undefined
      ? `was not ready within ${formatDuration(timeoutMs)}`
      : `ended with ${outcome} before it was ready`
  throw new Error(`${child.name} ${what}. The end of its log:\n${logTail(child.logPath)}`, {
    cause: lastError,
  })
}

/** The last lines of a log file, indented. */
export function logTail(logPath: string): string {
  const lines = readFileSync(logPath, 'utf8').trimEnd().split('\n').slice(-shownLogLines)
  return lines.map((line) => `  ${line}`).join('\n')
}
