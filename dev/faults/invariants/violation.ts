/** The invariants that hold under every fault. */
export const invariants = [
  ...(['I1', 'I2', 'I3', 'I4', 'I5', 'I6', 'I7', 'I8', 'I9', 'I10'] as const),
  ...(['I11', 'I12', 'I13', 'I14', 'I15'] as const),
] as const
export type Invariant = (typeof invariants)[number]

/** A case in which an invariant does not hold. */
export interface Violation {
  readonly invariant: Invariant
  /** Names the objects and values. */
  readonly message: string
}
