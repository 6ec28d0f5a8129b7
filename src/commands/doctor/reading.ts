import { isKubernetesError } from '../../kubernetes/errors.ts'
import { describeError } from '../temporal/config.ts'
import { isUnreachable } from '../temporal/with-temporal.ts'
import type { Reading } from './checks/check-result.ts'

/** The answer to a request, or the reason why there is none. */
export async function readingOf<T>(request: Promise<T>): Promise<Reading<T>> {
  try {
    return { read: await request }
  } catch (error) {
    // The message of a KubernetesError includes its cause.
    if (isKubernetesError(error)) return { unread: error.message }
    return { unread: describeError(error), ...(isUnreachable(error) && { noAnswer: true }) }
  }
}
