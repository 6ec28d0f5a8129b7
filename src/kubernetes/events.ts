import { createHash } from 'node:crypto'
import { hostname } from 'node:os'
import type { ClusterEvent } from '../domain/allocation/cluster-event.ts'
import { integerOf, objectOf, type JsonObject } from '../domain/model/decode.ts'
import { eventReporter } from '../domain/names.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { isKubernetesError } from './errors.ts'
import type { ObjectClient } from './objects.ts'
import { resources } from './resources.ts'

/**
 * Emits an event. Its name is a hash of its content, so a repetition, even by another replica, continues the series of the
 * first one. The API server deletes events after an hour by default.
 */
export async function recordEvent(
  events: Pick<ObjectClient<JsonObject>, 'create' | 'get' | 'patch'>,
  event: ClusterEvent,
  now: Date,
): Promise<void> {
  try {
    await events.create(eventObject(event, now))
  } catch (error) {
    if (!isKubernetesError(error, 'alreadyExists')) throw error
    const present = await events.get(keyFor(event))
    const count = integerOf(objectOf(present?.['series'])['count']) ?? 1
    await events.patch(keyFor(event), { series: { count: count + 1, lastObservedTime: microTime(now) } })
  }
}

function eventObject(event: ClusterEvent, now: Date): JsonObject {
  const { cluster, type, reason, action, note } = event
  const { apiVersion, namespace, name, uid } = cluster
  return {
    metadata: keyFor(event),
    eventTime: microTime(now),
    reportingController: eventReporter,
    reportingInstance: hostname(),
    type,
    reason,
    action,
    note,
    regarding: { apiVersion, kind: resources.clusters.kind, namespace, name, uid },
  }
}

function keyFor({ cluster, reason, note }: ClusterEvent): NamespacedName {
  const hash = createHash('sha256')
    .update(JSON.stringify([cluster.uid, reason, note]))
    .digest('hex')
  return { namespace: cluster.namespace, name: `${cluster.name}.${hash.slice(0, 16)}` }
}

/** In the format of Kubernetes' MicroTime. */
function microTime(time: Date): string {
  return time.toISOString().replace('Z', '000Z')
}
