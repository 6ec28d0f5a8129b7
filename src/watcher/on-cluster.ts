import { duplicateAddressesOf } from '../domain/allocation/duplicate-addresses.ts'
import { addressIn } from '../domain/allocation/vip-ownership.ts'
import type { Cluster } from '../domain/model/cluster.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { VipRole } from '../domain/role.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import { requestForCluster } from './allocation-triggers.ts'
import type { HandlerContext } from './handler-context.ts'
import { releaseOfDeleted } from './release-triggers.ts'

export function onCluster(context: HandlerContext): ResourceEventHandler<Cluster> {
  const { variables, vips, queries, requests, resync } = context
  /** Deleted since the last list. A Cluster recreated under the same name may meet the run of the deleted one. */
  const deleted = new Set<string>()

  const enqueueFor = (vip: VipRole, cluster: Cluster, previous: Cluster | undefined): void => {
    const request = requestForCluster(cluster, previous, vip, queries.contextOf(cluster))
    if (request !== undefined) {
      const isRecreated = deleted.delete(formatKey(cluster))
      requests.enqueue(cluster, isRecreated ? { ...request, action: 'signal-with-start' } : request)
    } else if (previous?.isPaused === true && !cluster.isPaused) {
      // A claim may have been lost in the pause; after a move, it has to be bound again.
      requests.enqueue(cluster, { action: 'signal-with-start', reason: 'Cluster was unpaused' }, 'condition')
    }
  }

  const onVipChange = (vip: VipRole, cluster: Cluster, previous: Cluster): void => {
    const address = addressIn(previous, vip)
    if (address === addressIn(cluster, vip) || address === '') return
    requests.retryReserving(address)
    requests.forgetConditionUpdate(cluster)
    requests.requestConditionUpdate(cluster)
  }

  return {
    onUpsert(cluster, previous) {
      for (const vip of vips) {
        enqueueFor(vip, cluster, previous)
        if (previous !== undefined) onVipChange(vip, cluster, previous)
      }
      if (previous !== undefined) {
        // The event that the address is free may have come before the record that waits for it.
        const isChanged = String(duplicateAddressesOf(cluster)) !== String(duplicateAddressesOf(previous))
        if (isChanged && queries.reservesFreeDuplicate(cluster, variables)) {
          requests.retry(cluster, 'a duplicate that it has recorded may be free')
        }
      } else if (resync.isComplete()) {
        // Before that, its class may be unknown, and the first resync comes back to it.
        requests.requestConditionUpdate(cluster)
      }
    },
    onDelete(cluster) {
      deleted.add(formatKey(cluster))
      requests.forgetConditionUpdate(cluster)
      // A run that waits for it can end.
      if (queries.needsReconcile({ ...cluster, isDeleting: false, isPaused: false }, variables)) {
        requests.enqueue(cluster, { action: 'signal', reason: 'Cluster is gone' })
      }
      for (const vip of vips) requests.retryReserving(addressIn(cluster, vip))
      const bindings = vips.map((vip) => ({ role: vip.role, ...queries.bindingOf(cluster, vip) }))
      requests.enqueueRelease(releaseOfDeleted(cluster, bindings))
    },
    onListed() {
      deleted.clear()
      resync.listed('clusters')
    },
  }
}
