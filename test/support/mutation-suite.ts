import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** The suites of what stryker.config.js mutates. */
const suites = [
  'test/unit/domain/**/*.test.ts',
  'test/unit/commands/doctor/checks/*.test.ts',
  'test/unit/commands/plan/role-plan.test.ts',
  'test/unit/commands/pools/forecast.test.ts',
  'test/unit/commands/run/inventory/*.test.ts',
  'test/unit/commands/status/problems.test.ts',
  'test/unit/watcher/allocation-triggers.test.ts',
]

/**
 * All tests of decisions in one suite. Mutation testing runs them once for each of many hundred mutants,
 * and a suite of its own for each file costs several times what its tests do.
 */
for (const file of globSync(suites, {
  cwd: root,
}).toSorted()) {
  await import(join(root, file))
}
