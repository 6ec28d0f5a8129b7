import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { ipPoolKinds } from '../../../domain/model/pool-kind.ts'
import { availableAddresses, formatPool, type IPPool } from '../../../domain/model/pool.ts'
import { clusterClassKey } from '../../../domain/names.ts'
import { counted } from '../../../domain/quote.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'

/** A pool is nearly exhausted if less than a tenth of its addresses is free. */
const fewPart = 10

/** Checks that there are pools for VIPs, and that they have free addresses. */
export function checkPools(snapshot: Snapshot): readonly CheckOutcome[] {
  const forVips = poolsIn(snapshot).filter(isForVips)
  if (forVips.length === 0) return [reportNone(snapshot)]
  const free = forVips.reduce((sum, pool) => sum + (availableAddresses(pool) ?? 0), 0)
  const total = forVips.reduce((sum, pool) => sum + (pool.capacity?.total ?? 0), 0)
  return orOk(
    forVips.flatMap(roomProblems),
    `${counted(forVips.length, 'pool')} for VIPs, with ${free} of ${total} addresses free`,
  )
}

/** Whether a pool is for VIPs: it names a ClusterClass. */
export function isForVips(pool: IPPool): boolean {
  return clusterClassKey in pool.labels
}

/** The pool with its namespace, since the report covers all namespaces. */
export function nameOf(pool: IPPool): string {
  return pool.namespace === '' ? formatPool(pool) : `${pool.kind} ${formatKey(pool)}`
}

/** Only a fault if a Cluster of a ClusterClass exists that would need a pool. */
function reportNone(snapshot: Snapshot): CheckOutcome {
  const pools = poolsIn(snapshot)
  const found =
    pools.length === 0
      ? `there is ${ipPoolKinds.map((kind) => `no ${kind}`).join(' and ')}`
      : `${counted(pools.length, 'pool')}, and none with the label ${clusterClassKey}`
  const fix = `create a pool with the label ${clusterClassKey}=<ClusterClass>, as in examples/ip-pool.yaml`
  const isNeeded = [...snapshot.clusters.values()].some(({ topology }) => topology !== undefined)
  return isNeeded ? fault(found, fix) : warning(found, fix)
}

function roomProblems(pool: IPPool): readonly CheckOutcome[] {
  const available = availableAddresses(pool)
  const total = pool.capacity?.total ?? 0
  if (available === undefined || available * fewPart >= total + (available <= 0 ? 1 : 0)) return []
  const how = available <= 0 ? 'exhausted' : 'nearly exhausted'
  const found = `${nameOf(pool)} is ${how}: ${Math.max(0, available)} of ${total} addresses free`
  return [warning(found, `add addresses to ${nameOf(pool)}, or another pool with the same label`)]
}
