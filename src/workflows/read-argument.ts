import { ApplicationFailure } from '@temporalio/workflow'
import { invalidInput } from './contract.ts'
import { messageOf } from '../domain/quote.ts'

/** Reads the argument of a run. @throws ApplicationFailure `InvalidInput`, which fails the run at once */
export function readArgument<T>(parse: () => T): T {
  try {
    return parse()
  } catch (error) {
    const refusal = ApplicationFailure.nonRetryable(messageOf(error), invalidInput)
    // It would show our code instead of the message.
    refusal.stack = ''
    throw refusal
  }
}
