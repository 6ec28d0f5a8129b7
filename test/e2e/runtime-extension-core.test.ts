import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import type { Allocator } from '../../dev/allocator.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { openExtension, type ExtensionFixture } from './extension-fixture.ts'
import { runCommand } from './run-program.ts'
import { openTestbed, type Testbed } from './testbed.ts'

// Its own stack: the shared core must not stop.
let stack: Stack
let testbed: Testbed
let extension: ExtensionFixture
const className = 'extension-class'
const replicas: Allocator[] = []

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: true, progress: () => undefined })
  const { connection } = stack
  testbed = await openTestbed(connection)
  extension = await openExtension(connection, testbed)
  await testbed.createPool('10.167.1.10-10.167.1.20', { className })
  const allocator = await startReplica()
  await extension.untilRegistered()
  await extension.createClass(className)
  await testbed.createCluster('living', { className })
  await testbed.untilCluster('living', (now) => now?.isRendered === true)
  await allocator.stop()
  await extension.front.down()
})

afterAll(async () => {
  try {
    await testbed.leave()
  } finally {
    await Promise.all(replicas.map((each) => each.stop()))
    await stack.stop()
  }
})

async function startReplica(): Promise<Allocator> {
  const { connection } = stack
  const { flags } = await extension.flagsOfReplica()
  const { kubeconfigPath } = connection
  const replica = await startAllocator({ stack: connection, kubeconfigPath, namespaces: [], flags })
  replicas.push(replica)
  return replica
}

function coreLog(): string {
  return readFileSync(stack.part('cluster-api-core').logPath, 'utf8')
}

describe('Cluster API core that restarts while the allocator is away', () => {
  it('reconciles no Cluster of any class, and goes on as soon as the ExtensionConfig is deleted', async () => {
    const core = stack.part('cluster-api-core')
    await core.stop()
    const restarted = core.start()
    await eventually('a call of the extension that is away', async () =>
      /connect: connection refused/.test(coreLog()) ? true : undefined,
    )
    await testbed.createCluster('plain')
    const { stdout } = await runCommand(
      [
        'uninstall-extension',
        `--runtime-extension-config=${extension.name}`,
        `--kubeconfig=${stack.connection.kubeconfigPath}`,
      ],
      {},
    )
    expect(stdout).toContain(`ExtensionConfig ${extension.name} is deleted.`)
    await restarted
    const plain = await testbed.untilCluster('plain', (now) =>
      (now?.conditions ?? []).some(({ message }) => message.includes('clusterVip')),
    )
    expect(plain?.isRendered).toBe(false)
    expect(core.pid()).toBeDefined()
    const living = await testbed.untilServed('living')
    expect(living.isRendered).toBe(true)
  })

  it('reconciles no Cluster until a replica answers, and goes on then', async () => {
    const core = stack.part('cluster-api-core')
    const allocator = await startReplica()
    await extension.front.up()
    await extension.registerAgain()
    await allocator.stop()
    await extension.front.down()
    await core.stop()
    const restarted = core.start()
    // Its webhooks have to listen first.
    await eventually('core to take a Cluster', async () =>
      testbed.createCluster('late', { className }).then(
        () => true,
        () => undefined,
      ),
    )
    await testbed.untilCluster('late', (now) =>
      (now?.conditions ?? []).some(({ message }) => message.includes('has not been warmed up')),
    )
    await startReplica()
    await extension.front.up()
    await restarted
    const late = await testbed.untilCluster('late', (now) => now?.isRendered === true)
    expect(late?.controlPlaneEndpoint.host).toMatch(/^10\.167\.1\./)
  })
})
