/** The invariants that hold under every fault. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8' | 'I9' | 'I10' | 'I11' | 'I12'

/** A case in which an invariant does not hold. */
export interface Violation {
  readonly invariant: Invariant
  /** Names the objects and values. */
  readonly message: string
}
