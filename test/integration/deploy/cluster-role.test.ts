import { describe, expect, it } from '@jest/globals'
import type { KubernetesObject } from '../../../dev/stack/kubernetes-api.ts'
import { ipAddressFrom } from '../../../src/domain/model/ip-address.ts'
import { allocationEvent } from '../../../src/domain/allocation/cluster-event.ts'
import { ipAddressClaimFrom } from '../../../src/domain/model/claim.ts'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import { readManagementClusterUid } from '../../../src/kubernetes/management-cluster-uid.ts'
import { createLiveClusterApi } from '../../../src/kubernetes/live-cluster-api.ts'
import type { ClusterApi } from '../../../src/kubernetes/cluster-api.ts'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { inClusterPoolKinds } from '../../../src/domain/model/pool-kinds.ts'
import {
  classPermissions,
  dnsPermissions,
  neededPermissions,
  type Permission,
} from '../../../src/kubernetes/permissions.ts'
import { poolResourceOf } from '../../../src/kubernetes/pool-resources.ts'
import { resources } from '../../../src/kubernetes/resources.ts'
import {
  startInformer,
  type WatchedKind,
  type WatchedObjects,
} from '../../../src/kubernetes/informer/informer.ts'
import { deployment, documentsIn, manifestOf } from './support.ts'
import { silentLog } from '../../support/silent-log.ts'

const key = { namespace: 'clusters', name: 'demo' }
const metadata = { ...key, uid: 'uid', resourceVersion: '1' }

/** What is asked of the API server, as RBAC has it: `get clusters.cluster.x-k8s.io`. */
class Asked {
  readonly permissions = new Set<string>()

  /** Answers everything with an object or an empty list. */
  readonly connection: KubernetesConnection = {
    request: async (request) => {
      if (request.resource === 'apiresources') {
        return {
          resources: [...Object.values(resources), ...inClusterPoolKinds.map(poolResourceOf)].map(
            ({ plural }) => ({ name: plural }),
          ),
        }
      }
      this.#note(request)
      if (request.verb === 'create' && request.resource === 'events' && !this.#eventIsThere) {
        this.#eventIsThere = true
        throw new KubernetesError('said before', { kind: 'alreadyExists', status: 409 })
      }
      if (request.verb === 'list') return { items: [], metadata: { resourceVersion: '1' } }
      return { apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', metadata }
    },
    open: async (request) => {
      this.#note(request)
      throw new Error('enough: the watch was asked for')
    },
    close: async () => {},
  }

  /** The second event says what the first one said. */
  #eventIsThere = false

  #note({ verb, resource, path }: ApiRequest): void {
    const [, root, group = ''] = path.split('/')
    this.permissions.add(`${verb} ${resource}.${root === 'api' ? '' : group}`)
  }
}

/** One call of every method: the compiler finds the one that is missing. */
const calls = {
  getCluster: (api) => api.getCluster(key),
  getClusterLive: (api) => api.getClusterLive(key),
  getClusterClass: (api) => api.getClusterClass(key),
  scopeOfKind: (api) => api.scopeOfKind({ apiGroup: 'ipam.example.test', kind: 'CorpIPPool' }),
  listIPPools: (api) => api.listIPPools(key.namespace),
  getIPAddressClaim: (api) => api.getIPAddressClaim(key),
  listClaimsOf: (api) => api.listClaimsOf(key),
  createIPAddressClaim: (api) => api.createIPAddressClaim({ kind: 'IPAddressClaim', metadata }),
  patchIPAddressClaim: (api) => api.patchIPAddressClaim(key, {}),
  deleteIPAddressClaim: (api) => api.deleteIPAddressClaim(ipAddressClaimFrom({ metadata })),
  getIPAddress: (api) => api.getIPAddress(key),
  getIPAddressLive: (api) => api.getIPAddressLive(key),
  listIPAddressesOf: (api) => api.listIPAddressesOf(key),
  createIPAddress: (api) => api.createIPAddress({ kind: 'IPAddress', metadata }),
  deleteIPAddress: (api) => api.deleteIPAddress(ipAddressFrom({ metadata })),
  listAddressUse: (api) => api.listAddressUse(),
  listAddressUseOf: (api) => api.listAddressUseOf(ipAddressFrom({ metadata })),
  readWaitingQueue: (api) => api.readWaitingQueue(),
  countWaiting: async (api) => api.countWaiting(),
  listenToClaim: async (api) => api.listenToClaim(key).close(),
  patchCluster: async (api) => api.patchCluster((await api.getCluster(key)) as Cluster, []),
  applyCondition: async (api) =>
    api.applyCondition((await api.getCluster(key)) as Cluster, 'control-plane', undefined),
  getDnsEndpoint: (api) => api.getDnsEndpoint(key),
  applyDnsEndpoint: (api) => api.applyDnsEndpoint({ metadata }),
  recordEvent: async (api) =>
    api.recordEvent(
      allocationEvent((await api.getCluster(key)) as Cluster, 'control-plane', 'Allocated', ''),
    ),
} as const satisfies { readonly [M in keyof ClusterApi]: (api: ClusterApi) => Promise<unknown> }

const watched = {
  clusters: true,
  clusterclasses: true,
  ipaddressclaims: true,
  ipaddresses: true,
  namespaces: true,
  dnsendpoints: true,
} as const satisfies Record<keyof WatchedObjects, true>

async function watchOnce(asked: Asked, resource: WatchedKind): Promise<void> {
  const stop = new AbortController()
  const opened = asked.connection.open
  const connection: KubernetesConnection = {
    ...asked.connection,
    open: async (...request) => {
      stop.abort()
      return opened(...request)
    },
  }
  const handler = { onUpsert() {}, onDelete() {} }
  await startInformer({ connection, resource, handler, signal: stop.signal, log: silentLog }).done
}

interface ClusterRole extends KubernetesObject {
  readonly kind: 'ClusterRole' | 'Role'
  readonly rules: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

interface ClusterRoleBinding extends KubernetesObject {
  readonly kind: 'ClusterRoleBinding'
  readonly roleRef: { readonly name: string }
  readonly subjects: readonly { readonly name: string; readonly namespace: string }[]
}

function permissionsOf(role: ClusterRole): string[] {
  return role.rules.flatMap(({ apiGroups, resources: plurals, verbs }) =>
    apiGroups.flatMap((group) =>
      plurals.flatMap((plural) => verbs.map((verb) => `${verb} ${plural}.${group}`)),
    ),
  )
}

function textsOf(permissions: readonly Permission[]): string[] {
  return permissions.map(({ verb, resource, group }) => `${verb} ${resource}.${group}`)
}

function partition<T>(all: readonly T[], isFirst: (each: T) => boolean): [T[], T[]] {
  return [all.filter(isFirst), all.filter((each) => !isFirst(each))]
}

/** What an admission plugin asks for on our behalf, and no request of ours shows. */
const forOwnerReferences = 'update clusters/finalizers.cluster.x-k8s.io'

describe('the ClusterRole', () => {
  it('permits exactly what the program asks for, each once', async () => {
    const asked = new Asked()
    const api = createLiveClusterApi(asked.connection)
    for (const call of Object.values(calls)) await call(api)
    await readManagementClusterUid(asked.connection)
    const kinds: readonly WatchedKind[] = [
      ...(Object.keys(watched) as (keyof WatchedObjects)[]),
      ...inClusterPoolKinds,
    ]
    for (const kind of kinds) await watchOnce(asked, kind)

    const [always, forNames] = partition([...asked.permissions], (each) => !each.includes(' dnsendpoints.'))
    expect(permissionsOf(manifestOf<ClusterRole>('ClusterRole')).toSorted()).toEqual(
      [...always, forOwnerReferences].toSorted(),
    )
    // The API server asks for it, too, if there is none yet to patch.
    const created = 'create dnsendpoints.externaldns.k8s.io'
    expect([...forNames, created].toSorted()).toEqual(textsOf(dnsPermissions).toSorted())
  })

  it('permits what doctor checks', () => {
    expect(permissionsOf(manifestOf<ClusterRole>('ClusterRole')).toSorted()).toEqual(
      [...new Set(textsOf(neededPermissions))].toSorted(),
    )
  })

  it('permits what the Role for one namespace permits, and reads of what is cluster-scoped', () => {
    const role = documentsIn('deploy/namespaced/role.yaml').find(({ kind }) => kind === 'Role')
    const clusterScoped = ['globalinclusterippools.ipam.cluster.x-k8s.io', 'namespaces.']
    const lists = clusterScoped.flatMap((resource) => ['list', 'watch'].map((verb) => `${verb} ${resource}`))
    expect([...permissionsOf(role as ClusterRole), ...lists].toSorted()).toEqual(
      permissionsOf(manifestOf<ClusterRole>('ClusterRole')).toSorted(),
    )
  })

  it('permits what the Role for ClusterClasses elsewhere permits', () => {
    const role = documentsIn('deploy/namespaced/class-role.yaml').find(({ kind }) => kind === 'Role')
    expect(permissionsOf(role as ClusterRole)).toEqual(textsOf(classPermissions))
  })

  it('is bound to the ServiceAccount that the Deployment runs as', () => {
    const { roleRef, subjects } = manifestOf<ClusterRoleBinding>('ClusterRoleBinding')
    const { metadata: account } = manifestOf('ServiceAccount')

    expect(roleRef.name).toBe(manifestOf('ClusterRole').metadata.name)
    expect(subjects).toEqual([{ kind: 'ServiceAccount', name: account.name, namespace: account.namespace }])
    expect(deployment().spec.template.spec.serviceAccountName).toBe(account.name)
    expect(deployment().metadata.namespace).toBe(account.namespace)
  })
})
