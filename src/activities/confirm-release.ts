import type { ClusterIdentity } from '../domain/model/claim.ts'
import { releaseCheckedAnnotation } from '../domain/names.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import type { IPPool } from '../domain/model/pool.ts'
import type { RemainingObject, ObservedRelease } from '../domain/release/release.ts'
import { diagnoseRemaining, leakAfterMs, type RemainingDiagnosis } from '../domain/release/release-verdict.ts'
import type { ClusterApi } from '../kubernetes/cluster-api.ts'
import { isKubernetesError, type KubernetesError } from '../kubernetes/errors.ts'
import type { ConfirmReleaseInput, ConfirmReleaseResult } from '../workflows/contract.ts'
import { actionRequired, releaseLeaked, releasePending, retryLater } from './failures.ts'
import { isStillThere, lookUntilGone, type LookApi, type Looked } from './release-look.ts'

type HelpApi = Pick<ClusterApi, 'deleteIPAddressClaim' | 'patchIPAddressClaim' | 'deleteIPAddress'>
type Api = LookApi & HelpApi & Pick<ClusterApi, 'listIPPools'>

/**
 * Confirms that nothing is left of what a deleted Cluster held. What it sees for the first time it returns, so that the
 * run remembers it; what is known and still there is waited for, and helped where that is safe.
 *
 * @throws ApplicationFailure to wait: `ReleasePending`, and `ReleaseLeaked` after about a minute
 */
export async function confirmRelease(api: Api, input: ConfirmReleaseInput): Promise<ConfirmReleaseResult> {
  let looked: Looked
  try {
    looked = await lookUntilGone(api, input)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return unserved(input, error)
    throw error
  }
  const { sight, leftovers, held } = looked
  const isNews = held.length > input.held.length
  if (isStillThere(input, sight)) {
    if (isNews) return { next: 'wait', held, isGone: false }
    throw retryLater(releasePending, describePresent(input, sight))
  }
  if (leftovers.length === 0) return { next: 'released', held }
  if (input.goneSince === undefined || isNews) return { next: 'wait', held, isGone: true }
  throw await reasonToWait(api, input, sight, leftovers)
}

function describePresent(former: ClusterIdentity, { present }: ObservedRelease): string {
  const state = present?.isDeleting === true ? 'is still being deleted' : 'still exists'
  return `Cluster ${formatKey(former)} ${state}; what it holds is looked for when it is gone`
}

/** Helps where it can, and tells of all that is left. */
async function reasonToWait(
  api: HelpApi & Pick<ClusterApi, 'listIPPools'>,
  former: ConfirmReleaseInput,
  { present }: ObservedRelease,
  leftovers: readonly RemainingObject[],
): Promise<Error> {
  const pools = await knownPools(api, former.namespace)
  const now = Date.now()
  const around = { former, namesake: present, pools, now, goneForMs: now - (former.goneSince ?? now) }
  const verdicts = leftovers.map((leftover) => diagnoseRemaining(leftover, around))
  await Promise.all(leftovers.map((leftover, index) => help(api, leftover, verdicts[index]?.help)))
  const message = verdicts.map((verdict) => verdict.message).join('; ')
  return verdicts.some(({ isLeaked }) => isLeaked)
    ? actionRequired(releaseLeaked, message)
    : retryLater(releasePending, message)
}

async function knownPools(
  api: Pick<ClusterApi, 'listIPPools'>,
  namespace: string,
): Promise<readonly IPPool[] | undefined> {
  try {
    return await api.listIPPools(namespace)
  } catch (error) {
    if (isKubernetesError(error, 'notServed')) return undefined
    throw error
  }
}

/** All is conditional on the object as it was read, before the Cluster was seen to be gone. */
async function help(
  api: HelpApi,
  { kind, object }: RemainingObject,
  what: RemainingDiagnosis['help'] | undefined,
): Promise<void> {
  try {
    if (what === 'delete' && kind === 'IPAddressClaim') await api.deleteIPAddressClaim(object)
    if (what === 'delete' && kind === 'IPAddress') await api.deleteIPAddress(object)
    if (what === 'nudge') {
      const annotations = { [releaseCheckedAnnotation]: new Date().toISOString() }
      const { resourceVersion } = object
      await api.patchIPAddressClaim(object, { metadata: { resourceVersion, annotations } })
    }
  } catch (error) {
    // It has moved on, perhaps for good: the next attempt looks at it anew.
    if (!isKubernetesError(error, 'conflict', 'notFound')) throw error
  }
}

/** Kinds that are not served any more have no objects; but an API server that has just started does not know all at once. */
function unserved(
  { goneSince, held }: ConfirmReleaseInput,
  { message }: KubernetesError,
): ConfirmReleaseResult {
  if (goneSince === undefined) return { next: 'wait', held, isGone: true }
  if (Date.now() - goneSince < leakAfterMs) throw retryLater(releasePending, message)
  return { next: 'released', held, because: message }
}
