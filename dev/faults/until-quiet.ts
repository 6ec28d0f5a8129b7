import { setTimeout as delay } from 'node:timers/promises'
import { timeoutError } from '../../test/support/evidence.ts'
import type { Run } from './invariants/observations.ts'
import type { Recorder } from './recorder.ts'

export interface QuietOptions {
  /** Milliseconds in which no Cluster, claim or address has changed; 3 s if absent. */
  readonly stillForMs?: number
  /** Milliseconds after which waiting is given up; 3 minutes if absent. */
  readonly withinMs?: number
  /** Runs on another task queue do not move by themselves, and are not waited for; absent: all are. */
  readonly taskQueue?: string
}

const pollMs = 200

/**
 * Resolves when nothing moves: all watches are open, nothing has changed for a while, and every run of a Cluster that
 * was ever seen is over or waits for its next attempt after a failure. No event tells that, so it is asked again and
 * again; while API server or Temporal cannot be asked, it is not quiet.
 *
 * @throws Error that says what still moved, with the evidence
 */
export async function untilQuiet(recorder: Recorder, options: QuietOptions = {}): Promise<void> {
  const { stillForMs = 3_000, withinMs = 180_000, taskQueue } = options
  const deadline = Date.now() + withinMs
  const begun = Date.now()
  for (;;) {
    const moving = await whatMoves(recorder, { stillForMs, begun, taskQueue })
    if (moving === undefined) return
    if (Date.now() > deadline) throw await timeoutError(`quiet: ${moving}`)
    await delay(pollMs)
  }
}

async function whatMoves(
  recorder: Recorder,
  options: {
    readonly stillForMs: number
    readonly begun: number
    readonly taskQueue: string | undefined
  },
): Promise<string | undefined> {
  if (!recorder.isWatching()) return 'a watch is not open'
  const seen = recorder.sightings()
  const changedAt = seen.at(-1)?.at ?? options.begun
  const stillFor = Date.now() - changedAt
  if (stillFor < options.stillForMs) return `something changed ${stillFor} ms ago`
  try {
    for (const [key, run] of await recorder.runs()) {
      if (run.taskQueue !== (options.taskQueue ?? run.taskQueue)) continue
      const movement = movementOf(run)
      if (movement !== undefined) {
        return `the run of Cluster ${key} on task queue ${run.taskQueue} ${movement}`
      }
    }
  } catch (error) {
    return `Temporal cannot be asked: ${error instanceof Error ? error.message : String(error)}`
  }
  return recorder.sightings().length === seen.length ? undefined : 'something changed just now'
}

function movementOf(run: Run): string | undefined {
  if (run.status !== 'RUNNING') return undefined
  if (run.isDeciding || run.pendingActivities.length === 0) return 'is between two steps'
  for (const { type, isRunning, failureType, failureMessage } of run.pendingActivities) {
    if (isRunning) return `is in ${type}`
    if (failureType === '' && failureMessage === '') return `is about to begin ${type}`
  }
  return undefined
}
