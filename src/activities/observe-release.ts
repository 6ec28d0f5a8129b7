import { cancellationSignal, sleep } from '@temporalio/activity'
import { claimKeyFor, type ClusterIdentity } from '../domain/model/claim.ts'
import {
  heldTogether,
  remainingObjects,
  type HeldAddress,
  type ObservedRelease,
  type RemainingObject,
} from '../domain/release/release.ts'
import { roles } from '../domain/role.ts'
import { releasePollIntervals } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { ConfirmReleaseInput } from '../workflows/contract.ts'

export type ObserveApi = Pick<
  ClusterApi,
  'getCluster' | 'getIPAddressClaim' | 'getIPAddress' | 'listIPAddressesOf'
>

/** The last of several polls. */
export interface ReleasePoll {
  readonly observed: ObservedRelease
  readonly remaining: readonly RemainingObject[]
  /** Those of the input, and all that a poll has found. */
  readonly held: readonly HeldAddress[]
}

/** The first attempt polls for some seconds, in which nearly everything is released. */
export async function pollUntilGone(api: ObserveApi, input: ConfirmReleaseInput): Promise<ReleasePoll> {
  const pauses = input.goneSince === undefined ? releasePollIntervals : []
  let last = await poll(api, input, input.held)
  for (const pause of pauses) {
    if (isStillThere(input, last.observed) || last.remaining.length === 0) break
    cancellationSignal().throwIfAborted()
    await sleep(pause)
    last = await poll(api, input, last.held)
  }
  return last
}

async function poll(
  api: ObserveApi,
  deleted: ClusterIdentity,
  held: readonly HeldAddress[],
): Promise<ReleasePoll> {
  const observed = await observe(api, deleted)
  const remaining = remainingObjects(deleted, observed)
  const found = remaining.map((each) => each.held)
  return { observed, remaining, held: heldTogether(held, found) }
}

async function observe(api: ObserveApi, deleted: ClusterIdentity): Promise<ObservedRelease> {
  const labeled = await api.listIPAddressesOf(deleted)
  const found = await Promise.all(roles.map((role) => api.getIPAddressClaim(claimKeyFor(deleted, role))))
  const claims = found.filter((claim) => claim !== undefined)
  const referenced = await Promise.all(
    claims.map(async ({ namespace, addressName: name }) =>
      name === undefined || labeled.some((each) => each.name === name)
        ? undefined
        : api.getIPAddress({ namespace, name }),
    ),
  )
  const present = await api.getCluster(deleted)
  return { ipAddresses: [...labeled, ...referenced.filter((each) => each !== undefined)], claims, present }
}

/** Whether the Cluster that should be deleted exists. */
export function isStillThere(deleted: ClusterIdentity, { present }: ObservedRelease): boolean {
  return present?.uid === deleted.uid
}
