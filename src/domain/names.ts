/** Every name the product shows to the outside, and every name of Cluster API it reads. */

const prefix = 'vip.capi.gorizond.io'

/** What stands before the slash in every label and annotation of the product's own. */
export const ownPrefix = prefix

/** Label (one class) or annotation (comma-separated list) on a pool: whose VIPs it holds. */
export const clusterClassKey = `${prefix}/cluster-class`
/** Label or annotation on a pool (which roles it serves), label on a claim (which role it is for). */
export const roleKey = `${prefix}/role`
/** Annotation on a pool: integer, higher first. */
export const priorityAnnotation = `${prefix}/priority`
/** Annotation on a global pool: comma-separated namespaces that may use it. */
export const namespacesAnnotation = `${prefix}/namespaces`
/** Annotation on a Cluster: `[Kind/]name` of the one pool its control-plane VIP comes from. */
export const controlPlanePoolAnnotation = `${prefix}/control-plane-pool`
/** Annotation on a Cluster: `[Kind/]name` of the one pool its ingress VIP comes from. */
export const ingressPoolAnnotation = `${prefix}/ingress-pool`
/** Annotation on a Cluster: the control-plane VIP this product assigned. */
export const controlPlaneVipAnnotation = `${prefix}/control-plane-vip`
/** Annotation on a Cluster: the ingress VIP this product assigned. */
export const ingressVipAnnotation = `${prefix}/ingress-vip`
/** Annotation on a Cluster: `"true"` or `"false"`; absent: a matching ingress pool decides. */
export const ingressEnabledAnnotation = `${prefix}/ingress-enabled`
/** Annotation on a Cluster: addresses its claims were given and others have; comma-separated, never assigned to it. */
export const duplicateAddressesAnnotation = `${prefix}/duplicate-addresses`
/** Label on an IPAddress that only keeps a duplicate out of circulation: the name of the Cluster that met it. */
export const reservedByLabel = `${prefix}/reserved-by`

/**
 * Annotation on a claim that is being deleted and does not go: when we last looked (RFC 3339). The change makes an IPAM
 * provider look at it that was not told that it may let go.
 */
export const releaseCheckedAnnotation = `${prefix}/release-checked`

/** Condition on a Cluster: whether it has its control-plane VIP, and why not. */
export const controlPlaneVipCondition = `${prefix}/ControlPlaneVIPReady`
/** Condition on a Cluster: whether it has its ingress VIP, and why not. */
export const ingressVipCondition = `${prefix}/IngressVIPReady`

/** Cluster API: label on everything that belongs to a Cluster. */
export const clusterNameLabel = 'cluster.x-k8s.io/cluster-name'
/** Cluster API: label by which a provider can be confined to some objects. */
export const watchFilterLabel = 'cluster.x-k8s.io/watch-filter'
/** Cluster API: annotation that pauses an object, whatever its value. */
export const pausedAnnotation = 'cluster.x-k8s.io/paused'
/** Cluster API: annotation on what `clusterctl move` deletes on the side it leaves; nothing of it is given up. */
export const deleteForMoveAnnotation = 'clusterctl.cluster.x-k8s.io/delete-for-move'

/** API group of Cluster and ClusterClass. */
export const clusterGroup = 'cluster.x-k8s.io'
/** API group of IPAddressClaim, IPAddress and the in-cluster pools. */
export const ipamGroup = 'ipam.cluster.x-k8s.io'

/** API group of events. */
export const eventsGroup = 'events.k8s.io'

/** Port of an API server where nobody names another. */
export const defaultApiServerPort = 6443
/** Task queue that workflows and activities run on, unless configured. */
export const defaultTaskQueue = 'capi-vip-allocator'
/** Owner of the fields this product writes. */
export const fieldManager = 'capi-vip-allocator'
/** Who reports events: `reportingController` of events.k8s.io/v1, which has to be a qualified name. */
export const eventReporter = `${prefix}/allocator`
