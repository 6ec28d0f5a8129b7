/**
 * The search attributes that make allocations findable in Temporal, with their types in the SDK's words. All of them
 * are optional: a run sets those that are registered.
 */
export const searchAttributes = {
  /** Namespace of the Cluster. */
  VipNamespace: 'KEYWORD',
  /** Name of the Cluster. */
  VipCluster: 'KEYWORD',
  /** Where the allocation is. */
  VipPhase: 'KEYWORD',
  /** Every address the run had to do with. */
  VipAddress: 'KEYWORD_LIST',
  /** Every pool the run took an address from, as `Kind/name`. */
  VipPool: 'KEYWORD_LIST',
} as const

export type SearchAttributeName = keyof typeof searchAttributes

export const searchAttributeNames: readonly SearchAttributeName[] = [
  'VipNamespace',
  'VipCluster',
  'VipPhase',
  'VipAddress',
  'VipPool',
]

/** The type under which each is registered in a Temporal namespace, in the SDK's words; undefined: it is not. */
export type RegisteredSearchAttributes = Readonly<Record<SearchAttributeName, string | undefined>>

/** Those that are not registered. */
export function missingSearchAttributes(
  registered: RegisteredSearchAttributes,
): readonly SearchAttributeName[] {
  return searchAttributeNames.filter((name) => registered[name] === undefined)
}

/** Those that are registered with another type, which makes every run fail that sets them. */
export function mistypedSearchAttributes(
  registered: RegisteredSearchAttributes,
): readonly SearchAttributeName[] {
  return searchAttributeNames.filter(
    (name) => registered[name] !== undefined && registered[name] !== searchAttributes[name],
  )
}

/** Those that a run can set. */
export function usableSearchAttributes(
  registered: RegisteredSearchAttributes,
): readonly SearchAttributeName[] {
  return searchAttributeNames.filter((name) => registered[name] === searchAttributes[name])
}

/** A type as the `temporal` CLI writes it: `KEYWORD_LIST` is `KeywordList`. */
export function cliTypeOf(type: string): string {
  return type
    .split('_')
    .map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`)
    .join('')
}
