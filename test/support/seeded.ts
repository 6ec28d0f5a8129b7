import { randomInt } from 'node:crypto'
import fc from 'fast-check'

/** Checks a property with a seed that is printed, so that a failure can be had again. */
export function holdsForAll<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  const seed = Number(process.env['CAPI_VIP_ALLOCATOR_TEST_SEED'] ?? randomInt(2 ** 31))
  process.stdout.write(`CAPI_VIP_ALLOCATOR_TEST_SEED=${seed}\n`)
  fc.assert(fc.property(arbitrary, property), { seed, numRuns: 300 })
}
