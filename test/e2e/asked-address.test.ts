import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Report } from '../../src/commands/doctor/report.ts'
import { isReservation, type IPAddress } from '../../src/domain/model/ip-address.ts'
import { workflowIdFor, type AllocationStatus } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { seededRandom } from '../support/seeded-random.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { postCluster } from './objects.ts'
import { runCommand } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const address = 'vip.capi.gorizond.io/control-plane-address'
const ingressAddress = 'vip.capi.gorizond.io/ingress-address'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
})

afterAll(() => suite.close())

/** A class with a pool of its own. */
async function classWithPool(name: string, addresses: string): Promise<string> {
  await testbed.createClass(name)
  await testbed.createPool(addresses, { name, className: name })
  return name
}

/** A Cluster that asks for an address. */
async function ask(name: string, className: string, wanted: string): Promise<void> {
  await testbed.createCluster(name, { className, annotations: { [address]: wanted } })
}

async function askAgain(name: string, wanted: string | null): Promise<void> {
  await testbed.patch(testbed.path('clusters', name), { metadata: { annotations: { [address]: wanted } } })
}

async function untilWaiting(name: string, reason: string, words: string): Promise<void> {
  await temporal.untilPending(testbed.keyOf(name), { activity: 'selectIPPool', reason, words })
}

/** The reasons for which the run was woken. */
async function wakesOf(name: string): Promise<readonly string[]> {
  const handle = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(name)))
  return (await handle.query<AllocationStatus>('status')).wakes
}

async function untilCondition(name: string, words: string): Promise<void> {
  await testbed.untilCluster(
    name,
    (now) =>
      now?.conditions.some(
        ({ type, message }) => type.endsWith('/ControlPlaneVIPReady') && message.includes(words),
      ) ?? false,
  )
}

/** Claims an address as a machine does. */
async function claimAsMachine(name: string, pool: string): Promise<void> {
  const { apiGroup, kind } = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool' }
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('ipaddressclaims'),
    body: {
      apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
      kind: 'IPAddressClaim',
      metadata: { name, namespace: testbed.namespace },
      spec: { poolRef: { apiGroup, kind, name: pool } },
    },
  })
}

async function untilBound(claim: string): Promise<void> {
  await testbed.untilClaim(claim, (now) => now?.addressName !== undefined)
}

describe('a Cluster that asks for an address', () => {
  it('has that one from its pool, though a lower one is free, and so has its ingress', async () => {
    const className = await classWithPool('as-free', '10.112.0.10-10.112.0.20')
    await testbed.createPool('10.112.0.30-10.112.0.40', {
      name: 'as-free-ingress',
      className,
      labels: { 'vip.capi.gorizond.io/role': 'ingress' },
    })
    const annotations = { [address]: '10.112.0.17', [ingressAddress]: ' 10.112.0.38 ' }
    await testbed.createCluster(className, { className, annotations })
    expect(await testbed.hostOf(className)).toBe('10.112.0.17')
    await untilCondition(className, '10.112.0.17:6443 from InClusterIPPool/as-free')
    const cluster = await testbed.untilCluster(
      className,
      (now) => now?.annotations['vip.capi.gorizond.io/ingress-vip'] !== undefined,
    )
    expect(cluster?.annotations['vip.capi.gorizond.io/ingress-vip']).toBe('10.112.0.38')
    await testbed.createCluster('as-any', { className, annotations: { [address]: '' } })
    expect(await testbed.hostOf('as-any')).toBe('10.112.0.10')
  })

  it('that a Cluster has waits, names it, and has the address when that is gone', async () => {
    const className = await classWithPool('as-taken', '10.112.1.10-10.112.1.20')
    await testbed.createCluster('as-holder', { className })
    expect(await testbed.hostOf('as-holder')).toBe('10.112.1.10')
    await ask('as-next', className, '10.112.1.10')
    const holder = `10.112.1.10 by its annotation ${address}, which is the endpoint of Cluster ${testbed.namespace}/as-holder`
    await untilWaiting('as-next', 'DuplicateAddress', holder)
    await untilCondition('as-next', holder)
    expect(await testbed.claims()).not.toContain('vip-cp-as-next')
    await testbed.deleteCluster('as-holder')
    expect(await testbed.hostOf('as-next')).toBe('10.112.1.10')
    expect(await wakesOf('as-next')).toContain('10.112.1.10 may be free')
  })

  it('that a claim of a machine has waits, names it, and has the address when that is gone', async () => {
    const className = await classWithPool('as-machine', '10.112.2.10-10.112.2.20')
    await claimAsMachine('as-worker', className)
    await untilBound('as-worker')
    await ask('as-beside', className, '10.112.2.10')
    await untilWaiting('as-beside', 'DuplicateAddress', 'for claim as-worker')
    await testbed.delete('ipaddressclaims', 'as-worker')
    expect(await testbed.hostOf('as-beside')).toBe('10.112.2.10')
    expect(await wakesOf('as-beside')).toContain('10.112.2.10 may be free')
  })

  it('that its pool excludes waits until the pool does not any more', async () => {
    const className = await classWithPool('as-excluded', '10.112.3.10-10.112.3.20')
    const pool = testbed.path('inclusterippools', className)
    await testbed.patch(pool, { spec: { excludedAddresses: ['10.112.3.15'] } })
    await ask(className, className, '10.112.3.15')
    const why = `InClusterIPPool/as-excluded: excludes the address asked for (10.112.3.15); add 10.112.3.15 to such a pool, or correct the annotation ${address}`
    await untilWaiting(className, 'NoMatchingPool', why)
    await testbed.patch(pool, { spec: { excludedAddresses: null } })
    expect(await testbed.hostOf(className)).toBe('10.112.3.15')
    expect(await wakesOf(className)).toContain('InClusterIPPool/as-excluded changed')
  })

  it('of a pool that is closed to it never has it, and is served once it asks for another', async () => {
    const className = await classWithPool('as-closed', '10.112.4.10-10.112.4.20')
    const gold = await testbed.createPool('10.112.5.10-10.112.5.20', {
      kind: 'GlobalInClusterIPPool',
      name: 'as-gold',
      className,
      annotations: { 'vip.capi.gorizond.io/namespaces': 'gold-tenant' },
    })
    await ask(className, className, '10.112.5.12')
    await untilWaiting(
      className,
      'NoMatchingPool',
      `GlobalInClusterIPPool/${gold}: is closed to namespace ${testbed.namespace}`,
    )
    expect((await testbed.ipAddresses()).map((each) => each.address)).not.toContain('10.112.5.12')
    await askAgain(className, '10.112.4.12')
    expect(await testbed.hostOf(className)).toBe('10.112.4.12')
    expect(await wakesOf(className)).toContain('Cluster changed')
  })

  it('in a way that cannot be read is told so, and is served once it is corrected', async () => {
    const className = await classWithPool('as-bad', '10.112.6.10-10.112.6.20')
    await ask(className, className, '10.112.6.12/24')
    const why = `annotation ${address} of Cluster ${testbed.namespace}/as-bad is "10.112.6.12/24", expected one IP address without a prefix length`
    await untilWaiting(className, 'AllocationFailed', why)
    await untilCondition(className, why)
    await askAgain(className, '10.112.6.12')
    expect(await testbed.hostOf(className)).toBe('10.112.6.12')
  })

  it('while its claim waits for any address has the claim replaced', async () => {
    const className = await classWithPool('as-late', '10.112.7.10-10.112.7.20')
    await testbed.pausePool(className, true)
    await testbed.createCluster(className, { className })
    await untilWaiting(className, 'PoolNotReady', 'is paused')
    await askAgain(className, '10.112.7.14')
    await testbed.pausePool(className, false)
    expect(await testbed.hostOf(className)).toBe('10.112.7.14')
  })

  it('after its VIP is set keeps the VIP, and its condition says so', async () => {
    const className = await classWithPool('as-set', '10.112.8.10-10.112.8.20')
    await testbed.createCluster(className, { className })
    expect(await testbed.hostOf(className)).toBe('10.112.8.10')
    await askAgain(className, '10.112.8.14')
    await untilCondition(className, `but it asks for 10.112.8.14 by its annotation ${address}`)
    expect(await testbed.hostOf(className)).toBe('10.112.8.10')
    expect(await suite.print('plan', `${testbed.namespace}/${className}`)).toContain(
      'a VIP that is set never changes',
    )
    await askAgain(className, null)
    await untilCondition(className, 'by IPAddressClaim vip-cp-as-set')
  })

  it('and has no topology, or a DNS name as endpoint, has it, too', async () => {
    const name = 'as-opt-in'
    await testbed.createPool('10.112.9.10-10.112.9.20', {
      name,
      className: 'true',
      annotations: { 'vip.capi.gorizond.io/cluster-class': '*' },
    })
    await postCluster(testbed, 'as-named', {
      metadata: { annotations: { [address]: '10.112.9.14' } },
      spec: { controlPlaneEndpoint: { host: 'api.example.test', port: 6443 } },
    })
    const named = await testbed.untilCluster(
      'as-named',
      (now) => now?.annotations['vip.capi.gorizond.io/control-plane-vip'] !== undefined,
    )
    expect(named?.annotations['vip.capi.gorizond.io/control-plane-vip']).toBe('10.112.9.14')
    expect(named?.controlPlaneEndpoint.host).toBe('api.example.test')
    await testbed.api.send({
      method: 'POST',
      path: testbed.path('clusters'),
      body: {
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        metadata: { name, namespace: testbed.namespace, annotations: { [address]: '10.112.9.13' } },
        spec: {
          infrastructureRef: {
            apiGroup: 'infrastructure.demo.vip.capi.gorizond.io',
            kind: 'DemoCluster',
            name,
          },
        },
      },
    })
    expect(await testbed.hostOf(name)).toBe('10.112.9.13')
  })
})

describe('an address that many want at once', () => {
  /** The IPAddresses that hold an address for somebody. */
  const holdersIn = (ipAddresses: readonly IPAddress[], wanted: string): readonly string[] =>
    ipAddresses.filter((each) => each.address === wanted && !isReservation(each)).map(({ name }) => name)

  it('is on one of two Clusters that ask for it, and the other one names it', async () => {
    const className = await classWithPool('as-two', '10.112.10.10-10.112.10.20')
    const names = ['as-two-a', 'as-two-b']
    await Promise.all(names.map((name) => ask(name, className, '10.112.10.15')))
    const isServed = async (name: string): Promise<boolean> =>
      (await testbed.untilCluster(name, (now) => now !== undefined))?.controlPlaneEndpoint.host ===
      '10.112.10.15'
    const first = await eventually('one to have the address', async () => {
      const served = await Promise.all(names.map(isServed))
      return names.find((_, index) => served[index])
    })
    const second = names.find((name) => name !== first) ?? ''
    await untilWaiting(second, 'DuplicateAddress', `the endpoint of Cluster ${testbed.namespace}/${first}`)
    await testbed.deleteCluster(first)
    expect(await testbed.hostOf(second)).toBe('10.112.10.15')
  })

  it('is never on a Cluster and on a claim of somebody else, whatever the provider chooses meanwhile', async () => {
    const random = seededRandom('asked addresses')
    const className = await classWithPool('as-race', '10.113.0.1-10.113.0.60')
    const wanted = random
      .shuffled(Array.from({ length: 16 }, (_, index) => `10.113.0.${index + 1}`))
      .slice(0, 8)
    const machines = Array.from({ length: 24 }, (_, index) => `as-race-m${index}`)
    const others = Array.from({ length: 8 }, (_, index) => `as-race-o${index}`)
    const asking = wanted.map((each, index) => [`as-race-a${index}`, each] as const)
    const requests = random.shuffled([
      ...machines.map((name) => () => claimAsMachine(name, className)),
      ...others.map((name) => () => testbed.createCluster(name, { className })),
      ...asking.map(
        ([name, each]) =>
          () =>
            ask(name, className, each),
      ),
    ])
    await Promise.all(requests.map((send) => send()))
    await Promise.all([...machines.map(untilBound), ...others.map((name) => testbed.hostOf(name))])
    const end = async (name: string, each: string): Promise<'has it' | 'waits'> =>
      eventually(`${name} to have ${each}, or to wait for it`, async () => {
        const cluster = await testbed.untilCluster(name, (now) => now !== undefined)
        if (cluster?.controlPlaneEndpoint.host === each) return 'has it'
        expect(cluster?.controlPlaneEndpoint.host).toBe('')
        const pending = await temporal.pendingActivities(testbed.keyOf(name))
        return pending.some(({ reason, message }) => reason === 'DuplicateAddress' && message.includes(each))
          ? 'waits'
          : undefined
      })
    const ends = await Promise.all(asking.map(([name, each]) => end(name, each)))
    const ipAddresses = await testbed.ipAddresses()
    const holders = asking.map(([name, each], index) => {
      const found = holdersIn(ipAddresses, each)
      return ends[index] === 'has it' ? found : found.filter((holder) => holder === `vip-cp-${name}`)
    })
    expect(holders).toEqual(
      asking.map(([name], index) => (ends[index] === 'has it' ? [`vip-cp-${name}`] : [])),
    )
    const hosts = await Promise.all(others.map((name) => testbed.hostOf(name)))
    for (const host of hosts) expect(holdersIn(ipAddresses, host)).toHaveLength(1)
    // Those that lost have their address as soon as nobody has it any more.
    await Promise.all(machines.map((name) => testbed.delete('ipaddressclaims', name)))
    await Promise.all(others.map((name) => testbed.deleteCluster(name)))
    expect(await Promise.all(asking.map(([name]) => testbed.hostOf(name)))).toEqual(wanted)
  })
})

describe('an endpoint by hand in the range of a pool', () => {
  const reserve = 'vip.capi.gorizond.io/reserve-endpoint'
  const record = 'vip.capi.gorizond.io/control-plane-vip'
  const typed = (host: string): string => `controlPlaneEndpoint: { host: ${host}, port: 6443 }`
  const untilRecorded = async (name: string): Promise<string | undefined> => {
    const cluster = await testbed.untilCluster(name, (now) => now?.annotations[record] !== undefined)
    return cluster?.annotations[record]
  }
  /** In no namespace of Temporal: `--fix` would register search attributes for all suites there. */
  const visitDoctor = async (...flags: readonly string[]): Promise<Report> => {
    const { stack } = realParts()
    const { stdout } = await runCommand(
      ['doctor', '--output=json', `--kubeconfig=${stack.kubeconfigPath}`, ...flags],
      {
        TEMPORAL_ADDRESS: stack.temporal.address,
        TEMPORAL_NAMESPACE: 'nowhere',
        CAPI_VIP_ALLOCATOR_NAMESPACE: testbed.namespace,
      },
    )
    return JSON.parse(stdout) as Report
  }
  const annotate = async (name: string, word: string): Promise<void> => {
    await testbed.patch(testbed.path('clusters', name), { metadata: { annotations: { [reserve]: word } } })
  }

  it('is given to no claim of anybody if its Cluster asks for that, and is free again when the Cluster is gone', async () => {
    const className = await classWithPool('as-typed', '10.114.0.10-10.114.0.12')
    await testbed.createCluster('as-typed', {
      className,
      annotations: { [reserve]: 'true' },
      spec: typed('10.114.0.10'),
    })
    expect(await untilRecorded('as-typed')).toBe('10.114.0.10')
    await untilCondition(
      'as-typed',
      '10.114.0.10:6443 from InClusterIPPool/as-typed by IPAddressClaim vip-cp-as-typed',
    )
    await claimAsMachine('as-typed-worker', className)
    await untilBound('as-typed-worker')
    const machine = (await testbed.ipAddresses()).find(({ name }) => name === 'as-typed-worker')
    expect(machine?.address).toBe('10.114.0.11')
    await testbed.delete('ipaddressclaims', 'as-typed-worker')
    await testbed.deleteCluster('as-typed')
    await testbed.untilClaim('vip-cp-as-typed', (now) => now === undefined)
    await ask('as-typed-next', className, '10.114.0.10')
    expect(await testbed.hostOf('as-typed-next')).toBe('10.114.0.10')
  })

  it('costs no address unless its Cluster asks for that, also later', async () => {
    const className = await classWithPool('as-later', '10.114.1.10-10.114.1.12')
    await testbed.createCluster(className, { className, spec: typed('10.114.1.11') })
    await testbed.createCluster('as-later-other', { className })
    await testbed.hostOf('as-later-other')
    expect(await testbed.claims()).not.toContain('vip-cp-as-later')
    await annotate(className, 'true')
    await testbed.untilClaim('vip-cp-as-later', (now) => now?.addressName !== undefined)
    expect(await untilRecorded(className)).toBe('10.114.1.11')
    const held = (await testbed.ipAddresses()).find(({ name }) => name === 'vip-cp-as-later')
    expect(held?.address).toBe('10.114.1.11')
  })

  it('that somebody else has been given waits, names the holder, and is reserved when that is gone', async () => {
    const className = await classWithPool('as-both', '10.114.2.10-10.114.2.12')
    await claimAsMachine('as-both-worker', className)
    await untilBound('as-both-worker')
    await testbed.createCluster(className, {
      className,
      annotations: { [reserve]: 'true' },
      spec: typed('10.114.2.10'),
    })
    await untilWaiting(className, 'DuplicateAddress', 'for claim as-both-worker')
    await testbed.delete('ipaddressclaims', 'as-both-worker')
    expect(await untilRecorded(className)).toBe('10.114.2.10')
  })

  it('is reserved as soon as a pool has it', async () => {
    const className = await classWithPool('as-wider', '10.114.3.10-10.114.3.12')
    await testbed.createCluster(className, {
      className,
      annotations: { [reserve]: 'true' },
      spec: typed('10.114.3.20'),
    })
    await testbed.untilServed(className)
    await testbed.patch(testbed.path('inclusterippools', className), {
      spec: { addresses: ['10.114.3.10-10.114.3.20'] },
    })
    expect(await untilRecorded(className)).toBe('10.114.3.20')
  })

  it('is listed by doctor, and reserved by doctor with fix', async () => {
    const [className, other] = ['as-fixed', 'as-elsewhere']
    await classWithPool(className, '10.114.4.10-10.114.4.12')
    await testbed.createCluster(className, { className, spec: typed('10.114.4.10') })
    await testbed.createCluster(other, { className, spec: typed('10.114.5.10') })
    await testbed.createCluster('as-refusing', {
      className,
      annotations: { [reserve]: 'false' },
      spec: typed('10.114.4.11'),
    })
    const found = expect.objectContaining({
      check: 'clusters',
      level: 'warning',
      found: `endpoints by hand of 1 Cluster are in ranges of pools, which may give them to somebody else: ${testbed.namespace}/as-fixed 10.114.4.10 (InClusterIPPool ${testbed.namespace}/as-fixed)`,
      fix: expect.stringContaining(`${reserve}=true, or run doctor --fix`),
    })
    const before = await visitDoctor()
    expect(before.findings).toContainEqual(found)
    expect(before.fixed).toEqual([])
    expect(await testbed.claims()).not.toContain('vip-cp-as-fixed')

    const fixing = await visitDoctor('--fix')
    expect(fixing.fixed).toEqual([
      `Cluster ${testbed.namespace}/as-fixed has the annotation ${reserve}, so that 10.114.4.10 is reserved in InClusterIPPool ${testbed.namespace}/as-fixed`,
    ])
    expect(fixing.findings).not.toContainEqual(found)
    expect(await untilRecorded(className)).toBe('10.114.4.10')
    const claim = await testbed.untilClaim('vip-cp-as-fixed', (now) => now?.addressName !== undefined)
    expect(claim?.poolRef.name).toBe(className)
    const { annotations } = await testbed.untilServed(other)
    expect(annotations[reserve]).toBeUndefined()
    expect((await testbed.untilServed('as-refusing')).annotations[reserve]).toBe('false')
    expect((await visitDoctor('--fix')).fixed).toEqual([])
  })
})
