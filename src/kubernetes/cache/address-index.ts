import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'

/** Objects by the addresses they have. */
export interface AddressIndex<T extends NamespacedName> {
  /** Takes in an object that is new or has changed. */
  put(object: T): void
  drop(object: NamespacedName): void
  /** @param address in canonical spelling */
  at(address: string): readonly T[]
}

/** @param addressesOf in canonical spelling */
export function createAddressIndexer<T extends NamespacedName>(
  addressesOf: (object: T) => readonly string[],
): AddressIndex<T> {
  const byAddress = new Map<string, Map<string, T>>()
  const addresses = new Map<string, readonly string[]>()

  const drop = (object: NamespacedName): void => {
    const key = formatKey(object)
    for (const address of addresses.get(key) ?? []) {
      const there = byAddress.get(address)
      there?.delete(key)
      if (there?.size === 0) byAddress.delete(address)
    }
    addresses.delete(key)
  }

  return {
    put(object) {
      drop(object)
      const key = formatKey(object)
      const its = addressesOf(object)
      if (its.length > 0) addresses.set(key, its)
      for (const address of its) {
        const there = byAddress.get(address) ?? new Map<string, T>()
        byAddress.set(address, there.set(key, object))
      }
    },
    drop,
    at: (address) => [...(byAddress.get(address)?.values() ?? [])],
  }
}
