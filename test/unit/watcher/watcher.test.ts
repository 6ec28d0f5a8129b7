import { describe, expect, it } from '@jest/globals'
import type { EligibilitySettings } from '../../../src/domain/allocation/action.ts'
import { dnsEndpointFrom, type DnsEndpoint } from '../../../src/domain/model/dns-endpoint.ts'
import type { IPAddress } from '../../../src/domain/model/ip-address.ts'
import { claimMetadataFor, type IPAddressClaim } from '../../../src/domain/model/claim.ts'
import type { ClusterClass } from '../../../src/domain/model/cluster-class.ts'
import type { Cluster } from '../../../src/domain/model/cluster.ts'
import { formatKey, type ObjectMeta } from '../../../src/domain/model/object-meta.ts'
import { inClusterPool } from '../../../src/domain/model/pool-kinds.ts'
import type { IPPool } from '../../../src/domain/model/pool.ts'
import type { Watched, WatchedKind, WatchedObjects } from '../../../src/kubernetes/informer/informer.ts'
import type { Informer, ResourceEventHandler } from '../../../src/kubernetes/informer/informer-types.ts'
import { startWatcher } from '../../../src/watcher/watcher.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  aNamespace,
  anIPAddress,
  aPool,
  aVipCondition,
  ownerReference,
  variables,
} from '../../support/builders.ts'

/** An informer whose events a test makes. */
interface ScriptedWatch<T extends ObjectMeta> {
  readonly open: (handler: ResourceEventHandler<T>) => Informer<T>
  listed(...objects: T[]): void
  upsert(object: T): void
  remove(object: T): void
  /** The kind cannot be read in a namespace; `""`: in any. */
  refuse(namespace: string): void
  /** What else is to be watched. */
  readonly named: readonly string[]
}

function scriptedWatch<T extends ObjectMeta>(): ScriptedWatch<T> {
  const objects = new Map<string, T>()
  const refusals = new Map<string, string>()
  const named: string[] = []
  let handler: ResourceEventHandler<T> | undefined
  const upsert = (object: T): void => {
    handler?.onUpsert(object, objects.get(formatKey(object)))
    objects.set(formatKey(object), object)
  }
  let isListed = false
  return {
    open: (given) => {
      handler = given
      return {
        objects,
        refusals,
        health: () => ({ synced: isListed }) as never,
        healthIn: () => undefined,
        alsoWatch: (others) => void named.splice(0, named.length, ...others.map(formatKey)),
        done: Promise.resolve(),
      }
    },
    named,
    refuse: (namespace) => {
      refusals.set(namespace, 'no')
      if (namespace === '') handler?.onUnreadable?.()
    },
    listed: (...all) => {
      isListed = true
      all.forEach(upsert)
      handler?.onListed?.(all)
    },
    upsert,
    remove: (object) => {
      handler?.onDelete(object)
      objects.delete(formatKey(object))
    },
  }
}

function world(settings: Pick<EligibilitySettings, 'dnsNames'> = {}) {
  const clusters = scriptedWatch<Cluster>()
  const clusterClasses = scriptedWatch<ClusterClass>()
  const claims = scriptedWatch<IPAddressClaim>()
  const ipAddresses = scriptedWatch<IPAddress>()
  const namespaces = scriptedWatch<ObjectMeta>()
  const dnsEndpoints = scriptedWatch<DnsEndpoint>()
  const pools = { InClusterIPPool: scriptedWatch<IPPool>(), GlobalInClusterIPPool: scriptedWatch<IPPool>() }
  const watches: { readonly [R in keyof WatchedObjects]: ScriptedWatch<WatchedObjects[R]> } = {
    clusters,
    clusterclasses: clusterClasses,
    ipaddressclaims: claims,
    ipaddresses: ipAddresses,
    namespaces,
    dnsendpoints: dnsEndpoints,
  }
  const started = new Set<WatchedKind>()
  function watchOf<R extends WatchedKind>(kind: R): ScriptedWatch<Watched<R>>
  function watchOf(kind: WatchedKind): unknown {
    if (typeof kind === 'string') return watches[kind]
    return pools[kind === inClusterPool ? 'InClusterIPPool' : 'GlobalInClusterIPPool']
  }
  const enqueued: { request: string; isNeeded: () => boolean }[] = []
  const noticed: string[] = []
  const { enqueueAll, checkElsewhere, requestRun } = startWatcher({
    onClusterChange: ({ name }) => void noticed.push(name),
    settings: { variables, ...settings },
    startInformer: (resource, handler) => {
      started.add(resource)
      return watchOf(resource).open(handler)
    },
    queue: {
      add: (cluster, { action, reason }, needsRun) =>
        enqueued.push({ request: `${action} ${cluster.name}: ${reason}`, isNeeded: () => needsRun(cluster) }),
      checkLater: (cluster, needsRun) =>
        enqueued.push({ request: `check ${cluster.name}`, isNeeded: () => needsRun(cluster) }),
    },
    now: () => Date.parse('2026-01-02T05:00:00Z'),
  })
  const requests = (): string[] => enqueued.splice(0).map(({ request }) => request)
  /** Every kind is listed, with these objects. */
  const listAll = (
    objects: {
      clusters?: Cluster[]
      clusterClasses?: ClusterClass[]
      claims?: IPAddressClaim[]
      ipAddresses?: IPAddress[]
      pools?: IPPool[]
    } = {},
  ): void => {
    clusters.listed(...(objects.clusters ?? []))
    clusterClasses.listed(...(objects.clusterClasses ?? []))
    claims.listed(...(objects.claims ?? []))
    ipAddresses.listed(...(objects.ipAddresses ?? []))
    pools.InClusterIPPool.listed()
    pools.GlobalInClusterIPPool.listed(...(objects.pools ?? []))
  }
  return {
    clusters,
    clusterClasses,
    claims,
    ipAddresses,
    pools,
    namespaces,
    dnsEndpoints,
    isStarted: (resource: keyof WatchedObjects) => started.has(resource),
    enqueued,
    requests,
    listAll,
    enqueueAll,
    checkElsewhere,
    requestRun,
    noticed,
  }
}

describe('where VIPs have DNS names', () => {
  const dnsNames = { 'control-plane': '{cluster}.{namespace}.example.com', ingress: '' }
  const served = aCluster({
    endpoint: { host: '10.0.0.10', port: 6443 },
    annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
    conditions: [aVipCondition()],
  })
  const binding = {
    claims: [
      aClaim({
        addressName: 'vip-cp-demo',
        owners: [ownerReference(served)],
        labels: claimMetadataFor(served, 'control-plane').labels,
      }),
    ],
    ipAddresses: [anIPAddress()],
    pools: [aPool()],
    clusterClasses: [aClusterClass({ declared: [], accepted: [] })],
  }
  const recordFor = (address: string): DnsEndpoint =>
    dnsEndpointFrom({
      metadata: {
        namespace: 'clusters',
        name: 'vip-cp-demo',
        labels: { 'cluster.x-k8s.io/cluster-name': 'demo' },
        ownerReferences: [ownerReference(served)],
      },
      spec: {
        endpoints: [{ dnsName: 'demo.clusters.example.com', recordType: 'A', targets: [address] }],
      },
    })

  function named(...records: readonly DnsEndpoint[]) {
    const watched = world({ dnsNames })
    watched.listAll({ clusters: [served], ...binding })
    watched.requests()
    watched.dnsEndpoints.listed(...records)
    return watched
  }

  it('a Cluster whose DNSEndpoint is missing or differs gets a run when they are listed', () => {
    expect(named().requests()).toEqual(['signal-with-start demo: resync'])
    expect(named(recordFor('10.0.0.11')).requests()).toEqual(['signal-with-start demo: resync'])
    expect(named(recordFor('10.0.0.10')).requests()).toEqual([])
  })

  it('a Cluster gets one when somebody deletes or changes its DNSEndpoint, also while its run waits for another VIP', () => {
    const { dnsEndpoints, requests } = named(recordFor('10.0.0.10'))
    dnsEndpoints.upsert(recordFor('10.0.0.66'))
    expect(requests()).toEqual(['signal-with-start demo: its DNSEndpoint was changed'])
    dnsEndpoints.upsert(recordFor('10.0.0.10'))
    dnsEndpoints.remove(recordFor('10.0.0.10'))
    expect(requests()).toEqual(['signal-with-start demo: its DNSEndpoint was deleted'])
  })

  it('nobody gets one for a DNSEndpoint that is written as it should be', () => {
    const { dnsEndpoints, requests } = named(recordFor('10.0.0.10'))
    dnsEndpoints.upsert({ ...recordFor('10.0.0.10'), labels: { other: 'change' } })
    dnsEndpoints.upsert({ ...recordFor('10.0.0.10'), name: 'somebody-elses' })
    dnsEndpoints.remove({ ...recordFor('10.0.0.10'), name: 'somebody-elses' })
    expect(requests()).toEqual([])
  })

  it('nobody gets a run while DNSEndpoints cannot be read', () => {
    const { dnsEndpoints, enqueueAll, requests } = world({ dnsNames })
    dnsEndpoints.refuse('')
    enqueueAll()
    expect(requests()).toEqual([])
  })

  it('and nowhere else, they are watched', () => {
    expect(world({ dnsNames }).isStarted('dnsendpoints')).toBe(true)
    expect(world().isStarted('dnsendpoints')).toBe(false)
  })
})

describe('the watcher', () => {
  it('reports every Cluster that is new, has changed or is gone', () => {
    const { clusters, noticed } = world()
    clusters.upsert(aCluster())
    clusters.upsert(aCluster({ labels: { other: 'change' } }))
    clusters.remove(aCluster())
    expect(noticed).toEqual(['demo', 'demo', 'demo'])
  })

  it('starts a run on request, for a Cluster that needs one when it is sent', () => {
    const { listAll, enqueued, requestRun, requests, clusters } = world()
    listAll({ clusters: [aCluster()] })
    requests()
    requestRun(aCluster())
    expect(enqueued.map(({ request, isNeeded }) => [request, isNeeded()])).toEqual([
      ['start demo: its topology is about to be rendered', true],
    ])
    clusters.remove(aCluster())
    expect(enqueued[0]?.isNeeded()).toBe(false)
  })

  it('checks runs on other task queues for the Clusters that need one', () => {
    const { listAll, requests, checkElsewhere } = world()
    listAll({
      clusters: [aCluster(), aCluster({ name: 'served', endpoint: { host: '10.0.0.1', port: 6443 } })],
    })
    requests()
    checkElsewhere(['demo', 'served', 'unknown'].map((name) => ({ namespace: 'clusters', name })))
    expect(requests()).toEqual(['check demo'])
  })

  it('starts a run for every Cluster that needs one, at the first list and at every other', () => {
    const { clusters, requests } = world()
    clusters.listed(aCluster(), aCluster({ name: 'served', endpoint: { host: '10.0.0.1', port: 6443 } }))
    expect(requests()).toEqual(['start demo: Cluster without control-plane VIP', 'start demo: resync'])
    clusters.listed(aCluster())
    expect(requests()).toEqual(['start demo: resync'])
  })

  it('requests nothing if all Clusters have their VIPs', () => {
    const { clusters, pools, requests } = world()
    clusters.listed(aCluster({ endpoint: { host: '10.0.0.1', port: 6443 } }))
    pools.GlobalInClusterIPPool.listed()
    pools.GlobalInClusterIPPool.upsert(aPool())
    expect(requests()).toEqual([])
  })

  it('signals with start for a Cluster recreated under the same name, since the run of the deleted one may still wait', () => {
    const { clusters, requests } = world()
    clusters.listed(aCluster())
    requests()
    clusters.remove(aCluster())
    clusters.upsert(aCluster({ uid: 'new' }))
    expect(requests()).toEqual([
      'signal demo: Cluster is gone',
      'signal-with-start demo: Cluster without control-plane VIP',
    ])
  })

  it('evaluates whether a start is still needed when its turn comes', () => {
    const { clusters, enqueued } = world()
    clusters.upsert(aCluster())
    expect(enqueued[0]?.isNeeded()).toBe(true)
    clusters.upsert(aCluster({ endpoint: { host: '10.0.0.1', port: 6443 } }))
    expect(enqueued[0]?.isNeeded()).toBe(false)
  })

  it('needs no start for a Cluster that got its VIP meanwhile, and is about to get the condition', () => {
    const { clusters, enqueued, listAll } = world()
    listAll({ clusters: [aCluster()], claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] })
    clusters.upsert(aCluster({ endpoint: { host: '10.0.0.10', port: 6443 }, annotations }))
    expect(enqueued.length).toBeGreaterThan(0)
    expect(enqueued.filter(({ isNeeded }) => isNeeded())).toEqual([])
  })

  it('retries for the Cluster of a claim that is bound late, or deleted', () => {
    const { clusters, claims, requests } = world()
    const labels = { 'cluster.x-k8s.io/cluster-name': 'demo' }
    clusters.listed(aCluster())
    claims.listed(aClaim({ labels }))
    requests()
    claims.upsert(aClaim({ labels, addressName: 'vip-cp-demo' }))
    claims.remove(aClaim({ labels, addressName: 'vip-cp-demo' }))
    expect(requests()).toEqual([
      'signal-with-start demo: claim bound',
      'signal-with-start demo: claim deleted',
    ])
  })

  it('retries for Clusters without a claim when a pool appears, and not for those whose claim waits on it', () => {
    const { clusters, claims, pools, requests } = world()
    clusters.listed(aCluster(), aCluster({ name: 'claimed' }))
    claims.listed(aClaim({ name: 'vip-cp-claimed' }))
    pools.GlobalInClusterIPPool.listed()
    requests()
    pools.GlobalInClusterIPPool.upsert(aPool())
    expect(requests()).toEqual(['signal-with-start demo: GlobalInClusterIPPool/vip-pool changed'])
  })

  it('retries for a Cluster whose claim waits on another pool, since it may move', () => {
    const { clusters, claims, pools, requests } = world()
    clusters.listed(aCluster())
    claims.listed(aClaim({ poolName: 'full-pool' }))
    pools.GlobalInClusterIPPool.listed()
    requests()
    pools.GlobalInClusterIPPool.upsert(aPool())
    expect(requests()).toEqual(['signal-with-start demo: GlobalInClusterIPPool/vip-pool changed'])
  })

  it('does not count the pools of the first list as changes', () => {
    const { clusters, pools, requests } = world()
    clusters.listed(aCluster())
    requests()
    pools.GlobalInClusterIPPool.listed(aPool())
    expect(requests()).toEqual([])
  })

  const annotations = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
  const served = aCluster({
    endpoint: { host: '10.0.0.10', port: 6443 },
    annotations,
    conditions: [aVipCondition()],
  })
  const claim = aClaim({
    addressName: 'vip-cp-demo',
    labels: { 'cluster.x-k8s.io/cluster-name': 'demo' },
  })

  it('requests nothing at the start if every VIP is held by its claim', () => {
    const { listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] })
    expect(requests()).toEqual([])
  })

  it.each([
    ['changed', { 'vip.capi.gorizond.io/control-plane-vip': '10.9.9.9' }],
    ['removed', {}],
  ])('requests the annotation of a VIP again if somebody has %s it', (_, changed) => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] })
    clusters.upsert({ ...served, annotations: changed })
    expect(requests()).toEqual([
      'signal-with-start demo: somebody changed the annotation that records its VIP',
    ])
    clusters.upsert(served)
    expect(requests()).toEqual([])
  })

  it('requests no annotation of a VIP that no claim of ours holds', () => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [served], pools: [aPool()] })
    requests()
    clusters.upsert({ ...served, annotations: {} })
    expect(requests()).toEqual([])
  })

  it('requests no annotation of a paused Cluster', () => {
    const { clusters, listAll, requests } = world()
    const paused = { ...served, isPaused: true }
    listAll({ clusters: [paused], claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] })
    clusters.upsert({ ...paused, annotations: {} })
    expect(requests()).toEqual([])
  })

  it('requests the condition that a Cluster with its VIP lacks, once', () => {
    const { clusters, listAll, requests } = world()
    const unconditioned = aCluster({ endpoint: { host: '10.0.0.10', port: 6443 }, annotations })
    const around = { claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] }
    listAll({ clusters: [unconditioned], ...around })
    expect(requests()).toEqual(['signal-with-start demo: a condition is missing'])
    clusters.listed(unconditioned)
    expect(requests()).toEqual([])
  })

  it('requests a new condition when the VIP is another one', () => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()], pools: [aPool()] })
    clusters.upsert({ ...served, controlPlaneEndpoint: { host: '10.9.9.9', port: 6443 } })
    expect(requests()).toEqual(['signal-with-start demo: a condition is missing'])
  })

  it('requests no condition for an endpoint set by others, unless an availability gate waits for it', () => {
    const { listAll, requests } = world()
    const byHand = { endpoint: { host: '10.0.0.1', port: 6443 } }
    const gated = {
      ...byHand,
      name: 'gated',
      availabilityGates: ['vip.capi.gorizond.io/ControlPlaneVIPReady'],
    }
    listAll({ clusters: [aCluster(byHand), aCluster(gated)] })
    expect(requests()).toEqual(['signal-with-start gated: a condition is missing'])
  })

  it('finds what was lost while no watcher ran, once everything is listed', () => {
    const { clusters, claims, listAll, requests } = world()
    clusters.listed(served)
    claims.listed()
    expect(requests()).toEqual([])
    listAll({ clusters: [served] })
    expect(requests()).toEqual(['signal-with-start demo: resync'])
  })

  it('retries when the claim of a VIP is deleted', () => {
    const { claims, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()] })
    claims.remove(claim)
    expect(requests()).toEqual(['signal-with-start demo: claim is gone'])
  })

  it('signals the run that restores a lost VIP when its new claim is bound, and does not count it as lost again', () => {
    const { claims, ipAddresses, listAll, requests } = world()
    listAll({ clusters: [served], pools: [aPool()] })
    requests()
    ipAddresses.upsert(anIPAddress())
    claims.upsert(aClaim())
    requests()
    claims.upsert(claim)
    expect(requests()).toEqual(['signal demo: claim bound'])
  })

  it.each([
    ['is gone', undefined, 'IPAddress is gone'],
    ['is another one', anIPAddress({ address: '10.0.0.11' }), 'claim holds another address'],
  ])('retries when the IPAddress of a VIP %s', (_, now, because) => {
    const { ipAddresses, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()] })
    if (now === undefined) ipAddresses.remove(anIPAddress())
    else ipAddresses.upsert(now)
    expect(requests()).toEqual([`signal-with-start demo: ${because}`])
  })

  it('finds what was lost although a kind of pool and the ClusterClasses cannot be read', () => {
    const { clusters, clusterClasses, claims, ipAddresses, pools, requests } = world()
    clusters.listed(served)
    claims.listed()
    ipAddresses.listed()
    pools.InClusterIPPool.listed()
    pools.GlobalInClusterIPPool.refuse('')
    expect(requests()).toEqual([])
    clusterClasses.refuse('')
    expect(requests()).toEqual(['signal-with-start demo: resync'])
  })

  it('retries for waiting Clusters when a kind of pool can be read at last', () => {
    const { clusters, pools, requests } = world()
    clusters.listed(aCluster())
    pools.GlobalInClusterIPPool.refuse('')
    requests()
    pools.GlobalInClusterIPPool.listed(aPool())
    expect(requests()).toEqual(['signal-with-start demo: GlobalInClusterIPPool/vip-pool changed'])
  })

  it('counts no VIP as lost and no claim as orphaned in a namespace that cannot be read', () => {
    const { clusters, claims, listAll, requests } = world()
    const orphan = aClaim({ namespace: 'staging', name: 'vip-cp-gone', addressName: 'vip-cp-gone' })
    claims.refuse('clusters')
    clusters.refuse('staging')
    listAll({ clusters: [served], claims: [orphan] })
    expect(requests()).toEqual([])
  })

  it('has the ClusterClasses watched that Clusters name, for as long as they do', () => {
    const { clusters, clusterClasses } = world()
    clusters.listed(aCluster())
    expect(clusterClasses.named).toEqual(['clusters/rke2-cluster-class'])
    clusters.upsert(
      aCluster({ name: 'other', topology: { classRef: { name: 'shared', namespace: 'platform' } } }),
    )
    expect(clusterClasses.named).toEqual(['clusters/rke2-cluster-class', 'platform/shared'])
    clusters.listed(aCluster())
    expect(clusterClasses.named).toEqual(['clusters/rke2-cluster-class'])
  })

  it('retries after a pause if a claim was lost in it', () => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [{ ...served, isPaused: true }] })
    clusters.upsert(served)
    expect(new Set(requests())).toEqual(new Set(['signal-with-start demo: Cluster was unpaused']))
  })

  describe('if a claim that nobody owns holds the endpoint that somebody else has set', () => {
    const manual = aCluster({ endpoint: { host: '10.0.0.10', port: 6443 } })
    const held = {
      claims: [aClaim({ addressName: 'vip-cp-demo', owners: [] })],
      ipAddresses: [anIPAddress()],
    }
    const adoption = 'signal-with-start demo: claim without owner holds the VIP'

    it('requests its adoption after a pause', () => {
      const { clusters, listAll, enqueued } = world()
      listAll({ clusters: [{ ...manual, isPaused: true }], ...held })
      expect(enqueued).toEqual([])
      clusters.upsert(manual)
      const needed = enqueued.filter(({ isNeeded }) => isNeeded()).map(({ request }) => request)
      expect(needed).toContain(adoption)
    })

    it('requests its adoption when the Cluster comes, as after a restored backup', () => {
      const { clusters, listAll, enqueued } = world()
      listAll(held)
      clusters.upsert(manual)
      expect(enqueued.map(({ request, isNeeded }) => [request, isNeeded()])).toEqual([[adoption, true]])
    })

    it('requests its adoption when the class no longer refuses the VIP', () => {
      const { clusterClasses, listAll, enqueued } = world()
      const refusal = { 'vip.capi.gorizond.io/control-plane-enabled': 'false' }
      const clusterClass = { declared: [], accepted: [] }
      const refusing = aClusterClass({ ...clusterClass, annotations: refusal })
      listAll({ clusters: [manual], clusterClasses: [refusing], ...held })
      expect(enqueued).toEqual([])
      clusterClasses.upsert(aClusterClass(clusterClass))
      expect(enqueued.map(({ request, isNeeded }) => [request, isNeeded()])).toEqual([
        ['signal-with-start demo: ClusterClass clusters/rke2-cluster-class changed', true],
      ])
    })
  })

  it('does not count the ClusterClasses of the first list as changes', () => {
    const { clusters, clusterClasses, requests } = world()
    clusters.listed(aCluster())
    requests()
    clusterClasses.listed(aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }))
    expect(requests()).toEqual([])
  })

  it('retries for Clusters when their class accepts the variable', () => {
    const { clusterClasses, listAll, requests } = world()
    const clusterClass = aClusterClass({ declared: ['clusterVip'], accepted: [] })
    listAll({
      clusters: [served],
      clusterClasses: [clusterClass],
      claims: [claim],
      ipAddresses: [anIPAddress()],
    })
    clusterClasses.upsert(clusterClass)
    expect(requests()).toEqual([])
    clusterClasses.upsert(aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }))
    expect(requests()).toEqual(['signal-with-start demo: ClusterClass clusters/rke2-cluster-class changed'])
  })

  it('retries for an ingress VIP when the first pool for ingress appears', () => {
    const { pools, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()] })
    pools.GlobalInClusterIPPool.upsert(
      aPool({
        labels: {
          'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class',
          'vip.capi.gorizond.io/role': 'ingress',
        },
      }),
    )
    expect(requests()).toEqual(['signal-with-start demo: GlobalInClusterIPPool/vip-pool changed'])
  })

  describe('where a pool selects by the labels of Namespaces', () => {
    const classLabel = { 'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class' }
    const selector = { 'vip.capi.gorizond.io/namespace-selector': 'team=blue' }
    const ofBlue = aPool({ annotations: selector })
    const [blue, red] = ['blue', 'red'].map((team) => aNamespace({ labels: { team } }))
    const waiting = aCluster({ conditions: [aVipCondition({ status: 'False', reason: 'NoMatchingPool' })] })
    const retry = 'signal-with-start demo: labels of Namespace clusters changed'

    it('starts to watch Namespaces with the first such pool, and watches those of Clusters by name', () => {
      const { clusters, namespaces, pools, isStarted } = world()
      clusters.listed(waiting)
      pools.GlobalInClusterIPPool.listed(
        aPool({ name: 'open' }),
        aPool({ name: 'unreadable', annotations: { ...selector, [Object.keys(selector).join()]: 'x y' } }),
      )
      expect(isStarted('namespaces')).toBe(false)
      pools.GlobalInClusterIPPool.upsert(ofBlue)
      expect(isStarted('namespaces')).toBe(true)
      expect(namespaces.named).toEqual(['/clusters'])
      clusters.upsert(aCluster({ namespace: 'other' }))
      expect(namespaces.named).toEqual(['/clusters', '/other'])
    })

    it('retries for the waiting Clusters of a Namespace when its labels open a pool', () => {
      const { namespaces, listAll, requests } = world()
      const elsewhere = aCluster({ namespace: 'other', name: 'other', conditions: waiting.conditions })
      listAll({ clusters: [waiting, elsewhere], pools: [ofBlue] })
      namespaces.listed(red ?? aNamespace(), aNamespace({ name: 'other' }))
      requests()
      namespaces.upsert(aNamespace({ labels: { team: 'red', other: 'x' } }))
      expect(requests()).toEqual([])
      namespaces.upsert(blue ?? aNamespace())
      expect(requests()).toEqual([retry])
      namespaces.upsert(aNamespace({ labels: { team: 'blue', other: 'x' } }))
      expect(requests()).toEqual([])
    })

    it('retries when labels that could not be read can be', () => {
      const { namespaces, listAll, requests } = world()
      listAll({ clusters: [waiting], pools: [ofBlue] })
      namespaces.refuse('')
      requests()
      namespaces.listed(blue ?? aNamespace())
      expect(requests()).toEqual([retry])
    })

    it('retries for no more Clusters than the pool has addresses, and for none that the pool is not for', () => {
      const { namespaces, listAll, requests } = world()
      const one = aPool({ annotations: selector, capacity: { total: 2, used: 1, free: 1, outOfRange: 0 } })
      const others = aPool({ name: 'others', annotations: selector, labels: {} })
      const second = aCluster({
        name: 'second',
        created: '2026-01-03T00:00:00Z',
        conditions: waiting.conditions,
      })
      listAll({ clusters: [waiting, second], pools: [one, others] })
      requests()
      namespaces.upsert(blue ?? aNamespace())
      expect(requests()).toEqual([retry])
    })

    it('retries for an ingress VIP', () => {
      const { namespaces, listAll, requests } = world()
      const forIngress = aPool({
        labels: { ...classLabel, 'vip.capi.gorizond.io/role': 'ingress' },
        annotations: selector,
      })
      listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()], pools: [forIngress] })
      expect(requests()).toEqual([])
      namespaces.upsert(blue ?? aNamespace())
      expect(requests()).toEqual([retry])
    })

    it('retries when a changed selector opens a pool to the Namespace', () => {
      const { namespaces, pools, listAll, requests } = world()
      listAll({ clusters: [waiting], pools: [ofBlue] })
      namespaces.listed(red ?? aNamespace())
      requests()
      pools.GlobalInClusterIPPool.upsert(
        aPool({ annotations: { 'vip.capi.gorizond.io/namespace-selector': 'team in (blue,red)' } }),
      )
      expect(requests()).toEqual(['signal-with-start demo: GlobalInClusterIPPool/vip-pool changed'])
      pools.GlobalInClusterIPPool.upsert(ofBlue)
      expect(requests()).toEqual([])
    })
  })

  const keeping = aCluster({
    endpoint: { host: '10.0.0.10', port: 6443 },
    annotations: { ...annotations, 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.12' },
    conditions: [aVipCondition()],
  })
  const typed = aCluster({ name: 'holder', endpoint: { host: '10.0.0.12', port: 6443 } })
  const given = anIPAddress({ name: 'other', claimName: 'other', address: '10.0.0.12' })

  it('retries for a reservation when the Cluster that had the address is deleted', () => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [keeping, typed], claims: [claim], ipAddresses: [anIPAddress()] })
    expect(requests()).toEqual([])
    clusters.remove(typed)
    expect(requests()).toEqual(['signal-with-start demo: 10.0.0.12 may be free'])
  })

  it('retries for a reservation when the IPAddress that had the address is deleted', () => {
    const { ipAddresses, listAll, requests } = world()
    listAll({ clusters: [keeping], claims: [claim], ipAddresses: [anIPAddress(), given] })
    expect(requests()).toEqual([])
    ipAddresses.remove(given)
    expect(requests()).toEqual(['signal-with-start demo: 10.0.0.12 may be free'])
  })

  it('retries for a reservation whose record comes after the deletion of the Cluster that had the address', () => {
    const { clusters, listAll, requests } = world()
    const unrecorded = { ...keeping, annotations }
    listAll({ clusters: [unrecorded, typed], claims: [claim], ipAddresses: [anIPAddress()] })
    clusters.remove(typed)
    expect(requests()).toEqual([])
    clusters.upsert(keeping)
    expect(requests()).toEqual(['signal-with-start demo: a duplicate that it has recorded may be free'])
    clusters.upsert({ ...keeping, labels: { edited: 'yes' } })
    expect(requests()).toEqual([])
  })

  it('does not retry for a reservation that is recorded while another Cluster has the address', () => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [{ ...keeping, annotations }, typed], claims: [claim], ipAddresses: [anIPAddress()] })
    clusters.upsert(keeping)
    expect(requests()).toEqual([])
  })

  it('does not retry for a reservation while an IPAddress has the address', () => {
    const { listAll, requests, enqueueAll } = world()
    listAll({ clusters: [keeping], claims: [claim], ipAddresses: [anIPAddress(), given] })
    enqueueAll()
    expect(requests()).toEqual([])
  })

  it('retries at the start for a reservation that is no longer needed', () => {
    const { listAll, requests } = world()
    listAll({ clusters: [keeping], claims: [claim], ipAddresses: [anIPAddress()] })
    expect(requests()).toEqual(['signal-with-start demo: resync'])
  })

  it('enqueues every Cluster that needs a run when runs may have been lost', () => {
    const { listAll, requests, enqueueAll } = world()
    listAll({
      clusters: [aCluster({ name: 'waiting' }), served],
      claims: [claim],
      ipAddresses: [anIPAddress()],
    })
    requests()
    enqueueAll()
    expect(requests()).toEqual(['start waiting: resync'])
  })

  it('wakes the run of a Cluster that has a VIP and lacks something, at every list', () => {
    const { clusters, claims, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()] })
    claims.remove(claim)
    requests()
    clusters.listed(served)
    expect(requests()).toEqual(['signal-with-start demo: resync'])
  })

  const orphan = { ...claim, isDeleting: true, deletionTimestamp: '2026-01-02T04:00:00Z' }

  it('starts the release of a deleted Cluster', () => {
    const { clusters, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()] })
    clusters.remove(served)
    expect(requests()).toEqual(['start-release demo: Cluster is gone'])
  })

  it('starts no release if the Cluster held nothing of ours', () => {
    const { clusters, listAll, requests } = world()
    const manual = aCluster({ endpoint: { host: '10.0.0.1', port: 6443 } })
    listAll({ clusters: [manual] })
    clusters.remove(manual)
    expect(requests()).toEqual([])
  })

  it('signals a release when the claim of the deleted Cluster is gone', () => {
    const { clusters, claims, listAll, requests } = world()
    listAll({ clusters: [served], claims: [claim], ipAddresses: [anIPAddress()] })
    clusters.remove(served)
    clusters.upsert(aCluster({ uid: 'new', endpoint: { host: '10.0.0.1', port: 6443 } }))
    requests()
    claims.remove(orphan)
    expect(requests()).toEqual(['signal-release demo: claim is gone'])
  })

  it('finds claims whose Cluster was deleted while no watcher ran, at the start and at every list', () => {
    const { claims, listAll, requests, enqueueAll } = world()
    listAll({ claims: [orphan], ipAddresses: [anIPAddress()] })
    expect(requests()).toEqual(['start-release demo: claim without its Cluster'])
    claims.listed(orphan)
    expect(requests()).toEqual(['start-release demo: claim without its Cluster'])
    enqueueAll()
    expect(requests()).toEqual(['start-release demo: claim without its Cluster'])
  })

  it('finds no orphaned claim before everything is listed', () => {
    const { claims, requests, enqueueAll } = world()
    claims.listed(orphan)
    enqueueAll()
    expect(requests()).toEqual([])
  })

  it('finds no orphan in a claim whose Cluster is there, or that is not ours', () => {
    const { listAll, requests } = world()
    const claims = [claim, aClaim({ name: 'machine-0', deleting: true })]
    listAll({ clusters: [served], claims, ipAddresses: [anIPAddress()] })
    expect(requests()).toEqual([])
  })
})
