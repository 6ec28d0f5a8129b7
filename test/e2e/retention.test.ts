import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import type { IPAddressClaim } from '../../src/domain/model/claim.ts'
import type { Cluster } from '../../src/domain/model/cluster.ts'
import {
  clusterUidAnnotation,
  keptSinceAnnotation,
  keptUntilAnnotation,
  retainAnnotation,
} from '../../src/domain/names.ts'
import { releaseWorkflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { runCommand } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const claimAnnotation = 'vip.capi.gorizond.io/control-plane-claim'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

/** Clusters of a class of their own, with a pool `<name>-pool` of one address that is retained for so long. */
const served = {
  blue: ['10.171.0.1', '1h'],
  timer: ['10.171.1.1', '1000h'],
  short: ['10.171.2.1', '3s'],
  changed: ['10.171.3.1', 'always'],
  unseen: ['10.171.6.1', '1h'],
  asleep: ['10.171.7.1', '24h'],
  'by-hand': ['10.171.9.1', 'always'],
} as const

type Name = keyof typeof served
const names = Object.keys(served) as readonly Name[]

/** As they were before they were deleted. */
const before = new Map<string, Cluster>()

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
  await Promise.all(
    names.map(async (name) => before.set(name, await serve(name, served[name][0], served[name][1]))),
  )
})

/** A person lets go of all that is still kept. */
afterAll(() =>
  suite.close(async () => {
    await Promise.all(names.map((name) => setRetain(name, null)))
    await Promise.all(names.map((name) => testbed.deleteCluster(name).catch(() => undefined)))
    await Promise.all(names.map(untilReleased))
  }),
)

async function serve(name: string, address: string, retain: string | undefined): Promise<Cluster> {
  const className = `${name}-class`
  await testbed.createClass(className)
  const annotations = retain === undefined ? {} : { [retainAnnotation]: retain }
  await testbed.createPool(address, { name: `${name}-pool`, className, annotations })
  await testbed.createCluster(name, { className })
  return testbed.untilServed(name)
}

function identityOf(name: Name): Cluster {
  const cluster = before.get(name)
  if (cluster === undefined) throw new Error(`${name} was never served`)
  return cluster
}

async function remove(name: string): Promise<void> {
  await testbed.deleteCluster(name)
  await testbed.untilCluster(name, (now) => now === undefined)
}

function isMarked(claim: IPAddressClaim | undefined): boolean {
  return claim?.annotations[keptUntilAnnotation] !== undefined
}

async function untilKept(name: string): Promise<IPAddressClaim> {
  const claim = await testbed.untilClaim(`vip-cp-${name}`, isMarked)
  if (claim === undefined) throw new Error(`the claim of ${name} is gone`)
  return claim
}

/** Deletes a served Cluster, and waits until its address is kept. */
async function removeAndKeep(name: string): Promise<IPAddressClaim> {
  await remove(name)
  return untilKept(name)
}

async function setRetain(name: string, retain: string | null): Promise<void> {
  await testbed.patch(testbed.path('inclusterippools', `${name}-pool`), {
    metadata: { annotations: { [retainAnnotation]: retain } },
  })
}

/** As if the Cluster had been deleted so long ago. */
async function age(name: string, hours: number): Promise<void> {
  const since = new Date(Date.now() - hours * 3_600_000).toISOString()
  await testbed.patch(testbed.path('ipaddressclaims', `vip-cp-${name}`), {
    metadata: { annotations: { [keptSinceAnnotation]: since } },
  })
}

/** Resolves with undefined when the claim is gone. */
async function untilReleased(name: string): Promise<IPAddressClaim | undefined> {
  return testbed.untilClaim(`vip-cp-${name}`, (now) => now === undefined)
}

/** Lets another Cluster of the same class ask for the address. Resolves with its name when it waits. */
async function compete(name: Name): Promise<string> {
  const rival = `${name}-rival`
  await testbed.createCluster(rival, { className: `${name}-class` })
  await testbed.untilCluster(
    rival,
    (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.reason === 'PoolExhausted',
  )
  return rival
}

describe('a pool that retains addresses', () => {
  it('keeps that of a deleted Cluster from everybody, and gives it to one of the same name', async () => {
    const { uid } = identityOf('blue')
    const claimed = await testbed.untilClaim('vip-cp-blue', (now) => now?.addressName !== undefined)
    expect(claimed).toMatchObject({
      ownerReferences: [],
      annotations: { [clusterUidAnnotation]: uid, [retainAnnotation]: '1h' },
    })
    const { annotations } = await removeAndKeep('blue')
    const [since, until] = [keptSinceAnnotation, keptUntilAnnotation].map((key) =>
      Date.parse(annotations[key] ?? ''),
    )
    expect((until ?? 0) - (since ?? 0)).toBe(3_600_000)
    const rival = await compete('blue')
    await testbed.createCluster('blue', { className: 'blue-class' })
    const again = await testbed.untilServed('blue')
    expect(again.uid).not.toBe(uid)
    expect(again.controlPlaneEndpoint.host).toBe('10.171.0.1')
    const claim = await testbed.untilClaim(
      'vip-cp-blue',
      (now) => now?.annotations[clusterUidAnnotation] === again.uid,
    )
    expect(isMarked(claim)).toBe(false)
    const { message, released } = await temporal.releaseOf(identityOf('blue'))
    expect(message).toContain(`a later one of this name has IPAddressClaim ${testbed.namespace}/vip-cp-blue`)
    expect(released).toEqual([])
    await testbed.deleteCluster(rival)
  })

  it('says for whom and until when: in Temporal by a timer, in pools, in status, and as a metric', async () => {
    const { annotations } = await removeAndKeep('timer')
    const until = annotations[keptUntilAnnotation] ?? ''
    const handle = temporal.client.workflow.getHandle(releaseWorkflowIdFor(identityOf('timer')))
    const timer = await eventually('the timer', async () => {
      const { events } = await handle.fetchHistory()
      return events?.find(({ timerStartedEventAttributes: started }) => started)
    })
    const summary = Buffer.from(timer.userMetadata?.summary?.data ?? []).toString()
    expect(summary).toContain(`kept for ${testbed.namespace}/timer until ${new Date(until).toISOString()}`)
    const words = `kept for ${testbed.namespace}/timer until ${until}`
    expect(await suite.print('pools')).toContain(words)
    expect(await suite.print('status')).toContain(words)
    const page = await eventually('the metric', async () => {
      const text = await (await fetch(suite.allocator.metricsUrl)).text()
      return text.split('\n').find((line) => /kept_addresses\{.*timer-pool/.test(line) && line.endsWith(' 1'))
    })
    expect(page).toContain(`namespace="${testbed.namespace}"`)
  })

  it('frees it when the time is over', async () => {
    await removeAndKeep('short')
    const rival = await compete('short')
    await untilReleased('short')
    expect((await testbed.untilServed(rival)).controlPlaneEndpoint.host).toBe('10.171.2.1')
  })

  it('keeps it for another time if its annotation changes, and frees it if that goes', async () => {
    const { annotations } = await removeAndKeep('changed')
    expect(annotations[keptUntilAnnotation]).toBe('always')
    await setRetain('changed', '2h')
    const claim = await testbed.untilClaim(
      'vip-cp-changed',
      (now) => now?.annotations[keptUntilAnnotation] !== 'always',
    )
    expect(claim?.annotations[keptSinceAnnotation]).toBe(annotations[keptSinceAnnotation])
    await setRetain('changed', null)
    expect(await untilReleased('changed')).toBeUndefined()
  })

  it('has the claims of living Clusters follow its annotation in both directions', async () => {
    const { uid } = await serve('living', '10.171.4.1', undefined)
    const isOwned = (now: IPAddressClaim | undefined): boolean => now?.ownerReferences[0]?.uid === uid
    await testbed.untilClaim('vip-cp-living', isOwned)
    await setRetain('living', '24h')
    await testbed.untilClaim('vip-cp-living', (now) => now?.annotations[clusterUidAnnotation] === uid)
    await setRetain('living', null)
    const claim = await testbed.untilClaim('vip-cp-living', isOwned)
    expect(claim?.annotations).toEqual({})
  })

  it('is not chosen if its annotation cannot be read, and the Cluster says why', async () => {
    const className = await testbed.createClassWithPool('typo', '10.171.5.1')
    await setRetain('typo', '1 day')
    const annotations = { 'vip.capi.gorizond.io/control-plane-pool': 'typo-pool' }
    await testbed.createCluster('typo', { className, annotations })
    const found = await testbed.untilCluster(
      'typo',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.reason === 'NoMatchingPool',
    )
    expect(found && vipConditionOf(found, 'control-plane')?.message).toContain(
      `${retainAnnotation} is "1 day", expected a duration such as 24h`,
    )
  })
})

describe('an address that is kept', () => {
  it('is free to everybody when a person releases it, and not before', async () => {
    await removeAndKeep('by-hand')
    const rival = await compete('by-hand')
    const key = `${testbed.namespace}/by-hand`
    const words = `10.171.9.1 would be released; it was kept for ${key} until a person releases it\n`
    expect(await suite.print('release', key, '--dry-run')).toBe(words)
    const kubeconfig = `--kubeconfig=${realParts().stack.kubeconfigPath}`
    const others = ['release', `${testbed.namespace}/nobody`, `--namespace=${testbed.namespace}`, kubeconfig]
    const { code, stderr } = await runCommand(others)
    expect(code).toBe(1)
    expect(stderr).toMatch(/nothing is kept for Cluster .*nobody; kept are .*10\.171\.9\.1 for/)
    const printed = JSON.parse(await suite.print('release', '10.171.9.1', '--output=json')) as object
    expect(printed).toMatchObject({
      dryRun: false,
      addresses: [{ outcome: 'released', why: 'retained', address: '10.171.9.1', until: 'always' }],
    })
    expect((await testbed.untilServed(rival)).controlPlaneEndpoint.host).toBe('10.171.9.1')
    expect((await temporal.releaseOf(identityOf('by-hand'))).released).toMatchObject([
      { address: '10.171.9.1' },
    ])
  })

  it('is given back from a claim with the longer name of a previous Cluster, too', async () => {
    const name = 'longer'
    const className = `${name}-class`
    await testbed.createClass(className)
    await testbed.createPool('10.171.10.1-10.171.10.2', {
      name: `${name}-pool`,
      className,
      annotations: { [retainAnnotation]: '1h' },
    })
    await testbed.createCluster(name, { className })
    expect(await testbed.hostOf(name)).toBe('10.171.10.1')
    await removeAndKeep(name)
    await testbed.createCluster(name, {
      className,
      annotations: { 'vip.capi.gorizond.io/control-plane-address': '10.171.10.2' },
    })
    expect(await testbed.hostOf(name)).toBe('10.171.10.2')
    const { annotations, uid } = await testbed.untilServed(name)
    const longer = `vip-cp-${name}-${uid.slice(0, 8)}`
    expect(annotations[claimAnnotation]).toBe(longer)
    await remove(name)
    await testbed.untilClaim(longer, isMarked)
    await suite.print('release', '10.171.10.1')
    await untilReleased(name)

    await testbed.createCluster(name, { className })
    expect(await testbed.hostOf(name)).toBe('10.171.10.2')
    const again = await testbed.untilServed(name)
    expect(again.annotations[claimAnnotation]).toBe(longer)
    const claim = await testbed.untilClaim(longer, (now) => !isMarked(now))
    expect(claim?.annotations[clusterUidAnnotation]).toBe(again.uid)
    expect(await testbed.claims()).not.toContain(`vip-cp-${name}`)
    await setRetain(name, null)
    await remove(name)
    await testbed.untilClaim(longer, (now) => now === undefined)
  })

  it('is kept although nobody watched when its Cluster was deleted, and Temporal has lost the run', async () => {
    await suite.allocator.stop()
    await remove('unseen')
    await suite.start()
    const { annotations } = await untilKept('unseen')
    const workflowId = releaseWorkflowIdFor(identityOf('unseen'))
    await removeAndKeep('asleep')
    await suite.allocator.stop()
    await temporal.client.workflow.getHandle(workflowId).terminate('as if Temporal had been emptied')
    await age('asleep', 25)
    await suite.start()
    await eventually('another run', async () => {
      const { status } = await temporal.client.workflow.getHandle(workflowId).describe()
      return status.name === 'RUNNING' ? true : undefined
    })
    expect((await untilKept('unseen')).annotations).toEqual(annotations)
  })

  it('is free if its time was over while nobody ran', async () => {
    expect(await untilReleased('asleep')).toBeUndefined()
  })

  it('does not hold up the deletion of its namespace', async () => {
    const other = await openTestbed(realParts().stack)
    const allocator = await suite.start({ namespaces: [other.namespace] })
    try {
      await other.createPool('10.171.8.1', { annotations: { [retainAnnotation]: 'always' } })
      await other.createCluster('going')
      await other.untilServed('going')
      await other.deleteCluster('going')
      await other.untilClaim('vip-cp-going', isMarked)
      await other.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${other.namespace}` })
      const claim = await other.untilClaim('vip-cp-going', (now) => now === undefined)
      expect(claim).toBeUndefined()
    } finally {
      await other.close()
      await allocator.stop()
    }
  })
})
