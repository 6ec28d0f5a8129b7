/** How much of everything: the long form of `npm run faults`, or the short one among the tests. */
export interface Form {
  readonly name: 'long' | 'short'
  /** Milliseconds that a fault takes a part away for. */
  readonly outageMs: number
  /** The same for the parts whose absence takes longer to be felt: Temporal and the provider. */
  readonly longOutageMs: number
  /** How many actions an ordinary round has. */
  readonly actions: number
  /** Longest pause between two of them, in milliseconds. */
  readonly pauseMs: number
  readonly storm: { readonly clusters: number; readonly ms: number }
}

export const longForm: Form = {
  name: 'long',
  outageMs: 30_000,
  longOutageMs: 60_000,
  actions: 40,
  pauseMs: 600,
  storm: { clusters: 100, ms: 120_000 },
}

export const shortForm: Form = {
  name: 'short',
  outageMs: 3_000,
  longOutageMs: 4_000,
  actions: 14,
  pauseMs: 150,
  storm: { clusters: 25, ms: 20_000 },
}
