import { cancellationSignal, sleep } from '@temporalio/activity'
import {
  claimNameFor,
  longerClaimNameFor,
  mayBeClaimNameOf,
  ownershipOf,
  type ClusterIdentity,
} from '../domain/model/claim.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { IPPool } from '../domain/model/pool.ts'
import { releaseCheckedAnnotation } from '../domain/names.ts'
import { diagnoseRemaining, type RemainingDiagnosis } from '../domain/release/release-verdict.ts'
import {
  heldTogether,
  remainingObjects,
  type HeldAddress,
  type ObservedRelease,
  type RemainingObject,
} from '../domain/release/release.ts'
import { roles } from '../domain/role.ts'
import { leakAfterMs, releasePollIntervals } from '../domain/timings.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts'
import type { ConfirmReleaseInput, ConfirmReleaseResult } from '../workflows/contract.ts'
import { isKept, keepClaim, type KeptClaim } from './keep-claims.ts'
import { actionRequired, releaseLeaked, releasePending, retryLater } from './failures.ts'

/**
 * Confirms that nothing is left of what a deleted Cluster held. An object seen for the first time is returned, so that the
 * run records it; so is whatever the first step finds. One that the run has recorded is waited for, and deleted or touched if
 * that is safe. A claim on a pool that retains addresses is kept for as long as the pool says.
 *
 * @throws ApplicationFailure to wait: `ReleasePending`, and `ReleaseLeaked` after about a minute
 */
export async function confirmRelease(
  api: ClusterApi,
  input: ConfirmReleaseInput,
): Promise<ConfirmReleaseResult> {
  let poll: ReleasePoll
  try {
    poll = await pollUntilGone(api, input)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return unserved(input, error)
    throw error
  }
  const { observed, remaining, held } = poll
  const hasNew = held.length > input.held.length
  if (isStillThere(input, observed)) {
    if (hasNew || input.isFirst) return { next: 'wait', held, isGone: false }
    throw retryLater(releasePending, describePresent(input, observed))
  }
  if (remaining.length === 0) return released(input, observed, held)
  if (input.goneSince === undefined || hasNew) return { next: 'wait', held, isGone: true }
  const pools = await listServedPools(api, input.namespace)
  const kept = await Promise.all(
    remaining.filter(isKept).map((each) => keepClaim(api, each, observed, pools ?? [])),
  )
  const others = remaining.filter((each) => !isKept(each))
  if (others.length === 0 && input.understandsKeep === true) {
    const keep = keepAll(kept)
    if (keep !== undefined) return { next: 'keep', held, ...keep }
  }
  throw await failureFor(api, input, observed, { others, pools, kept })
}

/** Until when nothing has to be done about any of the claims; undefined if something has to be done about one now. */
function keepAll(
  kept: readonly KeptClaim[],
): Omit<Extract<ConfirmReleaseResult, { readonly next: 'keep' }>, 'next' | 'held'> | undefined {
  const ends = kept.map(({ until }) => until)
  if (ends.includes(undefined)) return undefined
  const until = Math.min(...ends.filter((end) => end !== undefined))
  const message = kept.map((each) => each.message).join('; ')
  const isNew = kept.some((each) => each.isNew)
  return { message, ...(Number.isFinite(until) && { until }), ...(isNew && { isNew }) }
}

/** The end: nothing is left, or a later Cluster has what was kept for this one. */
function released(
  deleted: ClusterIdentity,
  { claims }: ObservedRelease,
  held: readonly HeldAddress[],
): ConfirmReleaseResult {
  const later = claims.filter(
    (claim) => !claim.isDeleting && ownershipOf(claim, deleted).owner === 'previous-cluster',
  )
  const isLater = ({ claim }: HeldAddress): boolean => later.some(({ name }) => name === claim)
  const kept = held.filter(isLater).map(({ claim }) => `IPAddressClaim ${deleted.namespace}/${claim ?? ''}`)
  if (kept.length === 0) return { next: 'released', held }
  const because = `Cluster ${formatKey(deleted)} is gone, and a later one of this name has ${kept.join(' and ')}`
  return { next: 'released', held: held.filter((each) => !isLater(each)), because }
}

function describePresent(deleted: ClusterIdentity, { present }: ObservedRelease): string {
  const state = present?.isDeleting === true ? 'is still being deleted' : 'still exists'
  return `Cluster ${formatKey(deleted)} ${state}; what it holds is looked for when it is gone`
}

/** Helps where it can, and returns a failure that names everything that remains. */
async function failureFor(
  api: ClusterApi,
  deleted: ConfirmReleaseInput,
  { present }: ObservedRelease,
  found: {
    readonly others: readonly RemainingObject[]
    readonly pools: readonly IPPool[] | undefined
    readonly kept: readonly KeptClaim[]
  },
): Promise<Error> {
  const { others: remaining, pools, kept } = found
  const now = Date.now()
  const context = { deleted, recreated: present, pools, now, goneForMs: now - (deleted.goneSince ?? now) }
  const diagnoses = remaining.map((each) => ({ each, ...diagnoseRemaining(each, context) }))
  await Promise.all(diagnoses.map(({ each, remedy }) => apply(api, each, remedy)))
  const message = [...diagnoses, ...kept].map((each) => each.message).join('; ')
  return diagnoses.some(({ isLeaked }) => isLeaked)
    ? actionRequired(releaseLeaked, message)
    : retryLater(releasePending, message)
}

async function listServedPools(api: ClusterApi, namespace: string): Promise<readonly IPPool[] | undefined> {
  try {
    return await api.listIPPools(namespace)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return undefined
    throw error
  }
}

/** All writes are conditional on the object as it was read, before the Cluster was read and found to be gone. */
async function apply(
  api: ClusterApi,
  { kind, object }: RemainingObject,
  remedy: RemainingDiagnosis['remedy'],
): Promise<void> {
  try {
    if (remedy === 'delete' && kind === 'IPAddressClaim') await api.deleteIPAddressClaim(object)
    if (remedy === 'delete' && kind === 'IPAddress') await api.deleteIPAddress(object)
    if (remedy === 'touch') {
      const annotations = { [releaseCheckedAnnotation]: new Date().toISOString() }
      const { resourceVersion } = object
      await api.patchIPAddressClaim(object, { metadata: { resourceVersion, annotations } })
    }
  } catch (error) {
    // It has changed, or is gone: the next attempt reads it again.
    if (!isKubernetesError(error, 'conflict', 'notFound')) throw error
  }
}

/** Kinds that are not served have no objects. But an API server that has just started does not serve all kinds at once. */
function unserved(
  { goneSince, held }: ConfirmReleaseInput,
  { message }: KubernetesError,
): ConfirmReleaseResult {
  if (goneSince === undefined) return { next: 'wait', held, isGone: true }
  if (Date.now() - goneSince < leakAfterMs) throw retryLater(releasePending, message)
  return { next: 'released', held, because: message }
}

/** The last of several polls. */
interface ReleasePoll {
  readonly observed: ObservedRelease
  readonly remaining: readonly RemainingObject[]
  /** Those of the input, and all that a poll has found. */
  readonly held: readonly HeldAddress[]
}

/** The first attempt polls for some seconds, in which nearly everything is released. */
async function pollUntilGone(api: ClusterApi, input: ConfirmReleaseInput): Promise<ReleasePoll> {
  const pauses = input.goneSince === undefined ? releasePollIntervals : []
  let last = await poll(api, input, input.held)
  for (const pause of pauses) {
    // A claim that outlives its Cluster is not waited for.
    if (isStillThere(input, last.observed) || last.remaining.every(isKept)) break
    cancellationSignal().throwIfAborted()
    await sleep(pause)
    last = await poll(api, input, last.held)
  }
  return last
}

async function poll(
  api: ClusterApi,
  deleted: ClusterIdentity,
  held: readonly HeldAddress[],
): Promise<ReleasePoll> {
  const observed = await observe(api, deleted, held)
  const remaining = remainingObjects(deleted, observed)
  const found = remaining.map((each) => each.held)
  return { observed, remaining, held: heldTogether(held, found) }
}

async function observe(
  api: ClusterApi,
  deleted: ClusterIdentity,
  held: readonly HeldAddress[],
): Promise<ObservedRelease> {
  const labeled = await api.listIPAddressesOf(deleted)
  const { namespace } = deleted
  const names = roles.flatMap((role) => [claimNameFor(deleted, role), longerClaimNameFor(deleted, role)])
  // Few Clusters have the claims of a pair, so these are read only if an address shows one.
  const shown = labeled.map(({ claimName }) => claimName).filter((name) => mayBeClaimNameOf(deleted, name))
  const recorded = held.map(({ claim }) => claim).filter((name) => name !== undefined)
  const found = await Promise.all(
    [...new Set([...names, ...shown, ...recorded])].map((name) => api.getIPAddressClaim({ namespace, name })),
  )
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
function isStillThere(deleted: ClusterIdentity, { present }: ObservedRelease): boolean {
  return present?.uid === deleted.uid
}
