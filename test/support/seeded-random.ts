import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** A random number generator that a seed makes repeatable. */
export interface SeededRandom {
  readonly seed: number
  /** An integer from 0 to `bound` - 1. */
  below(bound: number): number
  pick<T>(items: readonly [T, ...T[]]): T
  shuffled<T>(items: readonly T[]): readonly T[]
}

const seedVariable = 'TEST_SEED'

/** The seed in TEST_SEED, or a new one; printed, so that a failure can be repeated. */
function chosenSeed(purpose: string): number {
  const seed = Number(process.env[seedVariable] ?? randomInt(2 ** 31))
  process.stderr.write(`${purpose}: ${seedVariable}=${seed}\n`)
  return seed
}

export function seededRandom(purpose: string, seed = chosenSeed(purpose)): SeededRandom {
  const generator = xoroshiro128plus(seed)
  const below = (bound: number): number => uniformInt(generator, 0, bound - 1)
  return {
    seed,
    below,
    pick: (items) => items[below(items.length)] ?? items[0],
    shuffled: (items) => {
      const rest = [...items]
      return items.flatMap(() => rest.splice(below(rest.length), 1))
    },
  }
}

/** Half of what a pair of UTF-16 code units is made of: no character of its own. */
const surrogates = { first: 0xd800, last: 0xdfff }
const lastCodePoint = 0x10ffff

/** Text of any characters. fast-check's own unit `binary` builds a table of all of them first, for half a second. */
export const anyText = fc.string({
  unit: fc
    .oneof(
      fc.integer({ min: 0, max: surrogates.first - 1 }),
      fc.integer({ min: surrogates.last + 1, max: lastCodePoint }),
    )
    .map((codePoint) => String.fromCodePoint(codePoint)),
})

/** Checks a property for many random values. */
export function holdsForAll<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { seed: chosenSeed('property'), numRuns: 300 })
}

/** Checks an asynchronous property. */
export async function holdsForAllAsync<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, property), { seed: chosenSeed('property'), numRuns: 300 })
}
