import type { IPAddress } from '../model/ip-address.ts'
import type { ClusterIdentity, IPAddressClaim } from '../model/claim.ts'
import type { Cluster } from '../model/cluster.ts'
import { ipamGroup } from '../names.ts'
import { formatKey, hasPausedAnnotation } from '../model/object-meta.ts'
import { formatPool, type IPPool } from '../model/pool.ts'
import { isOrphanOf, type RemainingObject } from './release.ts'

/** Milliseconds after which what a Cluster has left behind counts as leaked. Providers need far less. */
export const leakAfterMs = 50_000

/** Milliseconds that are given to the garbage collector to delete what a Cluster has left behind. */
export const collectWithinMs = 15_000

/** What is known beside an object that was left behind. */
export interface ReleaseSurroundings {
  readonly former: ClusterIdentity
  /** The Cluster that has the name now. */
  readonly namesake: Cluster | undefined
  /** Those a claim in the namespace can be on; undefined where there is no such kind. */
  readonly pools: readonly IPPool[] | undefined
  /** Milliseconds since the epoch. */
  readonly now: number
  /** Milliseconds since the Cluster was first seen to be gone. */
  readonly goneForMs: number
}

/** Why an object that was left behind is still there. */
export interface RemainingDiagnosis {
  /**
   * What is done about it: `delete` what nobody deleted, `nudge` a provider that may not have been told, or nothing,
   * since others are about to act or have to.
   */
  readonly help: 'delete' | 'nudge' | 'none'
  readonly isLeaked: boolean
  /** Which object, what holds it, and what to do. */
  readonly message: string
}

interface Cause {
  readonly help: RemainingDiagnosis['help']
  readonly because: string
  /** Somebody configured it to last. */
  readonly isIntended?: boolean
}

/** Decides about an object of a Cluster that is gone. */
export function diagnoseRemaining(
  leftover: RemainingObject,
  around: ReleaseSurroundings,
): RemainingDiagnosis {
  const { help, because, isIntended = false } = causeOf(leftover, around)
  const isLeaked = around.goneForMs >= leakAfterMs && !isIntended
  const message = `${isLeaked ? 'leaked: ' : ''}${describe(leftover, around)}: ${because}`
  return { help, isLeaked, message }
}

function causeOf(leftover: RemainingObject, around: ReleaseSurroundings): Cause {
  const { kind, object } = leftover
  if (!object.isDeleting && isOrphanOf(around.former.uid, object, around.namesake)) return orphan(around)
  if (kind === 'IPAddress') return withoutClaim(object)
  return object.isDeleting ? heldClaim(object, around) : ownedByOthers
}

function orphan({ goneForMs }: ReleaseSurroundings): Cause {
  return goneForMs < collectWithinMs
    ? { help: 'none', because: 'the garbage collector has not deleted it yet' }
    : { help: 'delete', because: 'the garbage collector has missed it, so it is deleted now' }
}

const ownedByOthers: Cause = {
  help: 'none',
  because: 'it has other owners, so that it does not go with its Cluster; delete it if it is not needed',
}

/** Why the provider keeps a claim. It knows Clusters by name, and lets go of nothing where one is paused. */
function heldClaim(object: IPAddressClaim, { namesake, pools, now }: ReleaseSurroundings): Cause {
  const name = formatPool(object.poolRef)
  const pool = pools?.find((each) => formatPool(each) === name)
  if (hasPausedAnnotation(object)) return { help: 'none', because: 'it is paused; unpause it' }
  if (pool?.isPaused === true) return { help: 'none', because: `${name} is paused; unpause it` }
  if (namesake?.isPaused === true) {
    const because = `the Cluster that has the name ${formatKey(namesake)} now is paused, and the IPAM provider waits for it; unpause it`
    return { help: 'none', because }
  }
  const grace = pool?.reuseGraceSeconds ?? 0
  if (grace > 0 && deletedForMs(object.deletionTimestamp, now) < grace * 1000 + leakAfterMs) {
    const because = `addressReuseGracePeriodSeconds of ${name} keeps it for ${grace} s`
    return { help: 'none', because, isIntended: true }
  }
  const advice =
    pools === undefined
      ? 'the in-cluster IPAM provider, whose pools are not served, has to be installed again'
      : 'see whether the IPAM provider runs'
  return { help: 'nudge', because: `who set that has to let go; ${advice}` }
}

/** Providers look at claims, and at an IPAddress only because of its claim. Kubernetes has an IPAddress of its own. */
function withoutClaim({ namespace, name, isDeleting }: IPAddress): Cause {
  const kubectl = (verb: string, more: string): string =>
    `kubectl ${verb} ipaddresses.${ipamGroup} -n ${namespace} ${name}${more}`
  const patch = kubectl('patch', ` --type=merge -p '{"metadata":{"finalizers":null}}'`)
  const command = isDeleting ? patch : `${patch} && ${kubectl('delete', '')}`
  return {
    help: 'none',
    because: `no claim is there for which the IPAM provider would let go of it; ${command}`,
  }
}

/** Finalizers that a message names. */
const shown = 3

/** `IPAddressClaim clusters/vip-cp-demo (10.0.0.10) of the former Cluster clusters/demo, in deletion for 12 s, held by …` */
function describe({ kind, object, held }: RemainingObject, { former, now }: ReleaseSurroundings): string {
  const address = held.address === undefined ? '' : ` (${held.address})`
  const what = `${kind} ${formatKey(object)}${address} of the former Cluster ${formatKey(former)}`
  if (!object.isDeleting) return `${what} is not being deleted`
  const seconds = Math.round(deletedForMs(object.deletionTimestamp, now) / 1000)
  const { finalizers } = object
  const more = finalizers.length > shown ? ` and ${finalizers.length - shown} more` : ''
  return `${what} has been in deletion for ${seconds} s, held by ${finalizers.slice(0, shown).join(', ') || 'nothing'}${more}`
}

/** Clocks differ. */
function deletedForMs(deletionTimestamp: string | undefined, now: number): number {
  return deletionTimestamp === undefined ? 0 : Math.max(0, now - Date.parse(deletionTimestamp))
}
