import { isKubernetesError } from '../../kubernetes/errors.ts'
import { describeError } from '../temporal/config.ts'
import type { Reading } from './checks/check-result.ts'

/** The answer to a request, or the reason why there is none. */
export async function readingOf<T>(request: Promise<T>): Promise<Reading<T>> {
  try {
    return { read: await request }
  } catch (error) {
    // The message of a KubernetesError includes its cause.
    return { unread: isKubernetesError(error) ? error.message : describeError(error) }
  }
}
