import { expect, it } from '@jest/globals'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { faultKinds } from './suite/fault-kinds.ts'
import { shortProfile } from './suite/profile.ts'
import { shortPlan } from './suite/plan.ts'
import { describeViolation } from './suite/report.ts'
import { runFaults } from './suite/run.ts'

const longestMs = 30 * 60_000

it(
  'every kind of fault leaves all invariants in force',
  async () => {
    const random = seededRandom('faults')
    const report = await runFaults({
      ...{ seed: random.seed, minutes: longestMs / 60_000, profile: shortProfile, withCore: false },
      plans: shortPlan(random, shortProfile),
      progress: (line) => void process.stderr.write(`${line}\n`),
      signal: new AbortController().signal,
    })
    expect(report.violations.map(describeViolation)).toEqual([])
    expect(Object.keys(report.faults).toSorted()).toEqual(faultKinds.map(({ name }) => name).toSorted())
    expect(report.clusters).toBeGreaterThan(0)
    expect(report.allocations).toBeGreaterThan(0)
  },
  longestMs,
)
