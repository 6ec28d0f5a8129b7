import { clusterGroup, eventsGroup, ipamGroup } from '../domain/names.ts'

/** A kind of object on the management cluster, and the versions of it this product can read, best first. */
export interface Resource {
  readonly group: string
  /** As in paths and metrics, for example `ipaddressclaims`. */
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  readonly versions: readonly string[]
  /** What a person installs to have the kind served. */
  readonly provider: string
}

/** Cluster API core's kinds: v1beta2 since 1.11, v1beta1 until 1.15. */
const core = { versions: ['v1beta2', 'v1beta1'], provider: 'Cluster API core' }
/** The pools have versions of their own in the group that core's claims and addresses are in. */
const inCluster = { versions: ['v1alpha2', 'v1alpha1'], provider: 'the in-cluster IPAM provider' }

/** Kubernetes' own. */
const builtIn = { versions: ['v1'], provider: 'Kubernetes 1.19 or newer' }

export const resources = {
  clusters: { group: clusterGroup, plural: 'clusters', kind: 'Cluster', namespaced: true, ...core },
  clusterclasses: {
    group: clusterGroup,
    plural: 'clusterclasses',
    kind: 'ClusterClass',
    namespaced: true,
    ...core,
  },
  ipaddressclaims: {
    group: ipamGroup,
    plural: 'ipaddressclaims',
    kind: 'IPAddressClaim',
    namespaced: true,
    ...core,
  },
  ipaddresses: { group: ipamGroup, plural: 'ipaddresses', kind: 'IPAddress', namespaced: true, ...core },
  inclusterippools: {
    group: ipamGroup,
    plural: 'inclusterippools',
    kind: 'InClusterIPPool',
    namespaced: true,
    ...inCluster,
  },
  globalinclusterippools: {
    group: ipamGroup,
    plural: 'globalinclusterippools',
    kind: 'GlobalInClusterIPPool',
    namespaced: false,
    ...inCluster,
  },
  events: { group: eventsGroup, plural: 'events', kind: 'Event', namespaced: true, ...builtIn },
} as const satisfies Readonly<Record<string, Resource>>

/** The resource of each kind of pool. */
export const poolResources = {
  InClusterIPPool: resources.inclusterippools,
  GlobalInClusterIPPool: resources.globalinclusterippools,
} as const

/** Name of the CustomResourceDefinition, as an error shows it. */
export function crdNameOf(resource: Resource): string {
  return `${resource.plural}.${resource.group}`
}

/**
 * The path of a kind's objects, or of one of them, on the API server.
 *
 * @param apiVersion `group/version`
 * @param at no namespace (or `""`): all namespaces, or a cluster-scoped kind; no name: the collection
 */
export function pathOf(
  resource: Resource,
  apiVersion: string,
  at: { readonly namespace?: string; readonly name?: string },
): string {
  const namespace =
    resource.namespaced && at.namespace ? `/namespaces/${encodeURIComponent(at.namespace)}` : ''
  const name = at.name === undefined ? '' : `/${encodeURIComponent(at.name)}`
  return `/apis/${apiVersion}${namespace}/${resource.plural}${name}`
}
