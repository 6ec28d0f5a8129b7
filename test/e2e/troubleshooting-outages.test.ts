import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Allocator } from '../../dev/allocator.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { startApiProxy, type ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../dev/api-proxy/kubeconfig-through.ts'
import { startAllocator } from '../support/allocator.ts'
import type { Facts } from '../support/promised-text.ts'
import { expectShown, openHelpDesk, type HelpDesk } from './help-desk.ts'
import { openWorld, type World } from './world.ts'

/** Of the examples' class, for all Clusters here. */
const pool = 'vip-pool'
const taskQueue = randomUUID()

// Its own stack: the shared one must not lose its parts.
let stack: Stack
let world: World
let proxy: ApiProxy
let allocator: Allocator | undefined
let desk: HelpDesk

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  world = await openWorld(stack.connection)
  proxy = await startApiProxy(stack.connection)
  desk = await openHelpDesk(stack.connection, { namespace: world.namespace, taskQueue })
  await world.createPool('10.153.0.10-10.153.0.30')
  await world.untilPool(pool, (now) => now?.capacity !== undefined)
})

afterAll(async () => {
  try {
    await desk.close()
    await world.leave()
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

function factsOf(cluster: string): Facts {
  const { address } = stack.connection.temporal
  return {
    namespace: world.namespace,
    cluster,
    pool,
    'task-queue': taskQueue,
    'temporal-address': address,
  }
}

async function expectServed(name: string): Promise<void> {
  expect((await world.untilServed(name)).controlPlaneEndpoint.host).toMatch(/^10\.153\.0\./)
}

describe('docs/troubleshooting.md shows', () => {
  it('an allocator that does not run', async () => {
    await world.createCluster('unattended')
    await expectShown(desk, 'Allocator down', factsOf('unattended'))
  })

  it('a kind that cannot be listed', async () => {
    const over = proxy.inject({ kind: 'status', code: 503 }, { verb: 'list', resource: 'inclusterippools' })
    await expectShown(desk, 'Watch stale', factsOf('unattended'), { allocator: await start() })
    over()
    await expectServed('unattended')
  })

  it('an API server that fails', async () => {
    const over = proxy.inject({ kind: 'status', code: 503 }, { verb: 'get', resource: 'clusters' })
    try {
      await world.createCluster('refused')
      await expectShown(desk, 'API server errors', factsOf('refused'), allocator && { allocator })
    } finally {
      over()
    }
    await expectServed('refused')
  })

  it('an IPAM provider that does not run', async () => {
    await stack.part('ipam-provider').stop()
    await world.createCluster('unbound')
    await expectShown(desk, 'No answer from the IPAM provider', factsOf('unbound'))
    await stack.part('ipam-provider').start()
    await expectServed('unbound')
  })

  it('a Temporal that is away', async () => {
    await stack.part('temporal').stop()
    await world.createCluster('stranded')
    await expectShown(desk, 'Temporal unreachable', factsOf('stranded'), allocator && { allocator })
    await stack.part('temporal').start()
    await expectServed('stranded')
  })
})
