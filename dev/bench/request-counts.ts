import type { RecordedRequest } from '../api-proxy/request-record.ts'

/** Requests by verb and resource, for example `get clusters`, most frequent first. */
export type RequestCounts = readonly (readonly [kind: string, count: number])[]

/** Counts requests by kind. */
export function countByKind(requests: readonly RecordedRequest[]): RequestCounts {
  const counts = new Map<string, number>()
  for (const { verb, resource, name } of requests) {
    const kind = `${verb} ${resource === '' ? `(discovery) ${name}`.trim() : resource}`
    counts.set(kind, (counts.get(kind) ?? 0) + 1)
  }
  return [...counts].toSorted(([a, x], [b, y]) => y - x || a.localeCompare(b))
}

/** Without watches, which stay open and are renewed whatever happens. */
export function withoutWatches(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.filter(({ verb }) => verb !== 'watch')
}

/** Lists of what there is one of for each Cluster, or more: they cost the more the more Clusters there are. */
export function growingLists(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.filter(
    ({ verb, resource }) =>
      verb === 'list' && ['clusters', 'ipaddresses', 'ipaddressclaims'].includes(resource),
  )
}

/** Successful writes of a Cluster's spec and metadata: its status is another resource. */
export function clusterWrites(requests: readonly RecordedRequest[]): readonly RecordedRequest[] {
  return requests.filter(
    ({ verb, resource, code }) =>
      ['patch', 'update'].includes(verb) && resource === 'clusters' && code >= 200 && code < 300,
  )
}

/** In words: `2 get clusters, 1 create ipaddressclaims`, each divided by `per`. */
export function describeCounts(counts: RequestCounts, per = 1): string {
  if (counts.length === 0) return 'none'
  return counts.map(([kind, count]) => `${Number((count / per).toPrecision(3))} ${kind}`).join(', ')
}
