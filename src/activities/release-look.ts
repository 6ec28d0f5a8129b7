import { cancellationSignal, sleep } from '@temporalio/activity'
import type { ClusterIdentity } from '../domain/model/claim.ts'
import {
  heldTogether,
  leftoversOf,
  type HeldAddress,
  type RemainingObject,
  type ObservedRelease,
} from '../domain/release/release.ts'
import { roles } from '../domain/role.ts'
import { pausesBetweenReleaseLooks } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import type { ConfirmReleaseInput } from '../workflows/contract.ts'
import { claimKeyFor } from './own-claim.ts'

export type LookApi = Pick<
  ClusterApi,
  'getCluster' | 'getIPAddressClaim' | 'getIPAddress' | 'listIPAddressesOf'
>

/** The last of several looks. */
export interface Looked {
  readonly sight: ObservedRelease
  readonly leftovers: readonly RemainingObject[]
  /** What was known, and what any of the looks has seen. */
  readonly held: readonly HeldAddress[]
}

/** The first attempt looks for some seconds, in which nearly everything is released. */
export async function lookUntilGone(api: LookApi, input: ConfirmReleaseInput): Promise<Looked> {
  const pauses = input.goneSince === undefined ? pausesBetweenReleaseLooks : []
  let looked = await look(api, input, input.held)
  for (const pause of pauses) {
    if (isStillThere(input, looked.sight) || looked.leftovers.length === 0) break
    cancellationSignal().throwIfAborted()
    await sleep(pause)
    looked = await look(api, input, looked.held)
  }
  return looked
}

async function look(api: LookApi, former: ClusterIdentity, known: readonly HeldAddress[]): Promise<Looked> {
  const sight = await read(api, former)
  const leftovers = leftoversOf(former, sight)
  const found = leftovers.map(({ held }) => held)
  return { sight, leftovers, held: heldTogether(known, found) }
}

async function read(api: LookApi, former: ClusterIdentity): Promise<ObservedRelease> {
  const labeled = await api.listIPAddressesOf(former)
  const found = await Promise.all(roles.map((role) => api.getIPAddressClaim(claimKeyFor(former, role))))
  const claims = found.filter((claim) => claim !== undefined)
  const referenced = await Promise.all(
    claims.map(async ({ namespace, addressName: name }) =>
      name === undefined || labeled.some((each) => each.name === name)
        ? undefined
        : api.getIPAddress({ namespace, name }),
    ),
  )
  const present = await api.getCluster(former)
  return { ipAddresses: [...labeled, ...referenced.filter((each) => each !== undefined)], claims, present }
}

/** The Cluster of this uid, which was believed to be gone. */
export function isStillThere(former: ClusterIdentity, { present }: ObservedRelease): boolean {
  return present?.uid === former.uid
}
