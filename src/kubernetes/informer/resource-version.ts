/** How far a watch has heard, as resourceVersions, which all custom resources of an API server count together. */
export interface WatchPosition {
  /** Every change up to this one is known; undefined where that cannot be said. */
  readonly heard: bigint | undefined
  /** Of the last list. Between it and the watch before it, objects may have come and gone without a word. */
  readonly listed: bigint | undefined
}

/** A resourceVersion as a number to compare, which Kubernetes has since 1.35 and had in fact before; undefined: it is none. */
export function versionNumber(resourceVersion: string): bigint | undefined {
  return /^\d+$/.test(resourceVersion) ? BigInt(resourceVersion) : undefined
}

/** Of several loops over one kind: what is true of all of them. */
export function combinePositions(parts: readonly WatchPosition[]): WatchPosition {
  return {
    heard: extreme(
      parts.map(({ heard }) => heard),
      (a, b) => a < b,
    ),
    listed: extreme(
      parts.map(({ listed }) => listed),
      (a, b) => a > b,
    ),
  }
}

function extreme(
  versions: readonly (bigint | undefined)[],
  isBetter: (a: bigint, b: bigint) => boolean,
): bigint | undefined {
  const known = versions.filter((version) => version !== undefined)
  if (known.length < versions.length) return undefined
  return known.reduce<bigint | undefined>((a, b) => (a === undefined || isBetter(b, a) ? b : a), undefined)
}
