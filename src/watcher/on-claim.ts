import { claimNameFor, type IPAddressClaim } from '../domain/model/claim.ts'
import type { ClaimBinding } from '../domain/allocation/snapshot.ts'
import type { ResourceEventHandler } from '../kubernetes/informer/informer-types.ts'
import { requestForBinding } from './allocation-triggers.ts'
import type { HandlerContext } from './handler-context.ts'
import { releaseOfDeletedClaim } from './release-triggers.ts'

export function onClaim(context: HandlerContext): ResourceEventHandler<IPAddressClaim> {
  const { queries, requests, resync } = context
  return {
    onUpsert: (claim, previous) => enqueueForBinding(context, claim, { claim }, { claim: previous }),
    onDelete(claim) {
      enqueueForBinding(context, claim, { claim: undefined }, { claim })
      requests.enqueueRelease(releaseOfDeletedClaim(claim, queries.clusterOf(claim)))
    },
    onListed: () => resync.listed('ipaddressclaims'),
  }
}

/** @param changes what is new of the claim and its IPAddress. @param previous what they were before */
export function enqueueForBinding(
  { vips, queries, requests, resync, now }: HandlerContext,
  claim: IPAddressClaim,
  changes: Partial<ClaimBinding>,
  previous: Partial<ClaimBinding>,
): void {
  const cluster = queries.clusterOf(claim)
  const vip = cluster && vips.find(({ role }) => claimNameFor(cluster, role) === claim.name)
  if (cluster === undefined || vip === undefined) return
  const cached = queries.bindingOf(cluster, vip)
  const context = { cluster: queries.contextOf(cluster), now: now(), isComplete: resync.isComplete() }
  const [binding, before] = [
    { ...cached, ...changes },
    { ...cached, ...previous },
  ]
  requests.enqueue(cluster, requestForBinding(binding, before, cluster, vip, context))
}
