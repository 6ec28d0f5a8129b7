import { commonRanges, formatRange } from '../../../domain/model/address-range.ts'
import { boundsOf } from '../../../domain/model/address-text.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { rangesGivenBy } from '../../../domain/allocation/pool-addresses.ts'
import { quoted, counted, few } from '../../../domain/quote.ts'
import { fault, orOk, warning, type Judgment } from './check-result.ts'
import { isForVips, nameOf } from './pool-name.ts'

/**
 * Judges the ranges of pools for VIPs against those of all pools: no provider compares them, and each pool would give
 * out the same addresses. The allocator finds the duplicates, and every one costs an address and time.
 */
export function judgePoolRanges(pools: readonly IPPool[]): readonly Judgment[] {
  const problems = [...pools.filter(isForVips).flatMap(unreadableEntries), ...overlaps(pools)]
  return orOk(problems, `no overlap between the addresses of ${counted(pools.length, 'pool')}`)
}

function unreadableEntries(pool: IPPool): readonly Judgment[] {
  return pool.addresses
    .filter((entry) => boundsOf(entry) === undefined)
    .map((entry) =>
      fault(
        `${nameOf(pool)}: spec.addresses has ${quoted(entry)}, expected an address, a CIDR or a range first-last`,
        `correct spec.addresses of ${nameOf(pool)}`,
      ),
    )
}

function overlaps(pools: readonly IPPool[]): readonly Judgment[] {
  const own = pools.map((pool) => ({ pool, ranges: rangesGivenBy(pool) }))
  return own.flatMap((one, index) =>
    own.slice(index + 1).flatMap((other) => {
      if (!isForVips(one.pool) && !isForVips(other.pool)) return []
      const common = commonRanges(one.ranges, other.ranges)
      if (common.length === 0) return []
      const names = `${nameOf(one.pool)} and ${nameOf(other.pool)}`
      return [
        warning(
          `${names} both have ${few(common.map(formatRange))}`,
          `take these addresses out of one of ${names}, by spec.addresses or spec.excludedAddresses`,
        ),
      ]
    }),
  )
}
