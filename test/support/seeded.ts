/** Random choices that can be repeated: the same seed makes the same ones. */
export interface Seeded {
  readonly seed: number
  /** An integer from 0 to `below` - 1. */
  integer(below: number): number
  /** One of the values. */
  pick<T>(values: readonly [T, ...T[]]): T
}

/** @param variable environment variable that holds the seed of a run to repeat; the seed is printed */
export function seeded(variable = 'TEST_SEED'): Seeded {
  const given = Number(process.env[variable])
  const seed = given > 0 ? given : Math.floor(Math.random() * 2 ** 31) + 1
  process.stderr.write(`random choices with ${variable}=${seed}\n`)
  let state = seed
  // xorshift32
  const next = (): number => {
    state ^= state << 13
    state ^= state >>> 17
    state ^= state << 5
    return state >>> 0
  }
  const integer = (below: number): number => next() % below
  return { seed, integer, pick: (values) => values[integer(values.length)] ?? values[0] }
}
