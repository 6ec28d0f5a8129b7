import { globSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '../..')

/**
 * All tests of decisions in one suite. Mutation testing runs them once for each of many hundred mutants,
 * and a suite of its own for each file costs several times what its tests do.
 */
for (const file of globSync(['test/domain/**/*.test.ts', 'test/watcher/reaction.test.ts'], {
  cwd: root,
}).toSorted()) {
  await import(join(root, file))
}
