import type { Client } from '@temporalio/client'
import { claimNameFor } from '../../src/domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../../src/domain/model/object-meta.ts'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import type { TemporalUi } from './temporal-ui.ts'

/** The pages that show the state of a run. Each function resolves with the text of its page. */

/** A pool as `GlobalInClusterIPPool/vip-pool`, and its number of addresses. */
export interface PoolFacts {
  readonly pool: string
  readonly total: number
}

/** A completed run on the fast path, with its result. */
export function showFinished(
  ui: TemporalUi,
  cluster: NamespacedName,
  facts: PoolFacts & { readonly address: string },
): Promise<string> {
  const claim = claimNameFor(cluster, 'control-plane')
  return ui.showTab(workflowIdFor(cluster), 'Timeline', [
    'COMPLETED',
    'allocateAtOnce',
    `${facts.address}:6443 from ${facts.pool} by IPAddressClaim ${claim}`,
  ])
}

/** The step that waits for a full pool: reason, remedy, next attempt. */
export function showWaiting(
  ui: TemporalUi,
  cluster: NamespacedName,
  { pool, total }: PoolFacts,
): Promise<string> {
  return ui.showTab(workflowIdFor(cluster), 'Pending Activities', [
    'RUNNING',
    'selectIPPool',
    `${pool}: 0 of ${total} addresses free; add addresses or label a `,
    '"type": "PoolExhausted"',
    'Next Retry',
  ])
}

/** The query results of a run that waits for a full pool: since when, why, and the verdict on each pool. */
export function showDetails(
  ui: TemporalUi,
  cluster: NamespacedName,
  { pool, total }: PoolFacts,
): Promise<string> {
  const key = formatKey(cluster)
  return ui.showTab(workflowIdFor(cluster), 'User Metadata', [
    `VIP for Cluster ${key}`,
    `capi-vip-allocator status ${key}`,
    `control-plane VIP of Cluster ${key}`,
    `PoolExhausted, ${pool}: 0 of ${total} addresses free; add addresses or label a `,
    `${pool}: rejected, 0 of ${total} addresses free`,
  ])
}

/** The failure of a run whose argument names no valid Cluster. */
export function showFailed(ui: TemporalUi, cluster: NamespacedName): Promise<string> {
  return ui.showTab(workflowIdFor(cluster), 'Event History', [
    'FAILED',
    'Workflow Execution Failed',
    `"name" is "${cluster.name}", expected a Kubernetes name`,
    '"type": "InvalidInput"',
  ])
}

/** The list of the runs that used an address. */
export function showFound(ui: TemporalUi, cluster: NamespacedName, address: string): Promise<string> {
  return ui.showList(`VipAddress = "${address}"`, [`COMPLETED ${workflowIdFor(cluster)}`])
}

/** Starts a run by hand with a mistyped name. */
export async function startByHand(client: Client, taskQueue: string, cluster: NamespacedName): Promise<void> {
  await client.workflow.start(allocateVipType, {
    taskQueue,
    workflowId: workflowIdFor(cluster),
    args: [cluster],
  })
}
