/** Durations and amounts of a run: long for `npm run faults`, short among the tests. */
export interface Profile {
  /** How long a fault lasts, in milliseconds. */
  readonly outageMs: number
  /** The same for Temporal and the IPAM provider, whose absence takes longer to have an effect. */
  readonly longOutageMs: number
  readonly actionsPerRound: number
  /** Longest pause between two actions, in milliseconds. */
  readonly pauseMs: number
  readonly storm: { readonly clusters: number; readonly ms: number }
}

export const longProfile: Profile = {
  outageMs: 30_000,
  longOutageMs: 60_000,
  actionsPerRound: 40,
  pauseMs: 600,
  storm: { clusters: 100, ms: 120_000 },
}

export const shortProfile: Profile = {
  outageMs: 3_000,
  longOutageMs: 4_000,
  actionsPerRound: 14,
  pauseMs: 150,
  storm: { clusters: 25, ms: 20_000 },
}
