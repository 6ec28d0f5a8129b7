import type { AddressUse } from '../domain/allocation/address-holder.ts'
import type { IPAddress } from '../domain/model/ip-address.ts'
import type { IPAddressClaim } from '../domain/model/claim.ts'
import type { ClusterClass } from '../domain/model/cluster-class.ts'
import type { ClusterEvent } from '../domain/allocation/cluster-event.ts'
import type { Condition } from '../domain/model/condition.ts'
import type { Cluster, ClusterClassRef } from '../domain/model/cluster.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import type { JsonObject } from '../domain/model/decode.ts'
import type { JsonPatch } from '../domain/model/json-patch.ts'
import type { IPPool } from '../domain/model/pool.ts'
import type { Role } from '../domain/role.ts'

/**
 * The reads and writes the product makes on the management cluster, as facts of the domain. Users hold a
 * Pick of it. Every call is bounded in time and rejects with a KubernetesError; what does not exist reads
 * as undefined.
 */
export interface ClusterApi {
  getCluster(key: NamespacedName): Promise<Cluster | undefined>
  getClusterClass(ref: ClusterClassRef): Promise<ClusterClass | undefined>
  /** InClusterIPPools of the namespace and all GlobalInClusterIPPools. */
  listIPPools(namespace: string): Promise<readonly IPPool[]>
  getIPAddressClaim(key: NamespacedName): Promise<IPAddressClaim | undefined>
  /** Rejects with a conflict where the name is taken. `claim` has no apiVersion: the served one is put in. */
  createIPAddressClaim(claim: JsonObject): Promise<IPAddressClaim>
  /** JSON merge patch; with `metadata.resourceVersion` in it, rejects with a conflict if the claim moved on. */
  patchIPAddressClaim(key: NamespacedName, patch: JsonObject): Promise<IPAddressClaim>
  /** Deletes the claim as it was read: rejects with a conflict if it moved on. One that is gone is deleted. */
  deleteIPAddressClaim(claim: IPAddressClaim): Promise<void>
  getIPAddress(key: NamespacedName): Promise<IPAddress | undefined>
  /** IPAddresses in the Cluster's namespace that are labeled with its name. */
  listIPAddressesOf(cluster: NamespacedName): Promise<readonly IPAddress[]>
  /** Rejects with `alreadyExists` where the name is taken. `ipAddress` has no apiVersion: the served one is put in. */
  createIPAddress(ipAddress: JsonObject): Promise<IPAddress>
  /** Deletes the IPAddress as it was read: rejects with a conflict if it moved on. One that is gone is deleted. */
  deleteIPAddress(ipAddress: IPAddress): Promise<void>
  /**
   * All Clusters and IPAddresses (of the namespaces served), read after the call and consistently. Callers share a
   * reading that has not begun yet.
   */
  listAddressUse(): Promise<AddressUse>
  /** Through the version the Cluster was read in. Rejects with a conflict if a conditional patch comes too late. */
  patchCluster(cluster: Cluster, patch: JsonPatch): Promise<Cluster>
  /**
   * Says this about the Cluster in its `status.conditions`, and nothing else (`undefined`: nothing any more); conditions
   * of others stay. Each role has its own field manager, so that one does not remove what the other says. Rejects with a
   * conflict where the Cluster has moved on.
   */
  applyCondition(cluster: Cluster, role: Role, condition: Condition | undefined): Promise<void>
  /** Tells of an event; one that says the same as an earlier one becomes a series of it. */
  recordEvent(event: ClusterEvent): Promise<void>
}

/**
 * The management cluster as a step sees it: as it is, or as the watches of this process know it. What is known can be a
 * little older; a step writes only on conditions that the API server checks, or after a look at `anew`.
 */
export interface StepApi extends ClusterApi {
  /** As it is at this moment, in any case. */
  readonly anew: Pick<ClusterApi, 'getCluster' | 'getIPAddress'>
  /** All Clusters and IPAddresses that may have the same address, of which some may be gone. */
  addressUseBeside(own: IPAddress): Promise<AddressUse>
  listenToClaim(key: NamespacedName): ClaimListener
}

/** Hears of changes of one claim and its IPAddress. To be closed. */
export interface ClaimListener {
  /** Resolves when there may be something new since it was made, or since the last time; after a while in any case. */
  untilChange(): Promise<void>
  close(): void
}
