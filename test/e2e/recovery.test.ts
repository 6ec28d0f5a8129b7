import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Allocator } from '../../dev/allocator.ts'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture, type StartOptions } from './fixture.ts'
import { createRevocableAccount, type RevocableAccount } from './revocable-account.ts'
import { scrapeOf } from './scrape.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
let account: RevocableAccount

/** Each allocator gets what is left of the work of those before it. */
function start(options: StartOptions = {}): Promise<Allocator> {
  return suite.start({ kubeconfigPath: account.kubeconfigPath, ...options })
}

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.30.0.10-10.30.0.40')
  account = await createRevocableAccount(stack, testbed)
})

afterAll(() => suite.close())

// Before all others: what they leave to be done would be counted, too.
describe('a Cluster whose name has a run with nothing left but to end', () => {
  it('gets a run of its own after that', async () => {
    const cluster = testbed.keyOf('successor')
    // Nobody works on it yet, so that it ends when the test says so.
    const run = await temporal.client.workflow.start(allocateVipType, {
      workflowId: workflowIdFor(cluster),
      taskQueue: suite.taskQueue,
      args: [cluster],
    })
    await testbed.createCluster('successor')
    const watcher = await start({ command: 'watcher' })
    await scrapeOf(watcher).untilIs('workflow_requests_total', { outcome: 'already-started' }, 1)
    await run.terminate()
    const worker = await start({ command: 'worker' })
    expect(await testbed.hostOf('successor')).toMatch(/^10\.30\.0\.\d+$/)
    await Promise.all([watcher.kill(), worker.kill()])
  })
})

describe('an allocator that is killed', () => {
  it('between any two steps goes on with the same run and the same claim', async () => {
    const cluster = testbed.keyOf('survivor')
    const handle = temporal.client.workflow.getHandle(workflowIdFor(cluster))

    await start({ command: 'watcher' })
    await testbed.createCluster('survivor')
    const { runId } = await eventually('the run to be started', () => handle.describe())
    await suite.allocator.kill() // started, and no step done

    await account.withhold('create ipaddressclaims')
    await start()
    await temporal.untilPending(cluster, { activity: 'ensureIPAddressClaim', reason: 'AllocationFailed' })
    await suite.allocator.kill() // pool selected, no claim

    await testbed.pausePool('vip-pool', true)
    await account.withhold('patch clusters')
    await start()
    const claim = await testbed.untilClaim('vip-cp-survivor', (now) => now !== undefined)
    await temporal.untilPending(cluster, { activity: 'awaitIPAddress', reason: 'PoolNotReady' })
    await suite.allocator.kill() // claim made, no address

    await testbed.pausePool('vip-pool', false)
    await testbed.untilClaim('vip-cp-survivor', (now) => now?.addressName !== undefined)
    await start()
    await temporal.untilPending(cluster, { activity: 'assignVip', reason: 'ClusterRejected' })
    await suite.allocator.kill() // address there, not assigned

    await account.withhold()
    await start()
    await testbed.untilServed('survivor')
    const after = await testbed.untilClaim('vip-cp-survivor', (now) => now?.addressName !== undefined)
    expect(after?.uid).toBe(claim?.uid)
    await handle.result()
    expect((await handle.describe()).runId).toBe(runId)
    await suite.allocator.kill()
  })

  it('in the middle of a burst, again and again, leaves every Cluster with one address of its own', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `storm-${index}`)
    await start()
    await Promise.all(names.map((name) => testbed.createCluster(name)))
    for (const name of ['storm-0', 'storm-4', 'storm-8']) {
      await testbed.untilClaim(`vip-cp-${name}`, (now) => now !== undefined)
      await suite.allocator.kill()
      await start()
    }
    const clusters = await Promise.all(names.map((name) => testbed.untilServed(name)))
    const hosts = clusters.map(({ controlPlaneEndpoint }) => controlPlaneEndpoint.host)
    expect(new Set(hosts).size).toBe(names.length)
    const claims = (await testbed.claims()).filter((name) => name.startsWith('vip-cp-storm-'))
    expect(claims.toSorted()).toEqual(names.map((name) => `vip-cp-${name}`).toSorted())
    await suite.allocator.kill()
  })
})

describe('an allocator that is asked to stop', () => {
  it('ends in order, with exit code 0', async () => {
    await start()
    await suite.allocator.stop()
    expect(await suite.allocator.ended).toBe('exit code 0')
  })

  it('gives back the step that is under way, and the next one goes on with it', async () => {
    await start()
    await testbed.createCluster('interrupted')
    await testbed.untilClaim('vip-cp-interrupted', (now) => now !== undefined)
    await suite.allocator.stop()
    expect(await suite.allocator.ended).toBe('exit code 0')
    await start()
    await testbed.untilServed('interrupted')
    await suite.allocator.kill()
  })

  it('ends in order also where it never reached Temporal', async () => {
    const { healthUrl, readyUrl } = await start({ env: { TEMPORAL_ADDRESS: '127.0.0.1:1' }, unready: true })
    const answer = await eventually('an answer of /readyz', () => fetch(readyUrl))
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ ready: false, checks: { temporal: { ok: false } } })
    expect((await fetch(healthUrl)).status).toBe(200)
    await suite.allocator.stop()
    expect(await suite.allocator.ended).toBe('exit code 0')
  })
})
