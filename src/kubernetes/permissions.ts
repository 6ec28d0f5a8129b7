import { identifyingNamespace } from '../domain/management-cluster.ts'
import { inClusterPoolKinds } from '../domain/model/pool-kinds.ts'
import type { Verb } from './transport/api-request.ts'
import { lossWithoutPools, poolResourceOf } from './pool-resources.ts'
import { resources, type Resource } from './resources.ts'

/** A permission that the allocator uses. */
export interface Permission {
  readonly verb: string
  readonly group: string
  /** Plural, with a subresource if there is one: `clusters/status`. */
  readonly resource: string
  /** The only object, and its namespace, that the allocator needs; absent: any, in all namespaces that it serves. */
  readonly only?: { readonly namespace: string; readonly name: string }
  readonly isClusterScoped?: true
  /** A Role in a namespace that is served grants it, for the Namespace itself. */
  readonly ofNamespace?: true
  /** The effect of not having it, if everything else still works. */
  readonly optional?: string
  /** It is optional only as long as another permission with this word is granted. */
  readonly alternative?: 'pools'
}

const noDnsName = 'VIPs get no DNS name'

/** Every permission the allocator uses, whatever its settings. A test compares them with the ClusterRole in deploy/manifests and the requests. */
export const neededPermissions: readonly Permission[] = [
  ...permissions(resources.clusters, ['get', 'list', 'watch', 'patch']),
  {
    verb: 'patch',
    group: resources.clusters.group,
    resource: 'clusters/status',
    optional: 'Clusters get no conditions',
  },
  {
    verb: 'update',
    group: resources.clusters.group,
    resource: 'clusters/finalizers',
    optional:
      'an API server with the admission plugin OwnerReferencesPermissionEnforcement refuses its claims',
  },
  ...permissions(resources.clusterclasses, ['get', 'list', 'watch'], {
    list: 'Clusters whose ClusterClass may not be read one by one get no VIP, and changes of classes are noticed half a minute late',
  }),
  ...permissions(resources.ipaddressclaims, ['get', 'list', 'watch', 'create', 'patch', 'delete']),
  ...permissions(resources.ipaddresses, ['get', 'list', 'watch', 'create', 'delete']),
  ...inClusterPoolKinds.map(poolResourceOf).flatMap(poolPermissions),
  ...permissions(resources.events, ['get', 'create', 'patch']).map((permission) => ({
    ...permission,
    optional: 'Clusters get no events',
  })),
  ...namespacePermissions(),
  {
    verb: 'get',
    group: '',
    resource: 'namespaces',
    // A Namespace counts as in itself, so a Role in it permits this, too.
    only: { namespace: identifyingNamespace, name: identifyingNamespace },
    optional:
      'runs do not name their management cluster, so another one must not use the same Temporal namespace',
  },
]

/** The permissions that the allocator uses only where VIPs have DNS names. */
export const dnsPermissions: readonly Permission[] = permissions(
  resources.dnsendpoints,
  ['get', 'list', 'watch', 'create', 'patch'],
  {
    get: noDnsName,
    list: 'a DNSEndpoint that somebody changes or deletes is not mended',
    create: noDnsName,
    patch: noDnsName,
  },
)

/** The permissions on the ClusterClasses of Clusters, which may be in other namespaces. */
export const classPermissions = neededPermissions.filter(
  ({ resource }) => resource === resources.clusterclasses.plural,
)

/** The permissions on a kind of pools, one of which is enough. */
export function poolPermissions(resource: Resource): readonly Permission[] {
  return permissions(resource, ['list', 'watch'], { list: lossWithoutPools(resource) }).map((permission) => ({
    ...permission,
    alternative: 'pools' as const,
  }))
}

/** The same for the kinds of pools of an installation. */
export function permissionsWith(pools: readonly Resource[]): readonly Permission[] {
  return [
    ...neededPermissions.filter(({ alternative }) => alternative !== 'pools'),
    ...pools.flatMap(poolPermissions),
  ]
}

/** The effect of a refused request, if everything else still works; undefined if it does not. */
export function lossWithout(verb: Verb, resource: string): string | undefined {
  const all = [...neededPermissions, ...dnsPermissions]
  const ofResource = all.filter((each) => each.resource === resource)
  // Everything else that is listed is a kind of pools, which only its configuration names.
  if (ofResource.length === 0 && verb === 'list') return 'its pools serve no Cluster'
  return ofResource.find((each) => each.verb === verb)?.optional
}

/** For the labels that pools select by. */
function namespacePermissions(): readonly Permission[] {
  return permissions(resources.namespaces, ['get', 'list', 'watch'], {
    get: 'a namespace-selector does not open a pool to the Namespace',
    list: 'a namespace-selector opens pools only to Namespaces that may be read one by one, and notices their labels half a minute late',
  }).map((permission) => ({
    ...permission,
    ...(permission.verb === 'get' && { ofNamespace: true as const }),
  }))
}

/** @param losses the effect of not having a permission, for those without which everything else still works */
function permissions(
  { group, plural, namespaced }: Resource,
  verbs: readonly Verb[],
  losses: { readonly [V in Verb]?: string } = {},
): readonly Permission[] {
  // Lists take the place of a watch.
  const late = { watch: `changes of ${plural} are noticed half a minute late` }
  const lossOf: { readonly [V in Verb]?: string } = { ...late, ...losses }
  return verbs.map((verb) => {
    const optional = lossOf[verb]
    return {
      verb,
      group,
      resource: plural,
      ...(!namespaced && { isClusterScoped: true as const }),
      ...(optional !== undefined && { optional }),
    }
  })
}
