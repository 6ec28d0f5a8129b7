/** The promises of the design that hold under every fault. */
export type Invariant = 'I1' | 'I2' | 'I3' | 'I4' | 'I5' | 'I6' | 'I7' | 'I8'

/** One promise that was not kept. */
export interface Violation {
  readonly invariant: Invariant
  /** Names the objects and the values. */
  readonly message: string
}
