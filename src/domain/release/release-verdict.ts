import { deletedForMs, isInGracePeriod, whyKept } from './kept-claim.ts'
import { isOrphanOf, type RemainingObject } from './release.ts'
import type { ClusterIdentity, IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import type { IPAddress } from '../model/ip-address.ts'
import { formatKey } from '../model/object-meta.ts'
import type { IPPool } from '../model/pool.ts'
import { ipamGroup } from '../names.ts'
import { few } from '../quote.ts'
import { leakAfterMs } from '../timings.ts'

/** Milliseconds that the garbage collector has to delete an object of a deleted Cluster. */
export const collectWithinMs = 15_000

/** What a diagnosis depends on, besides the object. */
export interface ReleaseContext {
  readonly deleted: ClusterIdentity
  /** A Cluster that was recreated under the same name. */
  readonly recreated: Cluster | undefined
  /** Those a claim in the namespace can be on; undefined if no such kind is served. */
  readonly pools: readonly IPPool[] | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds since the Cluster was first found to be gone. */
  readonly goneForMs: number
}

/** Why an object of a deleted Cluster is still there. */
export interface RemainingDiagnosis {
  /** `touch`: change the object so that its provider reconciles it; `none`: others have to act, or are about to. */
  readonly remedy: 'delete' | 'touch' | 'none'
  readonly isLeaked: boolean
  /** Which object, what holds it, and what to do. */
  readonly message: string
}

interface Cause {
  readonly remedy: RemainingDiagnosis['remedy']
  readonly because: string
  /** Somebody configured it to last. */
  readonly isIntended?: boolean
}

export function diagnoseRemaining(remaining: RemainingObject, context: ReleaseContext): RemainingDiagnosis {
  const { remedy, because, isIntended = false } = causeOf(remaining, context)
  const isLeaked = context.goneForMs >= leakAfterMs && !isIntended
  const message = `${isLeaked ? 'leaked: ' : ''}${describe(remaining, context)}: ${because}`
  return { remedy, isLeaked, message }
}

function causeOf({ kind, object }: RemainingObject, context: ReleaseContext): Cause {
  const { deleted, recreated } = context
  if (!object.isDeleting && isOrphanOf(deleted.uid, object, recreated)) return orphan(context)
  if (kind === 'IPAddress') return withoutClaim(object)
  return object.isDeleting ? heldClaim(object, context) : ownedByOthers
}

function orphan({ goneForMs }: ReleaseContext): Cause {
  return goneForMs < collectWithinMs
    ? { remedy: 'none', because: 'the garbage collector has not deleted it yet' }
    : { remedy: 'delete', because: 'the garbage collector has missed it, so it is deleted now' }
}

const ownedByOthers: Cause = {
  remedy: 'none',
  because: 'it has other owners, so that it does not go with its Cluster; delete it if it is not needed',
}

/** Why the provider keeps a claim. It finds Clusters by name, and releases nothing of a paused one. */
function heldClaim(object: IPAddressClaim, { recreated, pools, now }: ReleaseContext): Cause {
  const keeping = whyKept(object, pools ?? [])
  if (keeping?.by === 'pause') return { remedy: 'none', because: keeping.because }
  if (recreated?.isPaused === true) {
    const because = `the Cluster that has the name ${formatKey(recreated)} now is paused, and the IPAM provider waits for it; unpause it`
    return { remedy: 'none', because }
  }
  if (keeping !== undefined && isInGracePeriod(object, pools ?? [], now)) {
    return { remedy: 'none', because: keeping.because, isIntended: true }
  }
  const advice =
    pools === undefined
      ? 'the in-cluster IPAM provider, whose pools are not served, has to be installed again'
      : 'see whether the IPAM provider runs'
  return { remedy: 'touch', because: `who set that has to let go; ${advice}` }
}

/** Providers reconcile claims, and an IPAddress only with its claim. Kubernetes has an IPAddress of its own. */
function withoutClaim({ namespace, name, isDeleting }: IPAddress): Cause {
  const kubectl = (verb: string, more: string): string =>
    `kubectl ${verb} ipaddresses.${ipamGroup} -n ${namespace} ${name}${more}`
  const patch = kubectl('patch', ` --type=merge -p '{"metadata":{"finalizers":null}}'`)
  const command = isDeleting ? patch : `${patch} && ${kubectl('delete', '')}`
  return {
    remedy: 'none',
    because: `no claim is there for which the IPAM provider would let go of it; ${command}`,
  }
}

function describe({ kind, object, held }: RemainingObject, { deleted, now }: ReleaseContext): string {
  const address = held.address === undefined ? '' : ` (${held.address})`
  const what = `${kind} ${formatKey(object)}${address} of the former Cluster ${formatKey(deleted)}`
  if (!object.isDeleting) return `${what} is not being deleted`
  const seconds = Math.round(deletedForMs(object, now) / 1000)
  const holders = few(object.finalizers, 3) || 'nothing'
  return `${what} has been in deletion for ${seconds} s, held by ${holders}`
}
