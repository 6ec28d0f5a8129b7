import { isIPPoolKind } from '../../../domain/model/pool-kind.ts'
import { poolPlaceOf, roleOfOwnClaim, type IPAddressClaim } from '../../../domain/model/claim.ts'
import { deleteCommand, refer, type Problem, type ProblemContext } from './problem.ts'
import { isLeaked, showFinalizers } from './leak-problems.ts'
import { formatKey, isStuck } from '../../../domain/model/object-meta.ts'
import { formatPool, placeOf } from '../../../domain/model/pool.ts'
import { poolsIn } from '../../../domain/allocation/snapshot.ts'

/** Claims of ours that name a pool which does not exist, and those that cannot go. Leaked ones are found as such. */
export function claimProblems(context: ProblemContext): readonly Problem[] {
  const claims = [...context.known.claims.values()].filter(
    (claim) => roleOfOwnClaim(claim) !== undefined && !isLeaked(claim, context),
  )
  const pools = new Set(poolsIn(context.known).map(placeOf))
  return claims.flatMap((claim) => [
    ...(hasPool(claim, pools) ? [] : [unknownPool(claim)]),
    ...(isStuck(claim, context.now) ? [stuckClaim(claim)] : []),
  ])
}

/** What is no pool of the in-cluster provider cannot be judged. */
function hasPool(claim: IPAddressClaim, pools: ReadonlySet<string>): boolean {
  return !isIPPoolKind(claim.poolRef.kind) || pools.has(poolPlaceOf(claim))
}

function unknownPool(claim: IPAddressClaim): Problem {
  const reference = refer('IPAddressClaim', claim)
  const pool = formatPool(claim.poolRef)
  return {
    kind: 'UnknownPool',
    objects: [reference],
    message: `IPAddressClaim ${formatKey(claim)} is on ${pool}, which does not exist`,
    next:
      claim.addressName === undefined
        ? `create ${pool}, or have another pool chosen: ${deleteCommand(reference)}`
        : `create ${pool} again with the addresses it had, so that nobody else is given them`,
  }
}

function stuckClaim(claim: IPAddressClaim): Problem {
  return {
    kind: 'StuckClaim',
    objects: [refer('IPAddressClaim', claim)],
    message: `IPAddressClaim ${formatKey(claim)} is being deleted since ${claim.deletionTimestamp ?? 'long ago'}; its Cluster gets no new one before it is gone`,
    next: showFinalizers(claim),
  }
}
