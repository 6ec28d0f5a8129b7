import {
  buildIPAddressClaim,
  claimMetadataFor,
  clusterOwning,
  retainedFor,
  type ClusterIdentity,
  type IPAddressClaim,
} from './claim.ts'
import type { Cluster } from './cluster.ts'
import { objectOf, type JsonObject } from './decode.ts'
import { formatKey } from './object-meta.ts'
import type { IPPoolReference } from './pool.ts'
import { always, none } from './retain.ts'
import {
  clusterUidAnnotation,
  keptSinceAnnotation,
  keptUntilAnnotation,
  moveLabel,
  retainAnnotation,
} from '../names.ts'
import { shortened } from '../quote.ts'
import type { AddressFamily } from './address-text.ts'
import type { VipPart } from '../role.ts'
import { leakAfterMs } from '../timings.ts'

/*
 * A pool may retain addresses. A claim on it has no owner, so that it outlives its Cluster, which it names in an annotation.
 * When the Cluster is gone, the claim gets the time until which it is kept: all that a later decision needs is on the claim.
 * A claim that its IPAM provider keeps, for the pool's reuse grace period, is another matter: see kept-claim.ts.
 */

/** What a claim has been made for: the text of its pool, or `none`. */
export function recordedRetain(claim: IPAddressClaim): string {
  return retainedFor(claim) === undefined ? none : (claim.annotations[retainAnnotation] ?? '')
}

/**
 * What the Cluster's own claim has to be made for, if that is something else than now. A claim that others own too stays as it
 * is: it would not go with its Cluster anyway.
 *
 * @param wanted as `retainOf` its pool says; undefined: nobody knows
 */
export function retainChangeOf(claim: IPAddressClaim, wanted: string | undefined): string | undefined {
  if (wanted === undefined || wanted === recordedRetain(claim)) return undefined
  const owners = retainedFor(claim) === undefined ? 1 : 0
  return claim.ownerReferences.length === owners ? wanted : undefined
}

/** The IPAddressClaim to create. @param retain as `retainOf` its pool says; absent: `none` */
export function buildClaim(
  cluster: Cluster,
  part: VipPart,
  claim: {
    readonly poolRef: IPPoolReference
    readonly claimName: string
    readonly retain?: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly family?: AddressFamily
  },
): JsonObject {
  const { poolRef, claimName, retain = none, family, annotations: wanted } = claim
  const object = buildIPAddressClaim(cluster, part, poolRef, claimName, family, wanted)
  if (retain === none) return object
  const { ownerReferences: _owner, labels, annotations, ...metadata } = objectOf(object['metadata'])
  return {
    ...object,
    metadata: {
      ...metadata,
      labels: { ...objectOf(labels), [moveLabel]: '' },
      annotations: {
        ...objectOf(annotations),
        [clusterUidAnnotation]: cluster.uid,
        [retainAnnotation]: retain,
      },
    },
  }
}

/** The metadata by which a claim of the Cluster becomes one that is made for something else, as a merge patch. */
export function retainMetadata(cluster: Cluster, part: VipPart, retain: string): JsonObject {
  const isRetained = retain !== none
  return {
    ownerReferences: isRetained ? [] : [claimMetadataFor(cluster, part).ownerReference],
    labels: { [moveLabel]: isRetained ? '' : null },
    annotations: {
      [clusterUidAnnotation]: isRetained ? cluster.uid : null,
      [retainAnnotation]: isRetained ? retain : null,
      ...unmarked,
    },
  }
}

/** The metadata by which a claim becomes the Cluster's: one without owner, or one that was kept for it. */
export function adoptionMetadata(
  cluster: Cluster,
  part: VipPart,
  { claim, family }: { readonly claim: IPAddressClaim; readonly family?: AddressFamily },
): JsonObject {
  const { labels, ownerReference } = claimMetadataFor(cluster, part, family)
  return retainedFor(claim) === undefined
    ? { labels, ownerReferences: [ownerReference] }
    : { labels, annotations: { [clusterUidAnnotation]: cluster.uid, ...unmarked } }
}

const unmarked = { [keptSinceAnnotation]: null, [keptUntilAnnotation]: null }

/** RFC 3339, or `always` for an infinite time. */
export function timeOf(ms: number): string {
  return Number.isFinite(ms) ? `${new Date(ms).toISOString().slice(0, -5)}Z` : always
}

/** A claim that has outlived its Cluster. */
export interface RetainedClaim {
  readonly claim: IPAddressClaim
  readonly keptFor: ClusterIdentity
  /** RFC 3339, or `always`; undefined: it is not recorded yet. */
  readonly until: string | undefined
}

/** Whose claim is kept and until when; undefined if it goes with its Cluster, or is being deleted. */
export function retainedClaimOf(claim: IPAddressClaim): RetainedClaim | undefined {
  const keptFor = retainedFor(claim) === undefined ? undefined : clusterOwning(claim)
  if (keptFor === undefined || claim.isDeleting) return undefined
  return { claim, keptFor, until: claim.annotations[keptUntilAnnotation] }
}

/** Whether a claim is still there although its time has been over for so long that somebody should have released it. */
export function isOverdue({ annotations }: IPAddressClaim, now: number): boolean {
  const until = Date.parse(annotations[keptUntilAnnotation] ?? '')
  return !Number.isNaN(until) && now - until > leakAfterMs
}

/** `kept for clusters/blue until 2026-12-01T10:00:00Z`. @param until RFC 3339 or `always` */
export function describeKept(keptFor: ClusterIdentity, until: string | number | undefined): string {
  const text = typeof until === 'number' ? timeOf(until) : until
  const end =
    text === undefined ? '' : text === always ? ' until a person releases it' : ` until ${shortened(text)}`
  return `kept for ${formatKey(keptFor)}${end}`
}
