import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/** Unit tests of the files that stryker.config.js mutates. */
const suites = [
  'test/unit/domain/**/*.test.ts',
  'test/unit/commands/doctor/checks/*.test.ts',
  'test/unit/commands/plan/role-plan.test.ts',
  'test/unit/commands/pools/forecast.test.ts',
  'test/unit/commands/run/inventory/*.test.ts',
  'test/unit/commands/status/problems.test.ts',
  // Those that read nothing but facts; the others wait in real time.
  'test/unit/activities/{await-ip-address,cached-reads,duplicates,reporting,restoration}.test.ts',
  'test/unit/watcher/{allocation-triggers,release-triggers,watcher}.test.ts',
]

/**
 * Imports all of them as one suite. Stryker runs it once for each of many hundred mutants; starting a suite for each
 * file would take several times as long as the tests.
 */
for (const file of globSync(suites, {
  cwd: root,
}).toSorted()) {
  await import(join(root, file))
}
