import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { statusQuery, workflowIdFor, type AllocationStatus } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import {
  changeClass,
  getObject,
  addTestFinalizer,
  removeTestFinalizer,
  optionalStringVariables,
  ourWrites,
  patchObject,
  postCluster,
  untilAllFree,
  untilClassReconciled,
} from './objects.ts'
import { createRevocableAccount, type RevocableAccount } from './revocable-account.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
let account: RevocableAccount

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.145.0.10-10.145.0.99')
  account = await createRevocableAccount(stack, testbed)
  await suite.start({ kubeconfigPath: account.kubeconfigPath })
})

afterAll(() => suite.close())

/** Why the Cluster's run looked again before its time. */
async function wakesOf(name: string): Promise<readonly string[]> {
  const handle = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(name)))
  return (await handle.query<AllocationStatus>(statusQuery)).wakes
}

/** How many requests of the allocator for this resource were answered so. */
async function requests(verb: string, resource: string, code: number): Promise<number> {
  const page = await (await fetch(suite.allocator.metricsUrl)).text()
  const series = `capi_vip_allocator_api_request_duration_seconds_count{verb="${verb}",resource="${resource}",code="${code}"} `
  const line = page.split('\n').find((each) => each.startsWith(series))
  return Number(line?.slice(series.length) ?? 0)
}

async function untilNoRuns(): Promise<void> {
  await eventually('the end of all runs', async () => {
    const running = `TaskQueue = '${suite.taskQueue}' AND ExecutionStatus = 'Running'`
    const { count } = await temporal.client.workflow.count(running)
    return count === 0 || undefined
  })
}

/** Nothing of ours is on the Cluster. */
async function expectUntouched(name: string): Promise<void> {
  const cluster = await getObject(testbed, 'clusters', name)
  expect(ourWrites(cluster)).toEqual([])
  expect(cluster.spec).not.toHaveProperty('controlPlaneEndpoint')
}

describe('a write that Cluster API refuses', () => {
  it('for a variable of somebody else is shown in its words, and tried again when the Cluster changes', async () => {
    const className = 'shrinking-class'
    await testbed.createClass(className)
    await changeClass(testbed, className, { variables: optionalStringVariables('clusterVip', 'color') })
    await postCluster(testbed, 'undefined', { className, variables: [{ name: 'color', value: 'red' }] })
    await temporal.untilPending(testbed.keyOf('undefined'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await changeClass(testbed, className, { variables: optionalStringVariables('clusterVip') })
    await testbed.createPool('10.145.1.1', { name: 'shrinking-pool', className })
    const { message } = await temporal.untilPending(testbed.keyOf('undefined'), {
      activity: 'assignVip',
      reason: 'ClusterRejected',
    })
    expect(message).toMatch(/color.*variable is not defined/)
    await expectUntouched('undefined')

    await testbed.editCluster('undefined', { topology: { variables: null } })
    expect(await testbed.hostOf('undefined')).toBe('10.145.1.1')
    await temporal.outcomeOf(testbed.keyOf('undefined'))
    expect(await wakesOf('undefined')).toContain('Cluster changed')
  })

  it('for our variable is shown in its words, and nothing is written without it', async () => {
    const className = 'enum-class'
    await testbed.createClass(className)
    const openAPIV3Schema = { type: 'string', enum: ['never'] }
    const enumerated = { name: 'clusterVip', required: false, schema: { openAPIV3Schema } }
    await changeClass(testbed, className, { variables: [enumerated], patches: null })
    await testbed.createPool('10.145.2.1', { name: 'enum-pool', className })
    await testbed.createCluster('enumerated', { className })
    const { message } = await temporal.untilPending(testbed.keyOf('enumerated'), {
      activity: 'assignVip',
      reason: 'ClusterRejected',
    })
    expect(message).toContain('clusterVip')
    expect(message).toContain('never')
    await expectUntouched('enumerated')

    await changeClass(testbed, className, { variables: optionalStringVariables('clusterVip') })
    await temporal.retryNow(testbed.keyOf('enumerated'))
    expect(await testbed.hostOf('enumerated')).toBe('10.145.2.1')
  })

  it('for a ClusterClass that never was is shown in its words, and ends when there is one', async () => {
    const className = 'absent-class'
    await testbed.createPool('10.145.3.1', { name: 'absent-pool', className })
    await testbed.createCluster('absent', { className })
    await expectServedOnceThereIsAClass('absent', className)
    expect(await testbed.hostOf('absent')).toBe('10.145.3.1')
  })

  it('for a ClusterClass that has gone is shown in its words, and ends when there is one', async () => {
    const className = 'gone-class'
    await testbed.createClass(className)
    // Cluster API keeps a class that is in use, so its deletion begins before there is a Cluster.
    await addTestFinalizer(testbed, 'clusterclasses', className)
    await testbed.delete('clusterclasses', className)
    await testbed.createCluster('classless', { className })
    await temporal.untilPending(testbed.keyOf('classless'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await removeTestFinalizer(testbed, 'clusterclasses', className)
    await testbed.createPool('10.145.5.1', { name: 'gone-pool', className })
    await expectServedOnceThereIsAClass('classless', className)
    expect(await testbed.hostOf('classless')).toBe('10.145.5.1')
  })
})

/** Shows that the Cluster is not written to as long as its class is missing, and then makes the class. */
async function expectServedOnceThereIsAClass(name: string, className: string): Promise<void> {
  const { message } = await temporal.untilPending(testbed.keyOf(name), {
    activity: 'assignVip',
    reason: 'ClusterRejected',
  })
  expect(message).toMatch(/ClusterClass.*not found/)
  await expectUntouched(name)
  await testbed.createClass(className)
  await untilClassReconciled(testbed, className)
  await temporal.retryNow(testbed.keyOf(name))
  await testbed.untilServed(name)
}

describe('a right that is taken away', () => {
  it('to create claims is named, and the allocation goes on when it is back', async () => {
    await account.withhold('create ipaddressclaims')
    await testbed.createCluster('no-create')
    const { message } = await temporal.untilPending(testbed.keyOf('no-create'), {
      activity: 'ensureIPAddressClaim',
      reason: 'AllocationFailed',
    })
    expect(message).toContain('cannot create resource "ipaddressclaims"')
    expect(await testbed.claims()).not.toContain('vip-cp-no-create')
    await account.withhold()
    await temporal.retryNow(testbed.keyOf('no-create'))
    await testbed.untilServed('no-create')
  })

  it('to patch Clusters is named, and asked for ever more slowly', async () => {
    // Those of other Clusters may have a variable to write.
    await untilNoRuns()
    await account.withhold('patch clusters')
    const before = await requests('patch', 'clusters', 403)
    await testbed.createCluster('no-patch')
    const { message } = await temporal.untilPending(testbed.keyOf('no-patch'), {
      activity: 'assignVip',
      reason: 'ClusterRejected',
    })
    expect(message).toContain('cannot patch resource "clusters"')

    const waits: number[] = []
    await eventually('the fifth attempt to be scheduled', async () => {
      const [step] = await temporal.pendingActivities(testbed.keyOf('no-patch'))
      const wait = step?.retryInSeconds
      if (wait === undefined) return undefined
      if (wait !== waits.at(-1)) waits.push(wait)
      return step?.attempt === 5 ? true : undefined
    })
    // A wake, such as for a claim that was bound late, begins the attempts again.
    const wakes = (await wakesOf('no-patch')).length
    const restarts = waits.filter((wait, index) => wait < (waits[index - 1] ?? 0)).length
    expect(wakes).toBeLessThanOrEqual(2)
    expect(restarts).toBeLessThanOrEqual(wakes)
    expect(waits.at(-1)).toBe(15)
    // One for each attempt that has failed, one at once where the address came in time, and no more.
    const asked = (await requests('patch', 'clusters', 403)) - before
    expect(asked).toBeGreaterThanOrEqual(4)
    expect(asked).toBeLessThanOrEqual(waits.length + 1 + wakes)

    await account.withhold()
    await testbed.editCluster('no-patch', { topology: { controlPlane: { replicas: 3 } } })
    await testbed.untilServed('no-patch')
    await temporal.outcomeOf(testbed.keyOf('no-patch'))
    expect(await wakesOf('no-patch')).toContain('Cluster changed')
  })

  it('to patch Clusters keeps no address from others, once the endpoint comes from elsewhere', async () => {
    const className = 'elsewhere-class'
    await testbed.createClass(className)
    // Without a variable, the endpoint from elsewhere leaves nothing to write.
    await changeClass(testbed, className, { variables: null, patches: null })
    await testbed.createPool('10.145.4.1', { name: 'elsewhere-pool', className })
    await account.withhold('patch clusters')
    await testbed.createCluster('elsewhere', { className })
    await temporal.untilPending(testbed.keyOf('elsewhere'), {
      activity: 'assignVip',
      reason: 'ClusterRejected',
    })
    const endpoint = { host: '10.145.99.1', port: 6443 }
    const provider = { manager: 'infrastructure-provider' }
    await patchObject(
      testbed,
      testbed.path('clusters', 'elsewhere'),
      { spec: { controlPlaneEndpoint: endpoint } },
      provider,
    )
    expect(await temporal.outcomeOf(testbed.keyOf('elsewhere'))).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
    })
    await testbed.untilClaim('vip-cp-elsewhere', (now) => now === undefined)
    await untilAllFree(testbed, 'elsewhere-pool')
    expect((await getObject(testbed, 'clusters', 'elsewhere')).spec['controlPlaneEndpoint']).toEqual(endpoint)
    await account.withhold()
  })
})
