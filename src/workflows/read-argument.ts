import { ApplicationFailure } from '@temporalio/workflow'
import { invalidInput } from './contract.ts'

/**
 * Reads the argument of a run.
 *
 * @param parse throws an error that names what is wrong
 * @throws ApplicationFailure `InvalidInput`, which fails the run at once
 */
export function readArgument<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const refusal = ApplicationFailure.nonRetryable(
      error instanceof Error ? error.message : String(error),
      invalidInput,
    )
    // It would show our code instead of the message.
    refusal.stack = ''
    throw refusal
  }
}
