import { arrayOf, integerOf, nonEmptyStringOf, objectOf, stringOf } from '../../domain/model/decode.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import type { KubernetesConnection } from '../../kubernetes/transport/connection.ts'

/** An event about an object, from events.k8s.io/v1, which also serves those written through the core API. */
export interface ObjectEvent {
  /** `Normal` or `Warning`. */
  readonly type: string
  readonly reason: string
  readonly note: string
  /** How often it occurred. */
  readonly count: number
  /** RFC 3339. */
  readonly lastSeen: string
  readonly controller: string
}

/** More than a Cluster ever gets within the hour for which the API server keeps events. */
const limit = 500

/** Reads the events about a Cluster, latest last. @throws KubernetesError */
export async function readEvents(
  connection: KubernetesConnection,
  cluster: NamespacedName,
): Promise<readonly ObjectEvent[]> {
  const { items } = await connection.request({
    verb: 'list',
    resource: 'events',
    action: `list events about Cluster ${formatKey(cluster)}`,
    path: `/apis/events.k8s.io/v1/namespaces/${encodeURIComponent(cluster.namespace)}/events`,
    query: {
      fieldSelector: `regarding.kind=Cluster,regarding.name=${cluster.name}`,
      limit: String(limit),
    },
  })
  return arrayOf(items)
    .map(eventFrom)
    .toSorted((a, b) => Date.parse(a.lastSeen) - Date.parse(b.lastSeen))
}

function eventFrom(value: unknown): ObjectEvent {
  const event = objectOf(value)
  const series = objectOf(event['series'])
  const lastSeen =
    nonEmptyStringOf(series['lastObservedTime']) ??
    nonEmptyStringOf(event['deprecatedLastTimestamp']) ??
    nonEmptyStringOf(event['eventTime']) ??
    stringOf(objectOf(event['metadata'])['creationTimestamp'])
  return {
    type: stringOf(event['type']),
    reason: stringOf(event['reason']),
    note: stringOf(event['note']),
    count: integerOf(series['count']) ?? integerOf(event['deprecatedCount']) ?? 1,
    lastSeen,
    controller:
      nonEmptyStringOf(event['reportingController']) ??
      stringOf(objectOf(event['deprecatedSource'])['component']),
  }
}
