import type { IPPoolKind } from '../domain/model/pool-kind.ts'
import { formatPool, type IPPool } from '../domain/model/pool.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import { clustersToRestore, clustersToServe } from './allocation-triggers.ts'
import type { HandlerContext } from './handler-context.ts'

export function onPool(kind: IPPoolKind, context: HandlerContext): ResourceEventHandler<IPPool> {
  const { vips, queries, requests, resync, now } = context
  return {
    onUpsert(pool, previous) {
      // The first list is no change: the runs that start meanwhile read its pools.
      if (!resync.isListed(kind)) return
      for (const vip of vips) {
        const served = clustersToServe(pool, previous, () => queries.waitingBeside(pool, vip), vip, now())
        const restored = clustersToRestore(pool, previous, () => queries.lost(vip), vip)
        for (const cluster of [...served, ...restored]) requests.retry(cluster, `${formatPool(pool)} changed`)
      }
    },
    onDelete() {
      // A pool that is gone serves nobody, and claims keep their addresses.
    },
    onListed: () => resync.listed(kind),
  }
}
