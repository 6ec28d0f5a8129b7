import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { allocateVipType, workflowIdFor } from '../../src/workflows/contract.ts'
import type { PlaceholderValues } from '../support/expected-text.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { applyRemedy, expectSymptom, openRunbookSession, type RunbookSession } from './runbook-session.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
/** A Worker polls there, and no watcher starts runs on it. */
let halfServed: Fixture
let session: RunbookSession

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  halfServed = await openFixture()
  await suite.start()
  await halfServed.start({ command: 'worker' })
  session = await openRunbookSession(stack, targetOf(suite))
})

afterAll(async () => {
  try {
    await suite.close(() => session.close())
  } finally {
    await halfServed.close()
  }
})

function targetOf({ testbed: { namespace }, taskQueue, allocator }: Fixture): {
  readonly namespace: string
  readonly taskQueue: string
  readonly allocator: Fixture['allocator']
} {
  return { namespace, taskQueue, allocator }
}

function valuesFor(name: string, where: Fixture, more: PlaceholderValues = {}): PlaceholderValues {
  const { namespace } = where.testbed
  return { namespace, cluster: name, 'task-queue': where.taskQueue, ...more }
}

/** As somebody does who starts a run by hand, and mistypes something. */
async function startByHand(
  where: Fixture,
  name: string,
  { taskQueue = where.taskQueue, type = allocateVipType },
): Promise<void> {
  const { namespace } = where.testbed
  const input = JSON.stringify({ namespace, name })
  const flags = `--workflow-id ${workflowIdFor({ namespace, name })} --input '${input}'`
  const said = await session.run(
    `temporal workflow start --type ${type} --task-queue ${taskQueue} --task-timeout 1s ${flags}`,
    targetOf(where),
  )
  expect(said).toContain('RunId')
}

/** Of a class of its own, so that no other Cluster takes its address. */
async function createCluster(where: Fixture, name: string, spec = ''): Promise<void> {
  await where.testbed.createClass(name)
  await where.testbed.createCluster(name, { className: name, spec })
}

async function expectServed(where: Fixture, name: string, host: string): Promise<void> {
  expect((await where.testbed.untilServed(name)).controlPlaneEndpoint.host).toBe(host)
}

describe('docs/troubleshooting.md shows and mends', () => {
  it('a run on a task queue that nobody polls, which the watcher replaces', async () => {
    const dead = `dead-${randomUUID()}`
    await testbed.createPool('10.154.1.1', { name: 'mistyped', className: 'mistyped' })
    await startByHand(suite, 'mistyped', { taskQueue: dead })
    await createCluster(suite, 'mistyped')
    await expectServed(suite, 'mistyped', '10.154.1.1')
    await expectSymptom(
      session,
      'Run on another task queue',
      valuesFor('mistyped', suite, { 'other-task-queue': dead }),
    )
  })

  it('one that no watcher looks at', async () => {
    const dead = `dead-${randomUUID()}`
    await halfServed.testbed.createPool('10.154.2.1', { name: 'unseen', className: 'unseen' })
    await startByHand(halfServed, 'unseen', { taskQueue: dead })
    await createCluster(halfServed, 'unseen')
    const values = valuesFor('unseen', halfServed, { 'other-task-queue': dead })
    await expectSymptom(session, 'No watcher looks', values, targetOf(halfServed))
    await applyRemedy(session, 'No watcher looks', values, targetOf(halfServed))
    await expectServed(halfServed, 'unseen', '10.154.2.1')
  })

  it('a run that another installation has, which is replaced when that is taken down', async () => {
    const taskQueue = randomUUID()
    const values = valuesFor('contested', suite, { 'other-task-queue': taskQueue })
    const from = targetOf(suite)
    const other = await suite.start({ taskQueue, command: 'worker' })
    try {
      // A watcher starts nothing for a paused Cluster, so the other installation comes first.
      await createCluster(suite, 'contested', 'paused: true')
      await startByHand(suite, 'contested', { taskQueue })
      await suite.temporal.untilPending(testbed.keyOf('contested'), {
        activity: 'selectIPPool',
        reason: 'ClusterPaused',
      })
      await testbed.editCluster('contested', { paused: null })
      await expectSymptom(session, 'Two installations', values, from)
    } finally {
      await other.stop()
    }
    await testbed.createPool('10.154.3.1', { name: 'contested', className: 'contested' })
    await expectServed(suite, 'contested', '10.154.3.1')
  })

  it('a workflow task that fails again and again', async () => {
    await testbed.createPool('10.154.4.1', { name: 'broken', className: 'broken' })
    await startByHand(suite, 'broken', { type: 'ofNobody' })
    await createCluster(suite, 'broken')
    const values = valuesFor('broken', suite, { failure: 'no such function is exported' })
    await expectSymptom(session, 'Workflow task fails', values)
    await applyRemedy(session, 'Workflow task fails', values)
    await expectServed(suite, 'broken', '10.154.4.1')
  })
})
