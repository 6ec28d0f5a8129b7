import type { Cluster } from '../domain/model/cluster.ts'
import { decideWrite } from '../domain/allocation/eligibility.ts'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { ClaimStepInput, StepEnd } from '../workflows/contract.ts'
import { waiting } from './failures.ts'

/** A Cluster that may be written to, or why there is none. */
export type ClusterReading =
  { readonly cluster: Cluster; readonly end?: never } | { readonly cluster?: never; readonly end: StepEnd }

/**
 * Reads the Cluster anew, as every step does before it writes: the one the allocation began with,
 * neither deleted nor paused.
 *
 * @throws ApplicationFailure `ClusterPaused`, to wait
 */
export async function readCluster(
  api: Pick<ClusterApi, 'getCluster'>,
  { cluster: key, uid }: ClaimStepInput,
): Promise<ClusterReading> {
  const cluster = await api.getCluster(key)
  if (cluster === undefined) return { end: clusterGone(key, uid) }
  if (cluster.uid !== uid) return { end: { next: 'replaced' } }
  const write = decideWrite(cluster)
  switch (write.decision) {
    case 'write':
      return { cluster }
    case 'wait':
      throw waiting(write.reason, write.message)
    case 'end':
      return { end: { next: 'end', uid, reason: write.reason, message: write.message } }
    default:
      return write satisfies never
  }
}

/** The end of an allocation whose Cluster does not exist. `uid` is empty where none was ever seen. */
export function clusterGone(key: NamespacedName, uid: string): StepEnd {
  return { next: 'end', uid, reason: 'ClusterDeleted', message: `Cluster ${formatKey(key)} does not exist` }
}
