import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import type { Facts } from '../support/promised-text.ts'
import { realParts } from '../support/real-parts.ts'
import { openIdle, type AtWork } from './at-work.ts'
import { expectMended, expectShown, openHelpDesk, type HelpDesk } from './help-desk.ts'
import { untilPending } from './pending.ts'
import type { World } from './world.ts'

const { stack } = realParts()

let suite: AtWork
let world: World
/** A Worker polls there, and no watcher starts runs on it. */
let halfServed: AtWork
let desk: HelpDesk

beforeAll(async () => {
  suite = await openIdle()
  world = suite.world
  halfServed = await openIdle()
  await suite.start()
  await halfServed.start({ command: 'worker' })
  desk = await openHelpDesk(stack, viewpointOf(suite))
})

afterAll(async () => {
  try {
    await suite.close(() => desk.close())
  } finally {
    await halfServed.close()
  }
})

function viewpointOf({ world: { namespace }, taskQueue, allocator }: AtWork): {
  readonly namespace: string
  readonly taskQueue: string
  readonly allocator: AtWork['allocator']
} {
  return { namespace, taskQueue, allocator }
}

function factsOf(name: string, where: AtWork, more: Facts = {}): Facts {
  const { namespace } = where.world
  return { namespace, cluster: name, 'task-queue': where.taskQueue, ...more }
}

/** As somebody does who starts a run by hand, and mistypes something. */
async function startByHand(
  where: AtWork,
  name: string,
  { taskQueue = where.taskQueue, type = allocateVipType },
): Promise<void> {
  const { namespace } = where.world
  const input = JSON.stringify({ namespace, name })
  const flags = `--workflow-id ${workflowIdFor({ namespace, name })} --input '${input}'`
  const said = await desk.run(
    `temporal workflow start --type ${type} --task-queue ${taskQueue} --task-timeout 1s ${flags}`,
    viewpointOf(where),
  )
  expect(said).toContain('RunId')
}

/** Of a class of its own, so that no other Cluster takes its address. */
async function createCluster(where: AtWork, name: string, spec = ''): Promise<void> {
  await where.world.createClass(name)
  await where.world.createCluster(name, { className: name, spec })
}

async function expectServed(where: AtWork, name: string, host: string): Promise<void> {
  expect((await where.world.untilServed(name)).controlPlaneEndpoint.host).toBe(host)
}

describe('docs/troubleshooting.md shows and mends', () => {
  it('a run on a task queue that nobody polls, which the watcher replaces', async () => {
    const dead = `dead-${randomUUID()}`
    await world.createPool('10.154.1.1', { name: 'mistyped', className: 'mistyped' })
    await startByHand(suite, 'mistyped', { taskQueue: dead })
    await createCluster(suite, 'mistyped')
    await expectServed(suite, 'mistyped', '10.154.1.1')
    await expectShown(
      desk,
      'Run on another task queue',
      factsOf('mistyped', suite, { 'other-task-queue': dead }),
    )
  })

  it('one that no watcher looks at', async () => {
    const dead = `dead-${randomUUID()}`
    await halfServed.world.createPool('10.154.2.1', { name: 'unseen', className: 'unseen' })
    await startByHand(halfServed, 'unseen', { taskQueue: dead })
    await createCluster(halfServed, 'unseen')
    const facts = factsOf('unseen', halfServed, { 'other-task-queue': dead })
    await expectShown(desk, 'No watcher looks', facts, viewpointOf(halfServed))
    await expectMended(desk, 'No watcher looks', facts, viewpointOf(halfServed))
    await expectServed(halfServed, 'unseen', '10.154.2.1')
  })

  it('a run that another installation has, which is replaced when that is taken down', async () => {
    const taskQueue = randomUUID()
    const facts = factsOf('contested', suite, { 'other-task-queue': taskQueue })
    const from = viewpointOf(suite)
    const other = await suite.start({ taskQueue, command: 'worker' })
    try {
      // A watcher starts nothing for a paused Cluster, so the other installation comes first.
      await createCluster(suite, 'contested', 'paused: true')
      await startByHand(suite, 'contested', { taskQueue })
      await untilPending(
        suite.temporal,
        { namespace: world.namespace, name: 'contested' },
        'selectIPPool',
        'ClusterPaused',
      )
      await world.editCluster('contested', { paused: null })
      await expectShown(desk, 'Two installations', facts, from)
    } finally {
      await other.stop()
    }
    await world.createPool('10.154.3.1', { name: 'contested', className: 'contested' })
    await expectServed(suite, 'contested', '10.154.3.1')
  })

  it('a workflow task that fails again and again', async () => {
    await world.createPool('10.154.4.1', { name: 'broken', className: 'broken' })
    await startByHand(suite, 'broken', { type: 'ofNobody' })
    await createCluster(suite, 'broken')
    const facts = factsOf('broken', suite, { failure: 'no such function is exported' })
    await expectShown(desk, 'Workflow task fails', facts)
    await expectMended(desk, 'Workflow task fails', facts)
    await expectServed(suite, 'broken', '10.154.4.1')
  })
})
