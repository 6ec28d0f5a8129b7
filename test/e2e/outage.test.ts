import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Allocator, AllocatorOptions } from '../../dev/allocator.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { isValidEndpoint } from '../../src/domain/model/cluster.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { viewTemporal } from './temporal.ts'
import { linesOf, untilLogged } from './log-lines.ts'
import { openTestbed, type Testbed } from './testbed.ts'

// Its own stack: the shared one must not lose its parts.
let stack: Stack
let testbed: Testbed
let allocator: Allocator | undefined

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  testbed = await openTestbed(stack.connection)
  await testbed.createPool('10.50.0.10-10.50.0.30')
})

afterEach(async () => {
  await allocator?.stop()
  allocator = undefined
})

afterAll(async () => {
  try {
    await testbed.leave()
  } finally {
    await stack.stop()
  }
})

async function start(options: Partial<AllocatorOptions> = {}): Promise<Allocator> {
  const { connection } = stack
  const kubeconfigPath = connection.kubeconfigPath
  allocator = await startAllocator({ stack: connection, kubeconfigPath, namespaces: [], ...options })
  return allocator
}

/** Resolves when `/readyz` says that something is missing. */
async function untilMissing(check: string): Promise<void> {
  await eventually(`${check} to be missing`, async () => {
    const answer = await fetch(allocator?.readyUrl ?? '')
    const { checks } = (await answer.json()) as { checks: Record<string, { ok: boolean }> }
    return checks[check]?.ok === false ? true : undefined
  })
}

/** Resolves when the list+watch loop of the Clusters has met the outage. */
async function untilWatchFailed(): Promise<void> {
  await eventually('the watch of clusters to fail', async () => {
    const page = await (await fetch(allocator?.metricsUrl ?? '')).text()
    return /^capi_vip_allocator_watch_failures_total\{resource="clusters"\} [1-9]/m.test(page)
      ? true
      : undefined
  })
}

async function untilLines(logPath: string, message: string | RegExp, count: number): Promise<void> {
  await eventually(`${count} lines ${message}`, async () => {
    await Promise.resolve()
    const found = linesOf(logPath).filter((line) => line.message.match(message) !== null)
    return found.length >= count ? found : undefined
  })
}

/** The lines from warnings on, by message, with how often each was written. */
function warningsOf(logPath: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { level, message } of linesOf(logPath)) {
    if (level === 'warn' || level === 'error') counts[message] = (counts[message] ?? 0) + 1
  }
  return counts
}

describe('an allocator', () => {
  it('that starts before Temporal serves once Temporal is there', async () => {
    await stack.part('temporal').stop()
    await start({ unready: true })
    await untilMissing('temporal')
    await testbed.createCluster('before-temporal')
    await stack.part('temporal').start()
    expect(isValidEndpoint((await testbed.untilServed('before-temporal')).controlPlaneEndpoint)).toBe(true)
  })

  it('that starts before the API server serves once the API server is there', async () => {
    await stack.part('kube-apiserver').kill()
    await start({ unready: true })
    await untilMissing('watch-clusters')
    await stack.part('kube-apiserver').start()
    await testbed.createCluster('before-api-server')
    expect(isValidEndpoint((await testbed.untilServed('before-api-server')).controlPlaneEndpoint)).toBe(true)
  })

  it('serves what was created while Temporal was away, stays alive meanwhile, and logs begin and end alone', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `crowd-${index}`)
    const { healthUrl, logPath } = await start({ flags: ['--log-level=debug'] })
    await stack.part('temporal').kill()
    await Promise.all(names.map((name) => testbed.createCluster(name)))
    await untilMissing('dispatch')
    expect((await fetch(healthUrl)).status).toBe(200)
    await untilLines(logPath, 'Temporal did not take a request; trying again', names.length)
    await stack.part('temporal').start()
    const line = await untilLogged(logPath, 'Temporal is reached again')
    expect(line).toMatchObject({ level: 'info', failures: expect.any(Number), seconds: expect.any(Number) })
    expect(line['failures']).toBeGreaterThan(names.length)
    expect(warningsOf(logPath)).toEqual({ 'Cannot reach Temporal; trying again': 1 })
    for (const name of names) {
      expect(isValidEndpoint((await testbed.untilServed(name)).controlPlaneEndpoint)).toBe(true)
    }
  })

  it('serves what is created after the API server was restarted, and logs begin and end alone', async () => {
    const { logPath } = await start({ flags: ['--log-level=debug'] })
    await stack.part('kube-apiserver').kill()
    await untilWatchFailed()
    await untilLines(logPath, /^watch \w+: /, 18)
    await stack.part('kube-apiserver').start()
    expect(await untilLogged(logPath, 'The API server is reached again')).toMatchObject({ level: 'info' })
    expect(warningsOf(logPath)).toEqual({ 'Cannot reach the API server; trying again': 1 })
    await testbed.createCluster('after-restart')
    expect(isValidEndpoint((await testbed.untilServed('after-restart')).controlPlaneEndpoint)).toBe(true)
  })

  it('goes on with a run that waited while Temporal was restarted', async () => {
    await start()
    const className = 'patient-class'
    await testbed.createCluster('patient', { className })
    const temporal = await viewTemporal(stack.connection)
    await temporal.untilPending(testbed.keyOf('patient'), {
      activity: 'selectIPPool',
      reason: 'NoMatchingPool',
    })
    await temporal.close()
    await stack.part('temporal').kill()
    await stack.part('temporal').start()
    await testbed.createPool('10.51.0.10', { name: 'patient-pool', className })
    expect(await testbed.hostOf('patient')).toBe('10.51.0.10')
  })

  it('starts a run that waited again where Temporal comes back without any data', async () => {
    await start()
    const className = 'forgotten-class'
    await testbed.createCluster('forgotten', { className })
    const temporal = await viewTemporal(stack.connection)
    const key = testbed.keyOf('forgotten')
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'NoMatchingPool' })
    await stack.part('temporal').kill()
    await stack.part('temporal').start({ forgetData: true })
    await temporal.untilPending(key, { activity: 'selectIPPool', reason: 'NoMatchingPool' })
    await temporal.close()
    await testbed.createPool('10.52.0.10', { name: 'forgotten-pool', className })
    expect(await testbed.hostOf('forgotten')).toBe('10.52.0.10')
  })
})
