/** A bounded number of things at once. */
export interface Slots {
  /** Runs something in a slot of its own, as soon as there is one. */
  during<T>(what: () => Promise<T>): Promise<T>
  areFree(): boolean
}

/** @param onFree called when a slot is free again that nobody waits for */
export function createSlots(count: number, onFree: () => void): Slots {
  const queue: (() => void)[] = []
  let taken = 0
  const free = (): void => {
    const next = queue.shift()
    if (next !== undefined) return next()
    taken -= 1
    onFree()
  }
  return {
    async during(what) {
      if (taken < count) taken += 1
      else await new Promise<void>((resolve) => queue.push(resolve))
      try {
        return await what()
      } finally {
        free()
      }
    },
    areFree: () => taken < count,
  }
}
