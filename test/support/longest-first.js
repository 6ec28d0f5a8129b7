import Sequencer from '@jest/test-sequencer'

/**
 * The suites that take longest, in that order. Jest knows durations only of suites that have run here before: in a fresh
 * clone it goes by the size of the file, and would start some of these last.
 */
const longest = [
  'dev/faults/faults.test.ts',
  'test/e2e/available.test.ts',
  'test/e2e/recovery.test.ts',
  'test/e2e/troubleshooting-pools.test.ts',
  'test/e2e/troubleshooting-refusals.test.ts',
  'test/e2e/troubleshooting-runs.test.ts',
  'test/e2e/task-queues.test.ts',
  'test/e2e/outage.test.ts',
  'test/e2e/move.test.ts',
  'test/e2e/hostile-input.test.ts',
  'test/e2e/release.test.ts',
]

const { sort: sortByDurationOrSize } = Sequencer.prototype

/** Starts the longest suites first, so that no worker is idle at the end. */
export default class LongestFirst extends Sequencer {
  sort(tests) {
    const rank = ({ path }) => {
      const index = longest.findIndex((suite) => path.endsWith(`/${suite}`))
      return index < 0 ? longest.length : index
    }
    return sortByDurationOrSize.call(this, tests).toSorted((a, b) => rank(a) - rank(b))
  }
}
