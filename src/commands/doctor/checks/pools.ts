import { counted } from '../../../domain/quote.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { clusterClassKey } from '../../../domain/names.ts'
import { availableAddresses, type IPPool } from '../../../domain/model/pool.ts'
import { fault, orOk, warning, type Judgment } from './check-result.ts'
import { isForVips, nameOf } from './pool-name.ts'

/** Part of a pool below which its free addresses are few: a tenth. */
const fewPart = 10

/** Judges whether there are pools for VIPs at all, and addresses in them. */
export function judgePools(pools: readonly IPPool[], clusters: readonly Cluster[]): readonly Judgment[] {
  const forVips = pools.filter(isForVips)
  if (forVips.length === 0) return [judgeNone(pools, clusters)]
  const free = forVips.reduce((sum, pool) => sum + (availableAddresses(pool) ?? 0), 0)
  const total = forVips.reduce((sum, pool) => sum + (pool.capacity?.total ?? 0), 0)
  return orOk(
    forVips.flatMap(roomProblems),
    `${counted(forVips.length, 'pool')} for VIPs, with ${free} of ${total} addresses free`,
  )
}

/** Who has no Clusters of a ClusterClass yet does not miss anything. */
function judgeNone(pools: readonly IPPool[], clusters: readonly Cluster[]): Judgment {
  const found =
    pools.length === 0
      ? 'there is no InClusterIPPool and no GlobalInClusterIPPool'
      : `${counted(pools.length, 'pool')}, and none with the label ${clusterClassKey}`
  const fix = `create a pool with the label ${clusterClassKey}=<ClusterClass>, as in examples/ip-pool.yaml`
  return clusters.some(({ topology }) => topology !== undefined) ? fault(found, fix) : warning(found, fix)
}

function roomProblems(pool: IPPool): readonly Judgment[] {
  const available = availableAddresses(pool)
  const total = pool.capacity?.total ?? 0
  if (available === undefined || available * fewPart >= total + (available <= 0 ? 1 : 0)) return []
  const found =
    available <= 0
      ? `${nameOf(pool)} is exhausted: 0 of ${total} addresses free`
      : `${nameOf(pool)} is nearly exhausted: ${available} of ${total} addresses free`
  return [warning(found, `add addresses to ${nameOf(pool)}, or another pool with the same label`)]
}
