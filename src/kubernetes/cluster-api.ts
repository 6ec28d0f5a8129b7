import type { AddressUse, WaitingQueue } from '../domain/allocation/action.ts'
import type { IPAddress } from '../domain/model/ip-address.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import type { ClusterEvent } from '../domain/allocation/cluster-event.ts'
import type { Condition, Cluster } from '../domain/model/cluster.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { JsonObject } from '../domain/model/decode.ts'
import type { DnsEndpoint } from '../domain/model/dns-endpoint.ts'
import type { JsonPatch } from '../domain/model/json-patch.ts'
import type { IPPool, IPPoolReference } from '../domain/model/pool.ts'
import type { Role } from '../domain/role.ts'

/**
 * The product's reads and writes on the management cluster, in types of the domain. Callers hold a Pick of it. Every call
 * is bounded in time and rejects with a KubernetesError. An object that does not exist reads as undefined.
 *
 * The live implementation sends every call to the API server. The cached one serves reads from informers and rejects with
 * a StaleCacheError if they are not good enough; `cached-cluster-api.ts` proves that this is safe. A `Live` method reads
 * from the API server in either implementation.
 */
export interface ClusterApi {
  getCluster(key: NamespacedName): Promise<Cluster | undefined>
  getClusterLive(key: NamespacedName): Promise<Cluster | undefined>
  getClusterClass(ref: NamespacedName): Promise<ClusterClass | undefined>
  /** The pools that Clusters of the namespace can use, as of `poolsUsableBy`. */
  listIPPools(namespace: string): Promise<readonly IPPool[]>
  /** Whether pools of a kind of another IPAM provider are in namespaces; undefined if the API server does not say so. */
  scopeOfKind(kind: Pick<IPPoolReference, 'apiGroup' | 'kind'>): Promise<KindScope | undefined>
  getIPAddressClaim(key: NamespacedName): Promise<IPAddressClaim | undefined>
  /** The claims in the Cluster's namespace that are labeled with its name. */
  listClaimsOf(cluster: NamespacedName): Promise<readonly IPAddressClaim[]>
  /** Rejects with `alreadyExists` if the name is taken. Sets the served apiVersion. */
  createIPAddressClaim(claim: JsonObject): Promise<IPAddressClaim>
  /** Applies a JSON merge patch. If it has a `metadata.resourceVersion`, rejects with a conflict if the claim has changed. */
  patchIPAddressClaim(key: NamespacedName, patch: JsonObject): Promise<IPAddressClaim>
  /** Deletes the claim as it was read: rejects with a conflict if it has changed, succeeds if it is gone. */
  deleteIPAddressClaim(claim: IPAddressClaim): Promise<void>
  getIPAddress(key: NamespacedName): Promise<IPAddress | undefined>
  getIPAddressLive(key: NamespacedName): Promise<IPAddress | undefined>
  /** The IPAddresses in the Cluster's namespace that are labeled with its name. */
  listIPAddressesOf(cluster: NamespacedName): Promise<readonly IPAddress[]>
  /** Rejects with `alreadyExists` if the name is taken. Sets the served apiVersion. */
  createIPAddress(ipAddress: JsonObject): Promise<IPAddress>
  /** Deletes the IPAddress as it was read: rejects with a conflict if it has changed, succeeds if it is gone. */
  deleteIPAddress(ipAddress: IPAddress): Promise<void>
  /** All Clusters and IPAddresses of the namespaces served, listed after the call. Callers share a list that has not begun. */
  listAddressUse(): Promise<AddressUse>
  /** At least the Clusters and IPAddresses that use the address of this IPAddress; some of them may be gone. */
  listAddressUseOf(own: IPAddress): Promise<AddressUse>
  /** Who waits for addresses, as it was a moment ago. */
  readWaitingQueue(): Promise<WaitingQueue>
  /** How many VIPs are waited for; undefined if that takes a request. */
  countWaiting(): number | undefined
  /** Watches one claim and its IPAddress. */
  listenToClaim(key: NamespacedName): ClaimListener
  /** Uses the apiVersion that the Cluster was read in. Rejects with a conflict if the patch is conditional and too late. */
  patchCluster(cluster: Cluster, patch: JsonPatch): Promise<Cluster>
  /**
   * Sets the role's condition in the Cluster's `status.conditions`, or removes it (`undefined`). Each role has its own field
   * manager, so other conditions stay. Rejects with a conflict if the Cluster has changed.
   */
  applyCondition(cluster: Cluster, role: Role, condition: Condition | undefined): Promise<void>
  getDnsEndpoint(key: NamespacedName): Promise<DnsEndpoint | undefined>
  /** Makes a DNSEndpoint as given, also fields that others have written. Sets the served apiVersion. */
  applyDnsEndpoint(dnsEndpoint: JsonObject): Promise<void>
  /** Emits an event. A repeated event continues the series of the earlier one. */
  recordEvent(event: ClusterEvent): Promise<void>
}

/** Of the objects of a kind. */
export type KindScope = 'namespaced' | 'cluster' | 'not-served'

/** Must be closed. */
export interface ClaimListener {
  /** Resolves after a change since the listener was created or since the last call, or after half a second at most. */
  untilChange(): Promise<void>
  close(): void
}
