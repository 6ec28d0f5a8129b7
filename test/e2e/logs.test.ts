import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import type { Allocator } from '../../dev/allocator.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { logFieldNames } from '../../src/observability/log.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { linesOf, type LogLine } from './log-lines.ts'
import { openWorld, type World } from './world.ts'

// Its own stack: the shared one must not lose its parts.
let stack: Stack
let world: World
let allocator: Allocator | undefined

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  world = await openWorld(stack.connection)
  await world.createPool('10.60.0.10-10.60.0.60')
})

afterEach(async () => {
  await allocator?.stop()
  allocator = undefined
})

afterAll(async () => {
  try {
    await world.close()
  } finally {
    await stack.stop()
  }
})

async function start(level: 'debug' | 'info' = 'info'): Promise<Allocator> {
  const { connection } = stack
  const kubeconfigPath = connection.kubeconfigPath
  const flags = [`--log-level=${level}`]
  allocator = await startAllocator({ stack: connection, kubeconfigPath, namespaces: [], flags })
  return allocator
}

function untilLine(logPath: string, message: string | RegExp): Promise<LogLine> {
  return eventually(`a line ${message}`, async () => {
    await Promise.resolve()
    return linesOf(logPath).find((line) => line.message.match(message) !== null)
  })
}

async function untilLines(logPath: string, message: string | RegExp, count: number): Promise<void> {
  await eventually(`${count} lines ${message}`, async () => {
    await Promise.resolve()
    const found = linesOf(logPath).filter((line) => line.message.match(message) !== null)
    return found.length >= count ? found : undefined
  })
}

/** One that waits would say so once more after an outage that it met. */
async function remove(name: string): Promise<void> {
  await world.deleteCluster(name)
  await world.untilCluster(name, (now) => now === undefined)
}

/** The lines from warnings on, by message, with how often each was written. */
function warningsOf(logPath: string): Readonly<Record<string, number>> {
  const counts: Record<string, number> = {}
  for (const { level, message } of linesOf(logPath)) {
    if (level === 'warn' || level === 'error') counts[message] = (counts[message] ?? 0) + 1
  }
  return counts
}

describe('a log in JSON', () => {
  it('has only lines that can be read, with fields that are known, and no whole object', async () => {
    const { logPath } = await start('debug')
    await world.createCluster('logged')
    await world.createCluster('unmatched', { className: 'unmatched-class' })
    await world.untilServed('logged')
    await untilLine(logPath, /by IPAddressClaim vip-cp-logged$/)
    await untilLine(logPath, 'Activity failed')
    const known = ['level', 'time', 'message', ...logFieldNames]
    for (const line of linesOf(logPath)) {
      expect(known).toEqual(expect.arrayContaining(Object.keys(line)))
      for (const value of Object.values(line)) {
        expect(['string', 'number', 'boolean']).toContain(typeof value)
        expect(String(value)).not.toMatch(/\[object|"apiVersion"|"metadata"/)
      }
    }
    await remove('unmatched')
  })

  it('tells the outcome of an allocation with all that is needed to look it up', async () => {
    const { logPath } = await start()
    await world.createCluster('outcome')
    const { controlPlaneEndpoint } = await world.untilServed('outcome')
    const cluster = { namespace: world.namespace, name: 'outcome' }
    expect(await untilLine(logPath, /by IPAddressClaim vip-cp-outcome$/)).toEqual({
      level: 'info',
      time: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      message: expect.stringContaining(controlPlaneEndpoint.host),
      cluster: `${world.namespace}/outcome`,
      role: 'control-plane',
      reason: 'Allocated',
      address: controlPlaneEndpoint.host,
      pool: 'InClusterIPPool/vip-pool',
      claim: 'vip-cp-outcome',
      workflowId: workflowIdFor(cluster),
      runId: expect.stringMatching(/^[0-9a-f-]{36}$/),
      temporalNamespace: 'default',
      taskQueue: 'capi-vip-allocator',
    })
  })

  it('tells of a step that failed for which Cluster and role, why, and in which attempt', async () => {
    const { logPath } = await start('debug')
    await world.createCluster('waiting', { className: 'another-class' })
    const line = await eventually('a step to fail twice', async () => {
      await Promise.resolve()
      return linesOf(logPath).find(
        ({ message, cluster, attempt }) =>
          message === 'Activity failed' && cluster === `${world.namespace}/waiting` && attempt === 2,
      )
    })
    expect(line).toMatchObject({
      role: 'control-plane',
      reason: 'NoMatchingPool',
      activityType: 'selectIPPool',
      error: expect.stringContaining('another-class'),
      workflowId: workflowIdFor({ namespace: world.namespace, name: 'waiting' }),
    })
    await remove('waiting')
  })
})

describe('an outage', () => {
  const names = Array.from({ length: 20 }, (_, index) => `crowd-${index}`)

  it('of Temporal is one line when it begins and one when it is over, whatever waits for it', async () => {
    const { logPath } = await start('debug')
    await stack.part('temporal').kill()
    await Promise.all(names.map((name) => world.createCluster(name)))
    await untilLines(logPath, 'Temporal did not take a request; trying again', names.length)
    await stack.part('temporal').start()
    const line = await untilLine(logPath, 'Temporal is reached again')
    expect(line).toMatchObject({ level: 'info', failures: expect.any(Number), seconds: expect.any(Number) })
    expect(line['failures']).toBeGreaterThan(names.length)
    expect(warningsOf(logPath)).toEqual({ 'Cannot reach Temporal; trying again': 1 })
    await Promise.all(names.map((name) => world.untilServed(name)))
  })

  it('of the API server is one line when it begins and one when it is over', async () => {
    const { logPath } = await start('debug')
    await stack.part('kube-apiserver').kill()
    await untilLines(logPath, /^watch \w+: /, 18)
    await stack.part('kube-apiserver').start()
    expect(await untilLine(logPath, 'The API server is reached again')).toMatchObject({ level: 'info' })
    expect(warningsOf(logPath)).toEqual({ 'Cannot reach the API server; trying again': 1 })
  })
})
