import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Report } from '../../src/commands/doctor/report.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { recordRendered } from './gate-fixture.ts'
import { endpointOf, getObject, postCluster, variablesOf } from './objects.ts'
import { versionsUntil } from './recording.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const prefix = 'vip.capi.gorizond.io'
const vipAnnotation = `${prefix}/control-plane-vip`
const ingressVip = `${prefix}/ingress-vip`
const familyLabel = `${prefix}/ip-family`
const pair = { [`${prefix}/ip-families`]: 'IPv4,IPv6' }
const givesBack = { ...pair, [`${prefix}/ip-families-policy`]: 'give-back' }

const { stack } = realParts()
let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

interface ClassOptions {
  readonly annotations?: Readonly<Record<string, string>>
  /** Schemas by the names of variables, instead of the one for `clusterVip`. */
  readonly variables?: Readonly<Record<string, object>>
}

/** A class with a pool of IPv4 addresses. */
async function createClass(name: string, addresses: string, options: ClassOptions = {}): Promise<void> {
  const { annotations = {}, variables = {} } = options
  await testbed.createClass(name)
  const wanted = Object.entries(variables).map(([variable, schema]) => ({
    name: variable,
    required: false,
    schema: { openAPIV3Schema: schema },
  }))
  await testbed.patch(testbed.path('clusterclasses', name), {
    metadata: { annotations },
    ...(wanted.length > 0 && { spec: { variables: [clusterVip, ...wanted] } }),
  })
  await testbed.createPool(addresses, { name: `${name}-4`, className: name })
}

const clusterVip = { name: 'clusterVip', required: false, schema: { openAPIV3Schema: { type: 'string' } } }

async function createSixPool(className: string, addresses: string, role?: string): Promise<void> {
  const name = `${className}-6${role === undefined ? '' : `-${role}`}`
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('inclusterippools'),
    body: {
      apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
      kind: 'InClusterIPPool',
      metadata: {
        name,
        labels: {
          [`${prefix}/cluster-class`]: className,
          ...(role !== undefined && { [`${prefix}/role`]: role }),
        },
      },
      spec: { addresses: [addresses], prefix: 64 },
    },
  })
}

async function annotated(name: string, annotation: string): Promise<Cluster> {
  const cluster = await testbed.untilCluster(name, (now) => now?.annotations[annotation] !== undefined)
  if (cluster === undefined) throw new Error(`${name} is gone`)
  return cluster
}

function conditionOf(cluster: Cluster | undefined): string {
  return cluster?.conditions.find(({ type }) => type === `${prefix}/ControlPlaneVIPReady`)?.message ?? ''
}

describe('a Cluster whose class asks for a pair', () => {
  it('gets two addresses by two claims, in endpoint, annotation and variables at once', async () => {
    const text = { type: 'string' }
    const variables = {
      vip: { type: 'object', properties: { host: text, port: { type: 'integer' }, addresses: text } },
      six: { ...text, format: 'ipv6' },
      addresses: { type: 'array', items: text },
    }
    const named = { [`${prefix}/control-plane-variable`]: 'clusterVip,vip,six,addresses' }
    await createClass('both', '10.172.0.10-10.172.0.20', { annotations: { ...pair, ...named }, variables })
    await createSixPool('both', 'fd00:172::10-fd00:172::20')
    const created = await postCluster(testbed, 'both', { className: 'both' })
    const versions = await versionsUntil(
      stack,
      testbed,
      created,
      (version) => version.metadata.annotations?.[vipAnnotation] !== undefined,
    )
    const [first, second] = ['10.172.0.10', 'fd00:172::10'] as const
    const last = versions.at(-1)
    expect(last?.spec['controlPlaneEndpoint']).toEqual({ host: first, port: 6443 })
    expect(last?.metadata.annotations).toMatchObject({ [vipAnnotation]: `${first},${second}` })
    expect(variablesOf(await getObject(testbed, 'clusters', 'both'))).toEqual({
      clusterVip: first,
      vip: { host: first, port: 6443, addresses: `${first},${second}` },
      six: second,
      addresses: [first, second],
    })
    // No version before had a part of it.
    for (const version of versions.slice(1, -1)) {
      expect(version.spec['controlPlaneEndpoint']).toBeUndefined()
      expect(variablesOf(version)).toEqual({})
    }
    const claims = await Promise.all(
      ['vip-cp-both', 'vip-cp2-both'].map((name) =>
        testbed.untilClaim(name, (now) => now?.addressName !== undefined),
      ),
    )
    expect(claims).toMatchObject([
      { poolRef: { name: 'both-4' }, labels: { [familyLabel]: 'IPv4' } },
      {
        poolRef: { name: 'both-6' },
        labels: { [familyLabel]: 'IPv6', [`${prefix}/role`]: 'control-plane' },
        ownerReferences: [{ kind: 'Cluster', uid: created.metadata.uid }],
      },
    ])
  })

  it('says so in its condition, in the result of its run, in status and in plan', async () => {
    const from =
      '10.172.0.10:6443 from InClusterIPPool/both-4 by IPAddressClaim vip-cp-both, and fd00:172::10 from InClusterIPPool/both-6 by IPAddressClaim vip-cp2-both'
    const cluster = await testbed.untilCluster('both', (now) => conditionOf(now) !== '')
    expect(conditionOf(cluster)).toBe(from)
    const run = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf('both')))
    expect(await run.result()).toMatchObject({
      roles: {
        'control-plane': {
          outcome: 'allocated',
          message: from,
          address: '10.172.0.10',
          claim: 'vip-cp-both',
          second: { address: 'fd00:172::10', claim: 'vip-cp2-both', pool: { name: 'both-6' } },
        },
      },
    })
    const key = `${testbed.namespace}/both`
    expect(await suite.print('status')).toContain('10.172.0.10,fd00:172::10')
    const details = await suite.print('status', key)
    expect(details).toMatch(/second VIP +fd00:172::10/)
    expect(details).toContain('vip-cp2-both on InClusterIPPool/both-6, bound')
    expect(await suite.print('plan', key)).toContain('has 10.172.0.10:6443 and fd00:172::10 as it should')
  })

  it('gets them too if it is stored as v1beta1, with the families in the order of its own annotation', async () => {
    const metadata = { annotations: { [`${prefix}/ip-families`]: 'IPv6,IPv4' } }
    const spec = { controlPlaneEndpoint: { host: '', port: 0 } }
    await postCluster(testbed, 'older', { version: 'v1beta1', className: 'both', metadata, spec })
    const { controlPlaneEndpoint, annotations } = await testbed.untilServed('older')
    expect(controlPlaneEndpoint).toEqual({ host: 'fd00:172::11', port: 6443 })
    expect(annotations[vipAnnotation]).toBe('fd00:172::11,10.172.0.11')
    const claim = await testbed.untilClaim('vip-cp2-older', (now) => now?.addressName !== undefined)
    expect(claim?.poolRef.name).toBe('both-4')
  })

  it('has the same second address again after its claim was lost', async () => {
    const before = await testbed.untilClaim('vip-cp2-both', (now) => now !== undefined)
    await testbed.delete('ipaddressclaims', 'vip-cp2-both')
    const again = await testbed.untilClaim(
      'vip-cp2-both',
      (now) => now !== undefined && now.uid !== before?.uid && now.addressName !== undefined,
    )
    const address = await getObject(testbed, 'ipaddresses', again?.addressName ?? '')
    expect(address.spec['address']).toBe('fd00:172::10')
    const { annotations } = await testbed.untilServed('both')
    expect(annotations[vipAnnotation]).toBe('10.172.0.10,fd00:172::10')
  })

  it('has its second address back in the annotation from which somebody removed it', async () => {
    await testbed.patch(testbed.path('clusters', 'both'), {
      metadata: { annotations: { [vipAnnotation]: '10.172.0.10' } },
    })
    const cluster = await testbed.untilCluster(
      'both',
      (now) => now?.annotations[vipAnnotation] === '10.172.0.10,fd00:172::10',
    )
    expect(cluster?.controlPlaneEndpoint.host).toBe('10.172.0.10')
  })

  it('releases both addresses with the Cluster', async () => {
    await testbed.deleteCluster('both')
    await Promise.all(
      ['vip-cp-both', 'vip-cp2-both'].map((name) => testbed.untilClaim(name, (now) => now === undefined)),
    )
    await testbed.createCluster('next', { className: 'both' })
    const { annotations } = await testbed.untilServed('next')
    expect(annotations[vipAnnotation]).toBe('10.172.0.10,fd00:172::10')
  })
})

describe('a Cluster that cannot have its second address', () => {
  it('holds the first one, and is served as soon as a pool of the other family is there', async () => {
    await createClass('holding', '10.172.1.10-10.172.1.20')
    await testbed.createCluster('holding', { className: 'holding', annotations: pair })
    const waiting = await testbed.untilCluster('holding', (now) => conditionOf(now).includes('meanwhile'))
    expect(conditionOf(waiting)).toMatch(
      /^for the IPv6 address of the pair: .*has IPv4 addresses, and IPv6 is asked for.*; 10\.172\.1\.10 is held meanwhile$/,
    )
    expect(waiting?.controlPlaneEndpoint.host).toBe('')
    expect(waiting?.annotations[vipAnnotation]).toBeUndefined()
    expect(await suite.print('plan', `${testbed.namespace}/holding`)).toContain('would wait, NoMatchingPool')
    await createSixPool('holding', 'fd00:172:1::10-fd00:172:1::20')
    const { annotations } = await testbed.untilServed('holding')
    expect(annotations[vipAnnotation]).toBe('10.172.1.10,fd00:172:1::10')
  })

  it('holds none if its policy is to give back, and is served when both can be had', async () => {
    await createClass('giving', '10.172.2.10')
    await createSixPool('giving', 'fd00:172:2::10')
    await testbed.createCluster('taker', { className: 'giving', annotations: { ...pair } })
    await testbed.untilServed('taker')
    await testbed.untilPool('giving-6', (now) => now?.capacity?.free === 0)
    await testbed.patch(testbed.path('inclusterippools', 'giving-4'), {
      spec: { addresses: ['10.172.2.10-10.172.2.11'] },
    })
    await testbed.untilPool('giving-4', (now) => now?.capacity?.free === 1)
    await testbed.createCluster('giver', { className: 'giving', annotations: givesBack })
    const waiting = await testbed.untilCluster('giver', (now) => conditionOf(now) !== '')
    expect(conditionOf(waiting)).toMatch(/^neither address of the pair is held while one cannot be had: /)
    expect(await testbed.claims()).not.toContain('vip-cp-giver')
    await testbed.patch(testbed.path('inclusterippools', 'giving-6'), {
      spec: { addresses: ['fd00:172:2::10-fd00:172:2::11'] },
    })
    const { annotations } = await testbed.untilServed('giver')
    expect(annotations[vipAnnotation]).toBe('10.172.2.11,fd00:172:2::11')
  })

  it('is told what is wrong with its annotation', async () => {
    await createClass('wrong', '10.172.3.10-10.172.3.20')
    const annotations = { [`${prefix}/ip-families`]: 'ipv4,ipv6' }
    await testbed.createCluster('wrong', { className: 'wrong', annotations })
    const cluster = await testbed.untilCluster('wrong', (now) => conditionOf(now) !== '')
    expect(conditionOf(cluster)).toBe(
      `annotation ${prefix}/ip-families of Cluster ${testbed.namespace}/wrong is "ipv4,ipv6", expected "IPv4", "IPv6", "IPv4,IPv6" or "IPv6,IPv4"`,
    )
    await testbed.patch(testbed.path('clusters', 'wrong'), {
      metadata: { annotations: { [`${prefix}/ip-families`]: 'IPv4' } },
    })
    expect(await testbed.hostOf('wrong')).toBe('10.172.3.10')
  })
})

describe('a class that asks for a pair, and whose variable takes one address', () => {
  it('is named by doctor', async () => {
    await createClass('single', '10.172.7.10', { annotations: pair })
    const name = `ClusterClass ${testbed.namespace}/single`
    // Core has to accept the variable first.
    const found = await eventually('doctor to name the class', async () => {
      const { findings } = JSON.parse(await suite.print('doctor', '--output=json')) as Report
      const named = findings.filter((each) => each.found.startsWith(`${name}: the control-plane VIP is`))
      return named.length === 0 ? undefined : named
    })
    expect(found).toEqual([
      {
        check: 'cluster-classes',
        level: 'warning',
        found: `${name}: the control-plane VIP is a pair for all its Clusters, and their templates get one address of it: its variables take one (clusterVip), and no patch reads the annotation ${vipAnnotation}`,
        fix: expect.stringContaining('docs/dual-stack.md'),
      },
    ])
  })
})

describe('the class of examples/cluster-class-dual-stack.yaml', () => {
  it('passes the first address on to the infrastructure, and both to kube-vip, from the first version on', async () => {
    const rendered = await recordRendered(stack, testbed)
    try {
      await testbed.applyExample(
        'cluster-class-dual-stack',
        ['10.0.0.', '10.172.6.'],
        ['fd00:10:', 'fd00:172:6:'],
      )
      await testbed.createCluster('example', { className: 'dual-stack' })
      const infrastructure = await rendered.first('example', 'infrastructureRef')
      expect(infrastructure.metadata.generation).toBe(1)
      expect(endpointOf(infrastructure)).toEqual({ host: '10.172.6.10', port: 6443 })
      const { spec } = await rendered.first('example', 'controlPlaneRef')
      expect(spec).toMatchObject({
        kubeadmConfigSpec: {
          files: [
            {
              content: expect.stringContaining(
                '- name: address\n          value: "10.172.6.10,fd00:172:6::10"\n',
              ),
            },
          ],
        },
      })
    } finally {
      await rendered.close()
    }
  })
})

describe('an ingress VIP', () => {
  it('is a pair in the same way, whose label has the IPv4 address', async () => {
    await createClass('entry', '10.172.4.10-10.172.4.20', { annotations: pair })
    await createSixPool('entry', 'fd00:172:4::10-fd00:172:4::20')
    await testbed.createPool('10.172.5.10-10.172.5.20', {
      name: 'entry-4-ingress',
      className: 'entry',
      labels: { [`${prefix}/role`]: 'ingress' },
    })
    await createSixPool('entry', 'fd00:172:5::10-fd00:172:5::20', 'ingress')
    await testbed.createCluster('entry', { className: 'entry' })
    const { annotations, labels } = await annotated('entry', ingressVip)
    expect(annotations[ingressVip]).toBe('10.172.5.10,fd00:172:5::10')
    expect(labels[ingressVip]).toBe('10.172.5.10')
    const claim = await testbed.untilClaim('vip-ingress2-entry', (now) => now?.addressName !== undefined)
    expect(claim?.poolRef.name).toBe('entry-6-ingress')
    expect((await annotated('entry', vipAnnotation)).annotations[vipAnnotation]).toBe(
      '10.172.4.10,fd00:172:4::10',
    )
  })
})
