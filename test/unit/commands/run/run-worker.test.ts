import { describe, expect, it } from '@jest/globals'
import { runWorker, type WorkerRun } from '../../../../src/commands/run/run-worker.ts'
import { silentLog } from '../../../support/silent-log.ts'

/** The reported death of a Worker that runs and ends like this. */
async function deathOf(
  run: () => Promise<void>,
  state: ReturnType<WorkerRun['worker']['getState']>,
  stop: AbortSignal = new AbortController().signal,
): Promise<readonly string[]> {
  const deaths: string[] = []
  // A timer of the program's own keeps nobody alive.
  const alive = setInterval(() => undefined, 1_000)
  await runWorker({
    worker: { run, getState: () => state },
    log: silentLog,
    stop,
    onDeath: (error) => deaths.push(error),
    checkMs: 1,
  })
  clearInterval(alive)
  return deaths
}

const ends = async (): Promise<void> => undefined
const fails = async (): Promise<void> => {
  throw new Error('the namespace is gone')
}
const hangs = (): Promise<void> => new Promise(() => undefined)

describe('a Worker', () => {
  it.each([
    ['that fails', fails, 'FAILED', 'the namespace is gone'],
    ['that ends though nobody has asked it to', ends, 'STOPPED', 'it ended by itself'],
    ['that has failed and does not end', hangs, 'FAILED', 'it has failed, and does not end'],
  ] as const)('%s has died', async (_, run, state, expected) => {
    expect(await deathOf(run, state)).toEqual([expected])
  })

  it.each([
    ['ends', ends, 'STOPPED'],
    ['fails', fails, 'FAILED'],
    ['does not end', hangs, 'FAILED'],
  ] as const)('that was asked to stop and %s has stopped', async (_, run, state) => {
    expect(await deathOf(run, state, AbortSignal.abort())).toEqual([])
  })
})
