import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Allocator } from '../../dev/allocator.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { startApiProxy, type ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../dev/api-proxy/kubeconfig-through.ts'
import { startAllocator } from '../support/allocator.ts'
import type { PlaceholderValues } from '../support/expected-text.ts'
import { expectSymptom, openRunbookSession, type RunbookSession } from './runbook-session.ts'
import { openTestbed, type Testbed } from './testbed.ts'

/** Of the examples' class, for all Clusters here. */
const pool = 'vip-pool'
const taskQueue = randomUUID()

// Its own stack: the shared one must not lose its parts.
let stack: Stack
let testbed: Testbed
let proxy: ApiProxy
let allocator: Allocator | undefined
let session: RunbookSession

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  testbed = await openTestbed(stack.connection)
  proxy = await startApiProxy(stack.connection)
  session = await openRunbookSession(stack.connection, { namespace: testbed.namespace, taskQueue })
  await testbed.createPool('10.153.0.10-10.153.0.30')
  await testbed.untilPool(pool, (now) => now?.capacity !== undefined)
})

afterAll(async () => {
  try {
    await session.close()
    await testbed.leave()
  } finally {
    await allocator?.stop()
    await proxy.close()
    await stack.stop()
  }
})

/** Starts the one allocator of this suite, by way of the proxy. */
async function start(): Promise<Allocator> {
  const { connection } = stack
  const kubeconfigPath = join(connection.runDirectory, 'through-proxy.kubeconfig')
  kubeconfigThrough(proxy, connection.kubeconfigPath, kubeconfigPath)
  const options = { stack: connection, kubeconfigPath, taskQueue, namespaces: [], unready: true }
  allocator = await startAllocator(options)
  return allocator
}

function valuesFor(cluster: string): PlaceholderValues {
  const { address } = stack.connection.temporal
  return {
    namespace: testbed.namespace,
    cluster,
    pool,
    'task-queue': taskQueue,
    'temporal-address': address,
  }
}

async function expectServed(name: string): Promise<void> {
  expect(await testbed.hostOf(name)).toMatch(/^10\.153\.0\./)
}

describe('docs/troubleshooting.md shows', () => {
  it('an allocator that does not run', async () => {
    await testbed.createCluster('unattended')
    await expectSymptom(session, 'Allocator down', valuesFor('unattended'))
  })

  it('a kind that cannot be listed', async () => {
    const over = proxy.inject({ kind: 'status', code: 503 }, { verb: 'list', resource: 'inclusterippools' })
    await expectSymptom(session, 'Watch stale', valuesFor('unattended'), { allocator: await start() })
    over()
    await expectServed('unattended')
  })

  it('an API server that fails', async () => {
    const over = proxy.inject({ kind: 'status', code: 503 }, { verb: 'get', resource: 'clusters' })
    try {
      await testbed.createCluster('refused')
      await expectSymptom(session, 'API server errors', valuesFor('refused'), allocator && { allocator })
    } finally {
      over()
    }
    await expectServed('refused')
  })

  it('an IPAM provider that does not run', async () => {
    await stack.part('ipam-provider').stop()
    await testbed.createCluster('unbound')
    await expectSymptom(session, 'No answer from the IPAM provider', valuesFor('unbound'))
    await stack.part('ipam-provider').start()
    await expectServed('unbound')
  })

  it('a Temporal that is away', async () => {
    await stack.part('temporal').stop()
    await testbed.createCluster('stranded')
    await expectSymptom(session, 'Temporal unreachable', valuesFor('stranded'), allocator && { allocator })
    await stack.part('temporal').start()
    await expectServed('stranded')
  })
})
