import { randomInt } from 'node:crypto'
import fc from 'fast-check'
import { uniformInt } from 'pure-rand/distribution/uniformInt'
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus'

/** Random choices that can be had again by their seed. */
export interface SeededRandom {
  readonly seed: number
  /** A whole number from 0 to less than the bound. */
  below(bound: number): number
  pick<T>(items: readonly [T, ...T[]]): T
  shuffled<T>(items: readonly T[]): readonly T[]
}

const seedVariable = 'TEST_SEED'

/** A new seed, or the one in the environment variable TEST_SEED; printed, so that a failure can be had again. */
function chosenSeed(purpose: string): number {
  const seed = Number(process.env[seedVariable] ?? randomInt(2 ** 31))
  process.stderr.write(`${purpose}: ${seedVariable}=${seed}\n`)
  return seed
}

/** Starts a sequence of choices. */
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

/** Checks a property of many random values. */
export function holdsForAll<T>(arbitrary: fc.Arbitrary<T>, property: (value: T) => void): void {
  fc.assert(fc.property(arbitrary, property), { seed: chosenSeed('property'), numRuns: 300 })
}

/** The same, of a property that takes its time. */
export async function holdsForAllAsync<T>(
  arbitrary: fc.Arbitrary<T>,
  property: (value: T) => Promise<void>,
): Promise<void> {
  await fc.assert(fc.asyncProperty(arbitrary, property), { seed: chosenSeed('property'), numRuns: 300 })
}
