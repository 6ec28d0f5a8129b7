import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Allocator } from '../../dev/allocator.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { fieldManager } from '../../src/domain/identifiers.ts'
import { startAllocator } from '../support/allocator.ts'
import { realParts } from '../support/real-parts.ts'
import { moveClusters, prepareForMoves } from './clusterctl.ts'
import { record, type Recording } from './recording.ts'
import { openWorld, type World } from './world.ts'

const { clusterctl } = realParts()
const keyPrefix = 'vip.capi.gorizond.io/'
const vipAnnotation = `${keyPrefix}control-plane-vip`
const deleteForMove = 'clusterctl.cluster.x-k8s.io/delete-for-move'

/** Core's webhooks hold up every write to a Cluster for seconds while its class is paused, as classes are during a move. */
const movedWithinMs = 600_000
/** One Cluster on a pool of its namespace, which moves along, and one on a cluster-wide pool, which is copied. */
const classes = [
  { name: 'moved', className: 'rke2-cluster-class' },
  { name: 'moved-global', className: 'global-class' },
]

interface Cluster {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly annotations?: Readonly<Record<string, string>>
    readonly managedFields?: readonly { readonly manager: string }[]
  }
  readonly spec: {
    readonly paused?: boolean
    readonly controlPlaneEndpoint?: { readonly host: string; readonly port: number }
    readonly infrastructureRef?: Reference
    readonly controlPlaneRef?: Reference
    readonly topology: { readonly variables?: unknown }
  }
  readonly status?: {
    readonly initialization?: { readonly infrastructureProvisioned?: boolean }
    readonly conditions?: readonly { readonly type: string; readonly status: string }[]
  }
}

interface Reference {
  readonly apiGroup: string
  readonly kind: string
  readonly name: string
}

interface Claim {
  readonly metadata: { readonly name: string; readonly ownerReferences?: readonly { readonly uid: string }[] }
  readonly status?: { readonly addressRef?: { readonly name: string } }
}

/** A management cluster with an allocator, and what happened on it. */
interface Side {
  readonly api: KubernetesApi
  readonly allocator: Allocator
  readonly clusters: Recording<Cluster>
  readonly claims: Recording<Claim>
}

const stacks: Stack[] = []
let world: World
let source: Side
let target: Side

beforeAll(async () => {
  // Stacks of its own: a move takes all cluster-wide pools along.
  stacks.push(...(await Promise.all([start(), start()])))
  const [from, to] = stacks.map(({ connection }) => connection)
  if (from === undefined || to === undefined) throw new Error('two stacks are needed')
  world = await openWorld(from)
  await prepareForMoves(clusterctl, [from, to])
  ;[source, target] = await Promise.all([openSide(from), openSide(to)])

  await world.createPool('10.80.0.10-10.80.0.20')
  await world.createClass('global-class')
  await world.applyExample(
    'ip-pool',
    ['name: vip-pool', 'name: global-vip-pool'],
    ['rke2-cluster-class', 'global-class'],
    ['10.0.0.10-10.0.0.20', '10.81.0.10-10.81.0.20'],
  )
  await Promise.all(classes.map(({ name, className }) => world.createCluster(name, { className })))
  await world.createCluster('manual', { spec: 'controlPlaneEndpoint: { host: 10.99.0.1, port: 8443 }' })
  // By hand as well: the class makes nothing of a Cluster without.
  await world.editCluster('manual', { topology: { variables: [{ name: 'clusterVip', value: '10.99.0.1' }] } })
  const names = [...classes.map(({ name }) => name), 'manual']
  await Promise.all(names.map(provision))
  await untilWithoutShims(names)
  await moveClusters(clusterctl, { from, to, namespace: world.namespace })
  await Promise.all(names.map((name) => source.clusters.until(name, (now) => now === undefined)))
  await Promise.all(names.map((name) => target.clusters.until(name, isUnpaused)))
}, movedWithinMs)

afterAll(async () => {
  try {
    await world.close()
    for (const { api, allocator, clusters, claims } of [source, target]) {
      await Promise.all([clusters.close(), claims.close(), api.close(), allocator.stop()])
    }
  } finally {
    await Promise.all(stacks.map((stack) => stack.stop()))
  }
})

function start(): Promise<Stack> {
  return startStack({ clusterApiCore: true, progress: () => undefined })
}

async function openSide(stack: Stack['connection']): Promise<Side> {
  return {
    api: kubernetesApi(stack),
    clusters: await record<Cluster>(stack, world.path('clusters')),
    claims: await record<Claim>(stack, world.path('ipaddressclaims')),
    allocator: await startAllocator({
      stack,
      kubeconfigPath: stack.kubeconfigPath,
      namespaces: [world.namespace],
    }),
  }
}

/** Says for the demo providers that infrastructure and control plane are up: clusterctl moves no other Clusters. */
async function provision(name: string): Promise<void> {
  const { spec } = present(
    await source.clusters.until(name, (now) => now?.spec.controlPlaneRef !== undefined),
  )
  await sayInitialized(spec.infrastructureRef, { provisioned: true })
  await sayInitialized(spec.controlPlaneRef, { controlPlaneInitialized: true })
  await source.clusters.until(
    name,
    (now) =>
      now?.status?.initialization?.infrastructureProvisioned === true &&
      now.status.conditions?.find(({ type }) => type === 'ControlPlaneInitialized')?.status === 'True',
  )
}

/**
 * Core removes the Secret by which it holds a Cluster's parts together at first a moment after it took them over
 * (`reconcileClusterShim`); one that goes while clusterctl moves it is looked for in vain until the move gives up.
 */
async function untilWithoutShims(names: readonly string[]): Promise<void> {
  const secrets = await record<{ metadata: { name: string } }>(
    present(stacks[0]).connection,
    `/api/v1/namespaces/${world.namespace}/secrets`,
  )
  try {
    await Promise.all(names.map((name) => secrets.until(`${name}-shim`, (now) => now === undefined)))
  } finally {
    await secrets.close()
  }
}

async function sayInitialized(reference: Reference | undefined, initialization: object): Promise<void> {
  const { apiGroup, kind, name } = present(reference)
  await world.api.send({
    method: 'PATCH',
    path: `/apis/${apiGroup}/v1alpha1/namespaces/${world.namespace}/${kind.toLowerCase()}s/${name}/status`,
    body: { status: { initialization } },
    contentType: 'application/merge-patch+json',
  })
}

/** Makes a Cluster at the target, like the example's. */
async function createAtTarget(name: string, className: string): Promise<void> {
  const path = join(import.meta.dirname, '..', '..', 'examples', 'cluster-v1beta2.yaml')
  const text = readFileSync(path, 'utf8')
    .replace('name: demo-cluster', `name: ${name}`)
    .replace('namespace: clusters', `namespace: ${world.namespace}`)
    .replace('name: rke2-cluster-class', `name: ${className}`)
  await applyManifests(present(stacks[1]).connection, [{ text }])
}

function present<T>(object: T | undefined): T {
  if (object === undefined) throw new Error('it is not there')
  return object
}

function isUnpaused(cluster: Cluster | undefined): boolean {
  return cluster !== undefined && cluster.spec.paused !== true
}

function hostOf(cluster: Cluster | undefined): string {
  return cluster?.spec.controlPlaneEndpoint?.host ?? ''
}

/** The versions of a Cluster on one side that were paused, oldest first. */
function pausedOn({ clusters }: Side, name: string): readonly Cluster[] {
  return clusters.versionsOf(name).filter(({ spec }) => spec.paused === true)
}

/** The Cluster as clusterctl found it. */
function asItWas(name: string): Cluster {
  return present(pausedOn(source, name)[0])
}

/** The Cluster as it is at the target now. */
function atTarget(name: string): Cluster {
  return present(target.clusters.versionsOf(name).at(-1))
}

/** What moves along of what an allocator writes, and what it must not change afterwards. */
function assigned({ metadata, spec }: Cluster): object {
  const { paused: _, ...rest } = spec
  return { spec: rest, vip: metadata.annotations?.[vipAnnotation] }
}

/** What tells of an allocator's writes besides; the API server keeps account by itself of who wrote which fields when. */
function tracesOn({ metadata, status }: Cluster): {
  readonly conditions: readonly unknown[]
  readonly managedFields: readonly unknown[]
} {
  return {
    conditions: (status?.conditions ?? []).filter(({ type }) => type.startsWith(keyPrefix)),
    managedFields: (metadata.managedFields ?? []).filter(({ manager }) => manager === fieldManager),
  }
}

describe.each(classes)('$name, a Cluster that clusterctl moves,', ({ name, className }) => {
  it('keeps endpoint, variable and annotation', () => {
    const now = atTarget(name)
    const host = hostOf(asItWas(name))
    expect(now.metadata.uid).not.toBe(asItWas(name).metadata.uid)
    expect(host).toMatch(/^10\.8[01]\.0\.\d+$/)
    expect(assigned(now)).toEqual(assigned(asItWas(name)))
    expect(assigned(now)).toMatchObject({
      spec: {
        controlPlaneEndpoint: { host, port: 6443 },
        topology: { variables: [{ name: 'clusterVip', value: host }] },
      },
      vip: host,
    })
  })

  it('owns its claim at the target, which is bound to the same address', async () => {
    const claim = await target.claims.until(
      `vip-cp-${name}`,
      (now) => now?.status?.addressRef?.name !== undefined,
    )
    const { uid } = atTarget(name).metadata
    expect(claim?.metadata.ownerReferences).toMatchObject([{ kind: 'Cluster', name, uid, controller: true }])
    const address = await target.api.send({
      method: 'GET',
      path: world.path('ipaddresses', claim?.status?.addressRef?.name),
    })
    expect(address).toMatchObject({ spec: { address: hostOf(asItWas(name)) } })
  })

  it('is not written to by the allocator at the source while it is paused', () => {
    const versions = pausedOn(source, name)
    const isGoing = ({ metadata }: Cluster): boolean => metadata.annotations?.[deleteForMove] !== undefined
    for (const version of versions.filter((version) => !isGoing(version))) {
      expect(assigned(version)).toEqual(assigned(asItWas(name)))
      expect(tracesOn(version)).toEqual(tracesOn(asItWas(name)))
    }
    const going = versions.filter(isGoing)
    expect(going).not.toEqual([])
    for (const { metadata, spec } of going) {
      // clusterctl puts its annotation in the place of all others, and nobody puts ours back.
      expect(Object.keys(metadata.annotations ?? {})).toEqual([deleteForMove])
      expect(spec).toEqual(asItWas(name).spec)
    }
  })

  it('is not written to by the allocator at the target while it is paused', () => {
    const versions = pausedOn(target, name)
    expect(versions).not.toEqual([])
    for (const version of versions) {
      expect(assigned(version)).toEqual(assigned(asItWas(name)))
      const { conditions, managedFields } = tracesOn(version)
      expect(conditions).toEqual([])
      // clusterctl creates the Cluster in its own name, and then restores who wrote what.
      for (const entry of managedFields) expect(tracesOn(asItWas(name)).managedFields).toContainEqual(entry)
    }
  })

  it('shares its address with no Cluster that is created at the target afterwards', async () => {
    await createAtTarget(`${name}-next`, className)
    const next = await target.clusters.until(`${name}-next`, (now) => hostOf(now) !== '')
    expect(hostOf(next)).not.toBe(hostOf(asItWas(name)))
    expect(assigned(atTarget(name))).toEqual(assigned(asItWas(name)))
  })
})

describe('a move by clusterctl', () => {
  it('takes one address for each Cluster we serve, and none for one whose endpoint was set by hand', async () => {
    await createAtTarget('last', 'rke2-cluster-class')
    await target.clusters.until('last', (now) => hostOf(now) !== '')
    expect(atTarget('manual').spec.controlPlaneEndpoint).toEqual({ host: '10.99.0.1', port: 8443 })
    const claims = await namesOf(target, 'ipaddressclaims')
    expect(claims).toEqual(expect.arrayContaining(['vip-cp-moved', 'vip-cp-moved-global', 'vip-cp-last']))
    expect(claims).not.toContain('vip-cp-manual')
    expect(await namesOf(target, 'ipaddresses')).toEqual(claims)
  })

  it('leaves no Cluster, claim or pool in the namespace', async () => {
    for (const plural of ['clusters', 'ipaddressclaims', 'inclusterippools']) {
      expect(await namesOf(source, plural)).toEqual([])
    }
  })

  it('leaves the addresses of cluster-wide pools at the source, and nobody there gets them', async () => {
    expect(await namesOf(source, 'ipaddresses')).toEqual(['vip-cp-moved-global'])
    await world.createClass('global-class')
    await world.createCluster('stayed', { className: 'global-class' })
    const stayed = await world.untilServed('stayed')
    expect(stayed.controlPlaneEndpoint.host).not.toBe(hostOf(asItWas('moved-global')))
    expect(await world.claims()).toEqual(['vip-cp-stayed'])
  })
})

describe.each(classes)('$name, once it is at the target,', ({ name }) => {
  it('gives its address back when it is deleted', async () => {
    await target.api.send({ method: 'DELETE', path: world.path('clusters', name) })
    await target.claims.until(`vip-cp-${name}`, (now) => now === undefined)
    expect(await namesOf(target, 'ipaddresses')).not.toContain(`vip-cp-${name}`)
  })
})

async function namesOf({ api }: Side, plural: string): Promise<readonly string[]> {
  const list = await api.send<{ items: readonly { metadata: { name: string } }[] }>({
    method: 'GET',
    path: world.path(plural),
  })
  return list.items.map(({ metadata }) => metadata.name).toSorted()
}
