import type { Client } from '@temporalio/client'
import { claimNameFor } from '../../src/domain/model/claim.ts'
import { formatKey, type NamespacedName } from '../../src/domain/model/object-meta.ts'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import type { TemporalUi } from './temporal-ui.ts'

/** The pages on which a person sees how a run stands. Each function resolves with the text of its page. */

/** A pool in words, as `GlobalInClusterIPPool/vip-pool`, and how many addresses it has. */
export interface PoolFacts {
  readonly pool: string
  readonly total: number
}

/** A run that is over, whose steps got on at once, and the result with address, pool and claim. */
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

/** The step that waits for room in a full pool: why, what would help, and when it looks again. */
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

/** What a run that waits for room in a full pool says of itself: since when, why, and what it made of each pool. */
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

/** The end of a run whose argument names no Cluster that could be. */
export function showFailed(ui: TemporalUi, cluster: NamespacedName): Promise<string> {
  return ui.showTab(workflowIdFor(cluster), 'Event History', [
    'FAILED',
    'Workflow Execution Failed',
    `"name" is "${cluster.name}", expected a Kubernetes name`,
    '"type": "InvalidInput"',
  ])
}

/** The list of the runs that have had to do with an address. */
export function showFound(ui: TemporalUi, cluster: NamespacedName, address: string): Promise<string> {
  return ui.showList(`VipAddress = "${address}"`, [`COMPLETED ${workflowIdFor(cluster)}`])
}

/** Starts a run by hand, as a person who mistypes the name. */
export async function startByHand(client: Client, taskQueue: string, cluster: NamespacedName): Promise<void> {
  await client.workflow.start(allocateVipType, {
    taskQueue,
    workflowId: workflowIdFor(cluster),
    args: [cluster],
  })
}
