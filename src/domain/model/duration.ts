const milliseconds = {
  ns: 1e-6,
  us: 1e-3,
  µs: 1e-3,
  μs: 1e-3,
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
} as const

/** Go's syntax: `24h`, `1h30m`, `1.5s`. The longest unit is the hour. */
const syntax = /^(?:(?:\d+(?:\.\d*)?|\.\d+)(?:ns|us|µs|μs|ms|s|m|h))+$/u
const parts = /(\d+(?:\.\d*)?|\.\d+)(ns|us|µs|μs|ms|s|m|h)/gu

/**
 * Milliseconds of a duration as Go and Kubernetes write it; undefined if it is none. A plain `0` is one. A negative duration
 * is none here: nothing lasts less than no time.
 */
export function parseDuration(text: string): number | undefined {
  if (text === '0') return 0
  if (!syntax.test(text)) return undefined
  return [...text.matchAll(parts)].reduce((sum, [, number, unit]) => sum + Number(number) * factorOf(unit), 0)
}

function factorOf(unit: string | undefined): number {
  return Object.entries(milliseconds).find(([name]) => name === unit)?.[1] ?? 0
}
