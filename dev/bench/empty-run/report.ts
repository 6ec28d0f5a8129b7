import { arrayOf, objectOf } from '../../../src/domain/model/decode.ts'

/** What the program prints. */
export interface EmptyRunReport {
  /** One after the other: milliseconds from the request that starts a run until its local activity begins. */
  readonly untilActivity: readonly number[]
  /** CPU of the program for each run, `count` at once, in milliseconds, by round. */
  readonly cpu: readonly number[]
  /** The same, of Temporal. */
  readonly temporalCpu: readonly number[]
}

/** @param line JSON, as the program prints it */
export function decodeEmptyRunReport(line: string): EmptyRunReport {
  const { untilActivity, cpu, temporalCpu } = objectOf(JSON.parse(line))
  return { untilActivity: numbers(untilActivity), cpu: numbers(cpu), temporalCpu: numbers(temporalCpu) }
}

function numbers(value: unknown): readonly number[] {
  return arrayOf(value).map(Number)
}
