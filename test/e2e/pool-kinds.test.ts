import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import {
  definitionOf,
  poolPath,
  startProvider,
  type PoolBehavior,
  type ProvidedKind,
  type Provider,
} from '../../dev/ipam-provider/provider.ts'
import { withKubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests, type ManifestSource } from '../../dev/stack/manifests.ts'
import type { PoolsReport } from '../../src/commands/pools/pools-report.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { clusterClassKey } from '../../src/domain/names.ts'
import { workflowIdFor, type AllocateVipResult } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { eventsAbout, getObject, postCluster } from './objects.ts'
import { scrapeOf } from './scrape.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const group = 'pools.example.test'
const acme: ProvidedKind = { group, kind: 'AcmeIPPool', plural: 'acmeippools', isGlobal: false }
const acmeGlobal: ProvidedKind = {
  group,
  kind: 'GlobalAcmeIPPool',
  plural: 'globalacmeippools',
  isGlobal: true,
}
const metal3: ProvidedKind = {
  group: 'ipam.metal3.io',
  kind: 'IPPool',
  plural: 'ippools',
  isGlobal: false,
  isLikeMetal3: true,
}
/** Defined while the allocator runs. */
const late: ProvidedKind = { group, kind: 'LateIPPool', plural: 'lateippools', isGlobal: false }
const kinds = [acme, acmeGlobal, metal3, late]

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
const providers: Provider[] = []

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await applyManifests(stack, [...kinds.filter((kind) => kind !== late).map(definitionOf), ...rights()])
  providers.push(
    startProvider(
      stack,
      testbed.namespace,
      kinds.filter((kind) => kind !== late),
    ),
  )
  const flags = kinds.map(({ kind, group }) => `--pool-kinds=${kind}.${group}`)
  await suite.start({ flags })
})

afterAll(async () => {
  await suite.close()
  await Promise.all(providers.map((provider) => provider.close()))
  await withKubernetesApi(stack, async (api) => {
    for (const { plural, group } of kinds) {
      const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${plural}.${group}`
      await api.send({ method: 'DELETE', path }).catch(() => undefined)
    }
    for (const plural of ['clusterroles', 'clusterrolebindings']) {
      const path = `/apis/rbac.authorization.k8s.io/v1/${plural}/pools-of-${testbed.namespace}`
      await api.send({ method: 'DELETE', path })
    }
  })
})

/** What the allocator may read beside deploy/manifests. */
function rights(): readonly ManifestSource[] {
  const name = `pools-of-${testbed.namespace}`
  const rules = [group, metal3.group].map((each) => ({
    apiGroups: [each],
    resources: kinds.filter(({ group }) => group === each).map(({ plural }) => plural),
    verbs: ['list', 'watch'],
  }))
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const objects = [
    { apiVersion, kind: 'ClusterRole', metadata: { name }, rules },
    {
      apiVersion,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
      subjects: [{ kind: 'Group', apiGroup: 'rbac.authorization.k8s.io', name: 'system:serviceaccounts' }],
    },
  ]
  return objects
}

/** Creates a pool for a ClusterClass of its own, unless one is given. */
async function createPool(
  kind: ProvidedKind,
  name: string,
  className: string,
  spec: PoolBehavior & Readonly<Record<string, unknown>>,
  priority = 0,
): Promise<void> {
  await testbed.api.send({
    method: 'POST',
    path: poolPath(kind, testbed.namespace),
    body: {
      apiVersion: `${kind.group}/v1alpha1`,
      kind: kind.kind,
      metadata: {
        name,
        ...(!kind.isGlobal && { namespace: testbed.namespace }),
        labels: { [clusterClassKey]: className },
        annotations: { 'vip.capi.gorizond.io/priority': String(priority) },
      },
      spec,
    },
  })
}

async function createClass(name: string): Promise<string> {
  const className = `${name}-class`
  await testbed.createClass(className)
  return className
}

async function poolOf(cluster: string): Promise<unknown> {
  const { spec } = await getObject(testbed, 'ipaddressclaims', `vip-cp-${cluster}`)
  return spec['poolRef']
}

async function readyPage(): Promise<string> {
  return (await fetch(suite.allocator.readyUrl)).text()
}

describe('pools of other IPAM providers', () => {
  it('of a kind that is not served yet are named by the readiness page, and serve once they are', async () => {
    expect(await readyPage()).toContain('LateIPPools serve no Cluster')
    const className = await createClass('late')
    await postCluster(testbed, 'late', { className })
    await applyManifests(stack, [definitionOf(late)])
    providers.push(startProvider(stack, testbed.namespace, [late]))
    await createPool(late, 'late', className, { addresses: ['10.189.0.10'] })
    expect(await testbed.hostOf('late')).toBe('10.189.0.10')
  })

  it('serve Clusters by the same labels as ours, from a namespace or from everywhere', async () => {
    const [own, global] = await Promise.all([createClass('own'), createClass('global')])
    await createPool(acme, 'own', own, { addresses: ['10.189.1.10'] })
    const name = `${testbed.namespace}-global`
    await createPool(acmeGlobal, name, global, { addresses: ['10.189.1.20'] })
    await postCluster(testbed, 'own', { className: own })
    await postCluster(testbed, 'global', { className: global })
    expect(await testbed.hostOf('own')).toBe('10.189.1.10')
    expect(await testbed.hostOf('global')).toBe('10.189.1.20')
    expect(await poolOf('global')).toEqual({ apiGroup: group, kind: 'GlobalAcmeIPPool', name })
    const summaryOf = async (cluster: string): Promise<unknown> => {
      const run = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(cluster)))
      const { roles } = (await run.result()) as AllocateVipResult
      return roles['control-plane']?.pool
    }
    expect(await summaryOf('own')).toEqual({
      kind: 'AcmeIPPool',
      namespace: testbed.namespace,
      name: 'own',
    })
    expect(await summaryOf('global')).toEqual({ kind: 'GlobalAcmeIPPool', namespace: '', name })
    const { pools } = JSON.parse(await suite.print('pools', '--output=json', ...flags())) as PoolsReport
    expect(pools).toContainEqual(
      expect.objectContaining({ kind: 'AcmeIPPool', name: 'own', state: 'Unknown' }),
    )
    await testbed.api.send({ method: 'DELETE', path: poolPath(acmeGlobal, '', name) })
  })

  it('are tried one after another where their provider refuses the claim, with an event for each, and again when one changes', async () => {
    const className = await createClass('next')
    await createPool(acme, 'next-full', className, { addresses: [] }, 2)
    await createPool(acme, 'next-broken', className, { addresses: ['10.189.2.9'], fail: 'no credentials' }, 1)
    await createPool(acme, 'next-good', className, { addresses: ['10.189.2.10'] })
    const scrape = scrapeOf(suite.allocator)
    const refused = (reason: string): Promise<number> =>
      scrape.value('refused_claims_total', { role: 'control-plane', reason })
    await postCluster(testbed, 'next', { className })
    expect(await testbed.hostOf('next')).toBe('10.189.2.10')
    // Two refusals, each an event and counted once.
    expect(await Promise.all([refused('PoolExhausted'), refused('AllocationFailed')])).toEqual([1, 1])
    const told = (await eventsAbout(testbed, 'next')).filter(({ type }) => type === 'Warning')
    expect(told.map(({ reason, note }) => [reason, String(note)])).toEqual(
      expect.arrayContaining([
        [
          'PoolExhausted',
          expect.stringMatching(
            /got no address of AcmeIPPool\/next-full, .*AcmeIPPool\/next-broken is tried next$/,
          ),
        ],
        [
          'AllocationFailed',
          expect.stringMatching(/AllocationFailed: "no credentials"; AcmeIPPool\/next-good is tried next$/),
        ],
      ]),
    )
    await postCluster(testbed, 'last', { className })
    const waiting = await testbed.untilCluster('last', (now) => {
      const condition = now && vipConditionOf(now, 'control-plane')
      return (
        condition?.message.includes('AcmeIPPool/next-full: was tried at') === true &&
        condition.message.includes('AcmeIPPool/next-good: was tried at')
      )
    })
    expect(waiting && vipConditionOf(waiting, 'control-plane')).toMatchObject({
      status: 'False',
      reason: 'PoolExhausted',
    })
    await testbed.patch(poolPath(acme, testbed.namespace, 'next-full'), {
      spec: { addresses: ['10.189.2.11'] },
    })
    expect(await testbed.hostOf('last')).toBe('10.189.2.11')
  })

  it('that hand out an address twice give it to one Cluster only', async () => {
    const className = await createClass('twice')
    await createPool(acme, 'twice', className, { addresses: ['10.189.3.10'], handsOutTwice: true }, 1)
    await createPool(acme, 'once', className, { addresses: ['10.189.3.11'], delayMs: 500 })
    await postCluster(testbed, 'first', { className })
    expect(await testbed.hostOf('first')).toBe('10.189.3.10')
    await postCluster(testbed, 'second', { className })
    expect(await testbed.hostOf('second')).toBe('10.189.3.11')
  })

  it('of Metal3 are counted, and bind claims to addresses of other names', async () => {
    const className = await createClass('metal3')
    await createPool(metal3, 'vips', className, {
      namePrefix: 'vips',
      prefix: 24,
      pools: [{ start: '10.189.4.10', end: '10.189.4.10' }],
    })
    await postCluster(testbed, 'metal', { className })
    expect(await testbed.hostOf('metal')).toBe('10.189.4.10')
    const { status } = await getObject(testbed, 'ipaddressclaims', 'vip-cp-metal')
    expect(status).toMatchObject({ addressRef: { name: 'vips-10-189-4-10' } })
    const counted = await eventually('the pool to be counted', async () => {
      const { pools } = JSON.parse(await suite.print('pools', '--output=json', ...flags())) as PoolsReport
      return pools.find(({ name, available }) => name === 'vips' && available === 0)
    })
    expect(counted).toMatchObject({ kind: 'IPPool', state: 'Exhausted', capacity: { total: 1, used: 1 } })
    await postCluster(testbed, 'metal-two', { className })
    await testbed.untilCluster('metal-two', (now) => {
      const condition = now && vipConditionOf(now, 'control-plane')
      return condition?.message.includes('IPPool/vips: 0 of 1 addresses free') === true
    })
    await testbed.patch(poolPath(metal3, testbed.namespace, 'vips'), {
      spec: {
        pools: [
          { start: '10.189.4.10', end: '10.189.4.10' },
          { start: '10.189.4.11', end: '10.189.4.11' },
        ],
      },
    })
    expect(await testbed.hostOf('metal-two')).toBe('10.189.4.11')
  })
})

function flags(): readonly string[] {
  return kinds.map(({ kind, group }) => `--pool-kinds=${kind}.${group}`)
}
