/** The search attributes of allocations in Temporal, with the SDK's names of their types. A run sets those that are registered. */
export const searchAttributes = {
  /** Namespace of the Cluster. */
  VipNamespace: 'KEYWORD',
  /** Name of the Cluster. */
  VipCluster: 'KEYWORD',
  /** The reason why the allocation waits or ended; else its step. */
  VipPhase: 'KEYWORD',
  /** The Cluster's VIPs. */
  VipAddress: 'KEYWORD_LIST',
  /** The pools they come from, as `Kind/name`. */
  VipPool: 'KEYWORD_LIST',
  /** The name of the management cluster, if `--management-cluster` gives it one. */
  VipManagementCluster: 'KEYWORD',
} as const

export type SearchAttributeName = keyof typeof searchAttributes

export const searchAttributeNames: readonly SearchAttributeName[] = Object.keys(searchAttributes).filter(
  (name): name is SearchAttributeName => Object.hasOwn(searchAttributes, name),
)

/** The type of each that is registered in a Temporal namespace, by the SDK's name. */
export type RegisteredTypes = Readonly<Partial<Record<SearchAttributeName, string | undefined>>>

export function missingSearchAttributes(registered: RegisteredTypes): readonly SearchAttributeName[] {
  return searchAttributeNames.filter((name) => registered[name] === undefined)
}

/** Those that are registered with another type: a run that sets one fails. */
export function mistypedSearchAttributes(registered: RegisteredTypes): readonly SearchAttributeName[] {
  return searchAttributeNames.filter(
    (name) => registered[name] !== undefined && registered[name] !== searchAttributes[name],
  )
}

export function usableSearchAttributes(registered: RegisteredTypes): readonly SearchAttributeName[] {
  return searchAttributeNames.filter((name) => registered[name] === searchAttributes[name])
}

/** The `temporal` CLI's name of a type: `KeywordList` for `KEYWORD_LIST`. */
export function cliTypeOf(type: string): string {
  return type
    .split('_')
    .map((word) => `${word.slice(0, 1)}${word.slice(1).toLowerCase()}`)
    .join('')
}
