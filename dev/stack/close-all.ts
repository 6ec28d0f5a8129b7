import { messageOf } from './errors.ts'

/**
 * Calls all closers, newest first, and continues after a failure, because anything left running would outlive this
 * program.
 *
 * @param closers oldest first; emptied, so that none is called twice
 * @throws AggregateError of all failures
 */
export async function closeAll(closers: (() => unknown)[]): Promise<void> {
  const failures: unknown[] = []
  for (const close of closers.splice(0).toReversed()) {
    try {
      await close()
    } catch (failure) {
      failures.push(failure)
    }
  }
  if (failures.length === 0) return
  throw new AggregateError(failures, `could not be ended: ${failures.map(messageOf).join('; ')}`)
}
