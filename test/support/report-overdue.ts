import { afterEach, beforeEach, expect } from '@jest/globals'
import { gatherEvidence } from './evidence.ts'

/** Later than the time limit of every wait, and before jest's. */
const overdueAfterMs = 210_000

/** The fault suite has its own time limit and evidence. */
const hasOwnLimit = /\/dev\/faults\/faults\.test\.ts$/

let overdue: NodeJS.Timeout | undefined

beforeEach(() => {
  const { currentTestName = '', testPath = '' } = expect.getState()
  if (hasOwnLimit.test(testPath)) return
  overdue = setTimeout(() => void report(currentTestName), overdueAfterMs).unref()
})

afterEach(() => clearTimeout(overdue))

/** Prints evidence for a test whose wait has no time limit, such as that for a run's result or a program's end. */
async function report(test: string): Promise<void> {
  const evidence = await gatherEvidence(test)
  process.stderr.write(`still under way after ${overdueAfterMs / 1000} s: ${test}\n\n${evidence}\n`)
}
