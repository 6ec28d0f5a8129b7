import { afterEach, beforeEach, expect } from '@jest/globals'
import { gatherEvidence } from './evidence.ts'

/** Milliseconds; later than any wait that gives up by itself, and in time before jest gives up the test. */
const overdueAfterMs = 210_000

/** Takes as long as it is told to, and keeps evidence of its own. */
const hasTime = /\/dev\/faults\/faults\.test\.ts$/

let overdue: NodeJS.Timeout | undefined

beforeEach(() => {
  const { currentTestName = '', testPath = '' } = expect.getState()
  if (hasTime.test(testPath)) return
  overdue = setTimeout(() => void tell(currentTestName), overdueAfterMs).unref()
})

afterEach(() => clearTimeout(overdue))

/** A test that waits for what has no limit, a run's result or a program's end, is told of before jest gives it up. */
async function tell(test: string): Promise<void> {
  const evidence = await gatherEvidence(test)
  process.stderr.write(`still under way after ${overdueAfterMs / 1000} s: ${test}\n\n${evidence}\n`)
}
