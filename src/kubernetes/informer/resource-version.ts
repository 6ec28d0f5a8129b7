/** How far an informer is synced. All custom resources of an API server share one sequence of resourceVersions. */
export interface SyncPosition {
  /** The informer has every change up to this one; undefined if that is not certain. */
  readonly lastSyncResourceVersion: bigint | undefined
  /** Of the last list. Objects may have come and gone unseen between it and the watch before it. */
  readonly listResourceVersion: bigint | undefined
}

/** A resourceVersion as a comparable number, which Kubernetes guarantees since 1.35 and did before; undefined if it is none. */
export function versionNumber(resourceVersion = ''): bigint | undefined {
  return /^\d+$/.test(resourceVersion) ? BigInt(resourceVersion) : undefined
}

/** The position that holds for all of several reflectors of one kind. */
export function combinePositions(parts: readonly SyncPosition[]): SyncPosition {
  return {
    lastSyncResourceVersion: extreme(
      parts.map((part) => part.lastSyncResourceVersion),
      (a, b) => a < b,
    ),
    listResourceVersion: extreme(
      parts.map((part) => part.listResourceVersion),
      (a, b) => a > b,
    ),
  }
}

function extreme(
  versions: readonly (bigint | undefined)[],
  isBetter: (a: bigint, b: bigint) => boolean,
): bigint | undefined {
  const present = versions.filter((version) => version !== undefined)
  if (present.length < versions.length) return undefined
  return present.reduce<bigint | undefined>((a, b) => (a === undefined || isBetter(b, a) ? b : a), undefined)
}
