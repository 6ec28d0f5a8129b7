import { rangesGivenBy } from '../../../domain/allocation/pool-addresses.ts'
import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { boundsOf, commonRanges, formatRange } from '../../../domain/model/address-text.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { quoted, counted, few } from '../../../domain/quote.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'
import { isForVips, nameOf } from './pools.ts'

/**
 * Compares the ranges of pools for VIPs with those of all pools, which the provider does not do. From overlapping pools
 * the same address is given out twice; the allocator notices each duplicate, at the cost of an address and time.
 */
export function checkPoolRanges(snapshot: Snapshot): readonly CheckOutcome[] {
  const pools = poolsIn(snapshot)
  const problems = [...pools.filter(isForVips).flatMap(unreadableEntries), ...overlaps(pools)]
  return orOk(problems, `no overlap between the addresses of ${counted(pools.length, 'pool')}`)
}

function unreadableEntries(pool: IPPool): readonly CheckOutcome[] {
  return pool.addresses
    .filter((entry) => boundsOf(entry) === undefined)
    .map((entry) =>
      fault(
        `${nameOf(pool)}: spec.addresses has ${quoted(entry)}, expected an address, a CIDR or a range first-last`,
        `correct spec.addresses of ${nameOf(pool)}`,
      ),
    )
}

function overlaps(pools: readonly IPPool[]): readonly CheckOutcome[] {
  const own = pools.map((pool) => ({ pool, ranges: rangesGivenBy(pool) }))
  return own.flatMap((one, index) =>
    own.slice(index + 1).flatMap((other) => {
      if (!isForVips(one.pool) && !isForVips(other.pool)) return []
      const common = commonRanges(one.ranges, other.ranges)
      if (common.length === 0) return []
      const names = `${nameOf(one.pool)} and ${nameOf(other.pool)}`
      const found = `${names} both have ${few(common.map(formatRange))}`
      const fix = `take these addresses out of one of ${names}, by spec.addresses or spec.excludedAddresses`
      return [warning(found, fix)]
    }),
  )
}
