import { messageOf } from './errors.ts'

/**
 * Ends what was opened, newest first, and each even where another could not be ended: what is left running outlives the
 * program that started it.
 *
 * @param closers oldest first; emptied, so that nothing is ended twice
 * @throws AggregateError of what could not be ended, with what each said
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
