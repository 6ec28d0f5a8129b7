import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Plural } from '../../dev/stack/resource-path.ts'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { fieldManager } from '../../src/domain/names.ts'
import {
  assigned,
  hostOf,
  latestOn,
  movedWithinMs,
  openMoveFixture,
  pausedOn,
  defined,
  untilBound,
  type MovedClaim,
  type MovedCluster,
  type MoveFixture,
  type ManagementCluster,
} from './move-fixture.ts'
import type { Testbed } from './testbed.ts'

const keyPrefix = 'vip.capi.gorizond.io/'
const deleteForMove = 'clusterctl.cluster.x-k8s.io/delete-for-move'

/** One Cluster on a pool of its namespace, which moves along, and one on a cluster-wide pool, which is copied. */
const classes = [
  { name: 'moved', className: 'rke2-cluster-class' },
  { name: 'moved-global', className: 'global-class' },
]

let moving: MoveFixture
let testbed: Testbed
let source: ManagementCluster
let target: ManagementCluster
/** The VIP of a Cluster that was deleted before the move. */
let keptHost: string

beforeAll(async () => {
  moving = await openMoveFixture()
  ;({ testbed, source, target } = moving)
  await testbed.createPool('10.80.0.10-10.80.0.20')
  await testbed.createClass('global-class')
  await testbed.applyExample(
    'ip-pool',
    ['name: vip-pool', 'name: global-vip-pool'],
    ['rke2-cluster-class', 'global-class'],
    ['10.0.0.10-10.0.0.20', '10.81.0.10-10.81.0.20'],
  )
  await Promise.all(classes.map(({ name, className }) => testbed.createCluster(name, { className })))
  await testbed.createCluster('manual', { spec: 'controlPlaneEndpoint: { host: 10.99.0.1, port: 8443 }' })
  // By hand as well: the class makes nothing of a Cluster without.
  await testbed.editCluster('manual', {
    topology: { variables: [{ name: 'clusterVip', value: '10.99.0.1' }] },
  })
  await testbed.createClass('retained-class')
  await testbed.createPool('10.80.1.10-10.80.1.20', {
    name: 'retained-pool',
    className: 'retained-class',
    annotations: { [`${keyPrefix}retain`]: '24h' },
  })
  for (const name of ['retained', 'kept']) await testbed.createCluster(name, { className: 'retained-class' })
  keptHost = (await testbed.untilServed('kept')).controlPlaneEndpoint.host
  await testbed.deleteCluster('kept')
  await source.claims.until('vip-cp-kept', (now) => untilOf(now) !== undefined)
  await moving.move([...classes.map(({ name }) => name), 'manual', 'retained'])
}, movedWithinMs)

afterAll(() => moving.close())

/** Makes a Cluster at the target, like the example's. */
async function createAtTarget(name: string, className: string): Promise<void> {
  const path = join(import.meta.dirname, '..', '..', 'examples', 'cluster-v1beta2.yaml')
  const text = readFileSync(path, 'utf8')
    .replace('name: demo-cluster', `name: ${name}`)
    .replace('namespace: clusters', `namespace: ${testbed.namespace}`)
    .replace('name: rke2-cluster-class', `name: ${className}`)
  await applyManifests(target.stack, [{ text }])
}

/** The Cluster as clusterctl found it. */
function asItWas(name: string): MovedCluster {
  return defined(pausedOn(source, name)[0])
}

/** The Cluster as it is at the target now. */
function atTarget(name: string): MovedCluster {
  return latestOn(target, name)
}

/** What tells of an allocator's writes besides; the API server keeps account by itself of who wrote which fields when. */
function tracesOn({ metadata, status }: MovedCluster): {
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
    const { claim, address } = await untilBound(moving, `vip-cp-${name}`)
    const { uid } = atTarget(name).metadata
    expect(claim.metadata.ownerReferences).toMatchObject([{ kind: 'Cluster', name, uid, controller: true }])
    expect(address).toBe(hostOf(asItWas(name)))
  })

  it('is not written to by the allocator at the source while it is paused', () => {
    const versions = pausedOn(source, name)
    const isGoing = ({ metadata }: MovedCluster): boolean =>
      metadata.annotations?.[deleteForMove] !== undefined
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

function untilOf(claim: MovedClaim | undefined): string | undefined {
  return claim?.metadata.annotations?.[`${keyPrefix}kept-until`]
}

describe('a claim on a pool that retains addresses', () => {
  it('is moved without an owner, and is its Cluster’s again at the target', async () => {
    const { uid } = atTarget('retained').metadata
    const claim = await target.claims.until(
      'vip-cp-retained',
      (now) => now?.metadata.annotations?.[`${keyPrefix}cluster-uid`] === uid,
    )
    expect(claim?.metadata.ownerReferences).toBeUndefined()
    expect(untilOf(claim)).toBeUndefined()
    const { address } = await untilBound(moving, 'vip-cp-retained')
    expect(address).toBe(hostOf(asItWas('retained')))
    expect(assigned(atTarget('retained'))).toEqual(assigned(asItWas('retained')))
  })

  it('is moved without a Cluster, too, and keeps its address for one of the same name', async () => {
    const before = source.claims
      .versionsOf('vip-cp-kept')
      .map(untilOf)
      .find((until) => until !== undefined)
    const moved = await target.claims.until('vip-cp-kept', (now) => untilOf(now) !== undefined)
    expect(untilOf(moved)).toBe(before)
    await createAtTarget('kept', 'retained-class')
    const again = await target.clusters.until('kept', (now) => hostOf(now) !== '')
    expect(hostOf(again)).toBe(keptHost)
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
    for (const plural of ['clusters', 'ipaddressclaims', 'inclusterippools'] as const) {
      expect(await namesOf(source, plural)).toEqual([])
    }
  })

  it('leaves the addresses of cluster-wide pools at the source, and nobody there gets them', async () => {
    expect(await namesOf(source, 'ipaddresses')).toEqual(['vip-cp-moved-global'])
    await testbed.createClass('global-class')
    await testbed.createCluster('stayed', { className: 'global-class' })
    const stayed = await testbed.untilServed('stayed')
    expect(stayed.controlPlaneEndpoint.host).not.toBe(hostOf(asItWas('moved-global')))
    expect(await testbed.claims()).toEqual(['vip-cp-stayed'])
  })
})

describe.each(classes)('$name, once it is at the target,', ({ name }) => {
  it('gives its address back when it is deleted', async () => {
    await target.api.send({ method: 'DELETE', path: testbed.path('clusters', name) })
    await target.claims.until(`vip-cp-${name}`, (now) => now === undefined)
    expect(await namesOf(target, 'ipaddresses')).not.toContain(`vip-cp-${name}`)
  })
})

async function namesOf({ api }: ManagementCluster, plural: Plural): Promise<readonly string[]> {
  const list = await api.send<{ items: readonly { metadata: { name: string } }[] }>({
    method: 'GET',
    path: testbed.path(plural),
  })
  return list.items.map(({ metadata }) => metadata.name).toSorted()
}
