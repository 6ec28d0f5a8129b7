import { setTimeout as delay } from 'node:timers/promises'
import { timeoutError } from '../../test/support/evidence.ts'
import type { Run } from './invariants/observations.ts'
import type { Recorder } from './recorder.ts'

export interface QuietOptions {
  /** Milliseconds without a change of any Cluster, claim or address; 3 s if absent. */
  readonly stillForMs?: number
  /** Time limit in milliseconds; 3 minutes if absent. */
  readonly withinMs?: number
  /** Ignores runs on other task queues, which make no progress; if absent, waits for all. */
  readonly taskQueue?: string
}

const pollMs = 200

/**
 * Polls until nothing changes: all watches are open, no object has changed for a while, and the run of every recorded
 * Cluster is closed or waits for a retry. It is not quiet while the API server or Temporal is unavailable.
 *
 * @throws Error that names what still changes, with the evidence
 */
export async function untilQuiet(recorder: Recorder, options: QuietOptions = {}): Promise<void> {
  const { stillForMs = 3_000, withinMs = 180_000, taskQueue } = options
  const deadline = Date.now() + withinMs
  const begun = Date.now()
  for (;;) {
    const change = await whatChanges(recorder, { stillForMs, begun, taskQueue })
    if (change === undefined) return
    if (Date.now() > deadline) throw await timeoutError(`quiet: ${change}`)
    await delay(pollMs)
  }
}

async function whatChanges(
  recorder: Recorder,
  options: {
    readonly stillForMs: number
    readonly begun: number
    readonly taskQueue: string | undefined
  },
): Promise<string | undefined> {
  if (!recorder.isWatching()) return 'a watch is not open'
  const before = recorder.versions()
  const changedAt = before.at(-1)?.at ?? options.begun
  const stillFor = Date.now() - changedAt
  if (stillFor < options.stillForMs) return `something changed ${stillFor} ms ago`
  try {
    for (const [key, run] of await recorder.runs()) {
      if (run.taskQueue !== (options.taskQueue ?? run.taskQueue)) continue
      const activity = activityOf(run)
      if (activity !== undefined) {
        return `the run of Cluster ${key} on task queue ${run.taskQueue} ${activity}`
      }
    }
  } catch (error) {
    return `Temporal is unavailable: ${error instanceof Error ? error.message : String(error)}`
  }
  return recorder.versions().length === before.length ? undefined : 'something changed just now'
}

function activityOf(run: Run): string | undefined {
  if (run.status !== 'RUNNING') return undefined
  if (run.isDeciding || run.pendingActivities.length === 0) return 'is between two steps'
  for (const { type, isRunning, failureType, failureMessage } of run.pendingActivities) {
    if (isRunning) return `is in ${type}`
    if (failureType === '' && failureMessage === '') return `is about to begin ${type}`
  }
  return undefined
}
