import { setTimeout as delay } from 'node:timers/promises'
import type { Worker } from '@temporalio/worker'
import type { Log } from '../../observability/log.ts'
import { messageOf } from '../../domain/quote.ts'

export interface WorkerRun {
  readonly worker: Pick<Worker, 'run' | 'getState'>
  readonly log: Pick<Log, 'warn' | 'error'>
  /** Aborted when the program has been asked to stop. */
  readonly stop: AbortSignal
  /** Called with a message if the Worker ends without being asked to. */
  readonly onDeath: (error: string) => void
  /** Milliseconds between checks of its state. */
  readonly checkMs?: number
}

/**
 * Runs a Worker until it ends. Never rejects: a Worker that was asked to stop counts as stopped even if some activity
 * does not end, such as one whose request is never answered; any other end counts as its death.
 */
export async function runWorker({ worker, log, stop, onDeath, checkMs = 2_000 }: WorkerRun): Promise<void> {
  const died = (error: string): void => {
    log.error('The Worker has died; ending, so that it is started anew', { error })
    onDeath(error)
  }
  const over = new AbortController()
  try {
    const how = await Promise.race([
      worker.run().then(() => 'it ended by itself'),
      untilStuck(worker, checkMs, over.signal),
    ])
    if (!stop.aborted) died(how)
  } catch (failure) {
    const error = messageOf(failure)
    if (!stop.aborted) died(error)
    else log.warn('What was running did not end in time; Temporal gives it to another Worker', { error })
  } finally {
    over.abort()
  }
}

/** Resolves if the Worker has failed and hangs: after its namespace was deleted, it waits for ever for its core. */
async function untilStuck(worker: WorkerRun['worker'], checkMs: number, over: AbortSignal): Promise<string> {
  for (let failures = 0; failures < 2; failures = worker.getState() === 'FAILED' ? failures + 1 : 0) {
    await delay(checkMs, undefined, { signal: over, ref: false }).catch(() => undefined)
    if (over.aborted) break
  }
  return 'it has failed, and does not end'
}
