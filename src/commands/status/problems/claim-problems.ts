import { poolsIn } from '../../../domain/allocation/snapshot.ts'
import { poolPlaceOf, roleOfOwnClaim, type IPAddressClaim } from '../../../domain/model/claim.ts'
import { formatKey, isStuck } from '../../../domain/model/object-meta.ts'
import { isIPPoolKind } from '../../../domain/model/pool-kind.ts'
import { formatPool, placeOf } from '../../../domain/model/pool.ts'
import { showFinalizers } from './leak-problems.ts'
import { deleteCommand, problem, refer, type Problem, type ProblemContext } from './problem.ts'

/** Claims of ours that name a pool which does not exist, and those whose deletion is stuck. Leaked ones are found as such. */
export function claimProblems({ snapshot, orphaned, now }: ProblemContext): readonly Problem[] {
  const claims = [...snapshot.claims.values()].filter(
    (claim) => roleOfOwnClaim(claim) !== undefined && !orphaned.has(claim),
  )
  const pools = new Set(poolsIn(snapshot).map(placeOf))
  // The pools of other providers have not been read.
  const isPoolUnknown = (claim: IPAddressClaim): boolean =>
    isIPPoolKind(claim.poolRef.kind) && !pools.has(poolPlaceOf(claim))
  return [
    ...claims.filter(isPoolUnknown).map(unknownPool),
    ...claims.filter((claim) => isStuck(claim, now)).map(stuckClaim),
  ]
}

function unknownPool(claim: IPAddressClaim): Problem {
  const reference = refer('IPAddressClaim', claim)
  const pool = formatPool(claim.poolRef)
  const message = `IPAddressClaim ${formatKey(claim)} is on ${pool}, which does not exist`
  const next =
    claim.addressName === undefined
      ? `create ${pool}, or have another pool chosen: ${deleteCommand(reference)}`
      : `create ${pool} again with the addresses it had, so that nobody else is given them`
  return problem('UnknownPool', [reference], message, next)
}

function stuckClaim(claim: IPAddressClaim): Problem {
  const message = `IPAddressClaim ${formatKey(claim)} is being deleted since ${claim.deletionTimestamp ?? 'long ago'}; its Cluster gets no new one before it is gone`
  return problem('StuckClaim', [refer('IPAddressClaim', claim)], message, showFinalizers(claim))
}
