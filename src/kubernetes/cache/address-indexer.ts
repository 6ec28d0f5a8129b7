import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'

/** Objects by their addresses, in canonical spelling. */
export interface AddressIndexer<T extends NamespacedName> {
  readonly put: (object: T) => void
  readonly remove: (object: NamespacedName) => void
  readonly at: (address: string) => readonly T[]
}

export function createAddressIndexer<T extends NamespacedName>(
  addressesOf: (object: T) => readonly string[],
): AddressIndexer<T> {
  const byAddress = new Map<string, Map<string, T>>()
  const addressesByKey = new Map<string, readonly string[]>()

  const remove = (object: NamespacedName): void => {
    const key = formatKey(object)
    for (const address of addressesByKey.get(key) ?? []) {
      const objects = byAddress.get(address)
      objects?.delete(key)
      if (objects?.size === 0) byAddress.delete(address)
    }
    addressesByKey.delete(key)
  }

  return {
    put(object) {
      remove(object)
      const key = formatKey(object)
      const addresses = addressesOf(object)
      if (addresses.length > 0) addressesByKey.set(key, addresses)
      for (const address of addresses) {
        const objects = byAddress.get(address) ?? new Map<string, T>()
        byAddress.set(address, objects.set(key, object))
      }
    },
    remove,
    at: (address) => [...(byAddress.get(address)?.values() ?? [])],
  }
}
