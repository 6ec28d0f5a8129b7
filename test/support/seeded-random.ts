import { randomInt } from 'node:crypto'

/** Random choices that can be had again by their seed. */
export interface SeededRandom {
  readonly seed: number
  /** A whole number from 0 to less than the bound. */
  below(bound: number): number
  shuffled<T>(items: readonly T[]): readonly T[]
}

/** Starts a sequence of choices and prints its seed; the environment variable TEST_SEED brings one back. */
export function seededRandom(purpose: string): SeededRandom {
  const seed = Number(process.env['TEST_SEED'] ?? randomInt(2 ** 31))
  process.stderr.write(`${purpose}: TEST_SEED=${seed}\n`)
  // mulberry32: small, and even enough to choose by.
  let state = seed
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32
  }
  const below = (bound: number): number => Math.floor(next() * bound)
  return {
    seed,
    below,
    shuffled: (items) => {
      const rest = [...items]
      return items.flatMap(() => rest.splice(below(rest.length), 1))
    },
  }
}
