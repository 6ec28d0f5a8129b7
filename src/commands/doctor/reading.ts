import type { Reading } from '../../domain/diagnosis/finding.ts'
import { describeError } from '../temporal-config.ts'

/** What a request answers, or in words why it did not. */
export async function readingOf<T>(request: Promise<T>): Promise<Reading<T>> {
  try {
    return { read: await request }
  } catch (error) {
    return { unread: describeError(error) }
  }
}
