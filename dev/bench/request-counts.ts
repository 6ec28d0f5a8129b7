import type { RecordedRequest } from '../api-proxy/request-record.ts'

/** Requests by verb and resource, for example `get clusters`, most frequent first. */
export type RequestCounts = readonly (readonly [kind: string, count: number])[]

export function countByKind(requests: readonly RecordedRequest[]): RequestCounts {
  const counts = new Map<string, number>()
  for (const { verb, resource, name } of requests) {
    const kind = `${verb} ${resource === '' ? `(discovery) ${name}`.trim() : resource}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b))
}

/** Leaves out watches, which are renewed independently of allocations. */
export function withoutWatches(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.filter(({ verb }) => verb !== 'watch')
}

/** Lists of kinds with at least one object for each Cluster: their cost grows with the number of Clusters. */
export function growingLists(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.filter(
    ({ verb, resource }) =>
      verb === 'list' && ['clusters', 'ipaddresses', 'ipaddressclaims'].includes(resource),
  )
}

/** Successful writes of a Cluster's spec and metadata; its status is another resource. */
export function clusterWrites(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.filter(
    ({ verb, resource, code }) =>
      ['patch', 'update'].includes(verb) && resource === 'clusters' && code >= 200 && code < 300,
  )
}

/** For example `2 get clusters, 1 create ipaddressclaims`, each count divided by `per`. */
export function describeCounts(counts: RequestCounts, per = 1): string {
  if (counts.length === 0) return 'none'
  return counts.map(([kind, count]) => `${Number((count / per).toPrecision(3))} ${kind}`).join(', ')
}
