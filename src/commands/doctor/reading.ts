import type { Reading } from './checks/check-result.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import { describeError } from '../temporal/config.ts'

/** What a request answers, or in words why it did not. */
export async function readingOf<T>(request: Promise<T>): Promise<Reading<T>> {
  try {
    return { read: await request }
  } catch (error) {
    // What a KubernetesError says holds the words of its cause.
    return { unread: isKubernetesError(error) ? error.message : describeError(error) }
  }
}
