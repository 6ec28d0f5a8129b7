import { ipAddressClaimFrom } from '../domain/model/claim.ts'
import { clusterClassFrom } from '../domain/model/cluster-class.ts'
import { clusterFrom } from '../domain/model/cluster.ts'
import { objectOf } from '../domain/model/decode.ts'
import { dnsEndpointFrom } from '../domain/model/dns-endpoint.ts'
import { ipAddressFrom } from '../domain/model/ip-address.ts'
import { objectMetaFrom } from '../domain/model/object-meta.ts'
import { clusterGroup, dnsEndpointsGroup, eventsGroup, ipamGroup } from '../domain/names.ts'

/** A kind of object on the management cluster, and the versions that we can read, best first. */
export interface Resource {
  readonly group: string
  /** For paths and metrics, for example `ipaddressclaims`. */
  readonly plural: string
  readonly kind: string
  readonly namespaced: boolean
  readonly versions: readonly string[]
  /** The product to install if the kind is not served. */
  readonly provider: string
}

/** A kind whose objects we decode to a type of the domain. */
export interface DecodedResource<T> extends Resource {
  readonly decode: (object: unknown) => T
}

/** Cluster API core has v1beta2 since 1.11 and v1beta1 until 1.15. */
const core = { versions: ['v1beta2', 'v1beta1'], provider: 'Cluster API core' } as const
const capi = { group: clusterGroup, namespaced: true, ...core } as const
const ipam = { group: ipamGroup, namespaced: true, ...core } as const
const builtIn = { versions: ['v1'], provider: 'Kubernetes 1.19 or newer' } as const

export const resources = {
  clusters: { plural: 'clusters', kind: 'Cluster', decode: clusterFrom, ...capi },
  clusterclasses: { plural: 'clusterclasses', kind: 'ClusterClass', decode: clusterClassFrom, ...capi },
  ipaddressclaims: { plural: 'ipaddressclaims', kind: 'IPAddressClaim', decode: ipAddressClaimFrom, ...ipam },
  ipaddresses: { plural: 'ipaddresses', kind: 'IPAddress', decode: ipAddressFrom, ...ipam },
  dnsendpoints: {
    plural: 'dnsendpoints',
    kind: 'DNSEndpoint',
    decode: dnsEndpointFrom,
    group: dnsEndpointsGroup,
    namespaced: true,
    versions: ['v1alpha1'],
    provider: 'external-dns, with its source crd',
  },
  events: {
    plural: 'events',
    kind: 'Event',
    decode: objectOf,
    group: eventsGroup,
    namespaced: true,
    ...builtIn,
  },
  namespaces: {
    plural: 'namespaces',
    kind: 'Namespace',
    decode: objectMetaFrom,
    group: '',
    namespaced: false,
    ...builtIn,
  },
} as const satisfies Readonly<Record<string, DecodedResource<unknown>>>

/** The name of the CustomResourceDefinition, for messages; of a kind in the core group, the plural alone. */
export function crdNameOf({ plural, group }: Resource): string {
  return group === '' ? plural : `${plural}.${group}`
}

/** `group/version`, or the version alone in the core group. */
export function apiVersionOf({ group }: Pick<Resource, 'group'>, version: string): string {
  return group === '' ? version : `${group}/${version}`
}

/** The path of an API version. */
export function rootOf(apiVersion: string): string {
  return apiVersion.includes('/') ? `/apis/${apiVersion}` : `/api/${apiVersion}`
}

/**
 * The path of an object, or of a collection, on the API server.
 *
 * @param apiVersion as of `apiVersionOf`
 * @param at no namespace (or `""`): all namespaces, or a cluster-scoped kind; no name: the collection
 */
export function pathOf(
  resource: Pick<Resource, 'namespaced' | 'plural'>,
  apiVersion: string,
  at: { readonly namespace?: string; readonly name?: string },
): string {
  const namespace =
    resource.namespaced && at.namespace ? `/namespaces/${encodeURIComponent(at.namespace)}` : ''
  const name = at.name === undefined ? '' : `/${encodeURIComponent(at.name)}`
  return `${rootOf(apiVersion)}${namespace}/${resource.plural}${name}`
}
