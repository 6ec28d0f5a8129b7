/** The public names of this product that roles share (`role.ts` has the others), and the names of Cluster API that it reads. */

/** The prefix of all our labels, annotations and conditions. */
export const ownPrefix = 'vip.capi.gorizond.io'

/** Label (one class) or annotation (comma-separated list) on a pool: the ClusterClasses that it serves. */
export const clusterClassKey = `${ownPrefix}/cluster-class`
/** Label or annotation on a pool: the roles that it serves; label on a claim: its role. */
export const roleKey = `${ownPrefix}/role`
/** Annotation on a pool: integer, higher first. */
export const priorityAnnotation = `${ownPrefix}/priority`
/** Annotation on a global pool: comma-separated namespaces that may use it. */
export const namespacesAnnotation = `${ownPrefix}/namespaces`
/** Annotation on a global pool: label selector over the Namespaces that may use it, besides those that it lists. */
export const namespaceSelectorAnnotation = `${ownPrefix}/namespace-selector`
/** Annotation on a pool: name of the network that its addresses are on. Equal addresses on two networks are no duplicates. */
export const networkAnnotation = `${ownPrefix}/network`
/** Annotation on a pool: how long a released address is kept for its Cluster; on a claim: the same, as its pool said it last. */
export const retainAnnotation = `${ownPrefix}/retain`
/** Annotation on a claim that outlives its Cluster, and so has no owner: the uid of the Cluster that has it. */
export const clusterUidAnnotation = `${ownPrefix}/cluster-uid`
/** Annotation on such a claim: when its Cluster was found to be gone (RFC 3339). */
export const keptSinceAnnotation = `${ownPrefix}/kept-since`
/** Annotation on such a claim: until when it is kept (RFC 3339), or `always`. */
export const keptUntilAnnotation = `${ownPrefix}/kept-until`
/** Annotation on a pool: comma-separated TCP ports at which no address may answer that is assigned for the first time. */
export const probePortsAnnotation = `${ownPrefix}/probe-ports`
/** Annotation on a pool: comma-separated addresses that are assigned without a probe. */
export const probeExceptAnnotation = `${ownPrefix}/probe-except`
/** Annotation on a reservation: what answered at the address, and when. */
export const inUseAnnotation = `${ownPrefix}/in-use`
/**
 * Annotation on a Cluster, or else on its ClusterClass: the address families of its VIPs, the preferred one first. Two make every
 * VIP a pair.
 */
export const ipFamiliesAnnotation = `${ownPrefix}/ip-families`
/** Annotation beside it: what becomes of the first address of a pair while there is no second one. */
export const ipFamiliesPolicyAnnotation = `${ownPrefix}/ip-families-policy`
/** Label on the claims of a pair: the family of the address. */
export const ipFamilyLabel = `${ownPrefix}/ip-family`
/** Annotation on a Cluster: comma-separated addresses that its claims were given although others have them. */
export const duplicateAddressesAnnotation = `${ownPrefix}/duplicate-addresses`
/** Annotation on a Cluster: `"true"` has an endpoint that was set by hand reserved in the pool that has its address. */
export const reserveEndpointAnnotation = `${ownPrefix}/reserve-endpoint`
/** Label on a ClusterRole whose permissions the allocator gets besides its own, by aggregation. */
export const aggregateLabel = `${ownPrefix}/aggregate-to-capi-vip-allocator`
/** Annotation on a claim: the pools that were tried before its own, and that one, as JSON. */
export const triedPoolsAnnotation = `${ownPrefix}/tried-pools`
/** Annotation on a Cluster: integer, higher first among the Clusters that wait for the same addresses. */
export const queuePriorityAnnotation = `${ownPrefix}/queue-priority`
/** Label on an IPAddress that only keeps a duplicate out of circulation: the name of its Cluster. */
export const reservedByLabel = `${ownPrefix}/reserved-by`

/** Annotation on a claim whose deletion hangs: when we last touched it (RFC 3339), so that its IPAM provider reconciles it. */
export const releaseCheckedAnnotation = `${ownPrefix}/release-checked`

/** Cluster API: label on everything that belongs to a Cluster. */
export const clusterNameLabel = 'cluster.x-k8s.io/cluster-name'
/** Cluster API: label that restricts a provider to some objects. */
export const watchFilterLabel = 'cluster.x-k8s.io/watch-filter'
/** Cluster API: annotation that pauses an object, whatever its value. */
export const pausedAnnotation = 'cluster.x-k8s.io/paused'
/** Cluster API: annotation on objects that `clusterctl move` deletes after it has moved them; nothing of them is released. */
export const deleteForMoveAnnotation = 'clusterctl.cluster.x-k8s.io/delete-for-move'

/** Cluster API: label on an object that `clusterctl move` takes along with what it owns, although no Cluster owns it. */
export const moveLabel = 'clusterctl.cluster.x-k8s.io/move-hierarchy'

/** API group of Cluster and ClusterClass. */
export const clusterGroup = 'cluster.x-k8s.io'
/** API group of IPAddressClaim, IPAddress and the in-cluster pools. */
export const ipamGroup = 'ipam.cluster.x-k8s.io'
/** API group of the DNSEndpoints of external-dns. */
export const dnsEndpointsGroup = 'externaldns.k8s.io'
/** API group of events. */
export const eventsGroup = 'events.k8s.io'

/** Default port of an API server. */
export const defaultApiServerPort = 6443
/** Default task queue of workflows and activities. */
export const defaultTaskQueue = 'capi-vip-allocator'
/** Owner of the fields that this product writes. */
export const fieldManager = 'capi-vip-allocator'
/** `reportingController` of events.k8s.io/v1, which has to be a qualified name. */
export const eventReporter = `${ownPrefix}/allocator`
