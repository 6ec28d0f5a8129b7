import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { WorkflowHandle } from '@temporalio/client'
import { randomUUID } from 'node:crypto'
import {
  allocateVipType,
  statusQuery,
  wakeSignal,
  workflowIdFor,
  type AllocationStatus,
} from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { runCommand, startProgram, type ProgramResult, type StartedProgram } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const env = { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace }

/** A Worker without a watcher: only `allocate` starts runs, and only pools that a test looks at wake them. */
let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.70.0.10-10.70.0.40')
  // Without a watcher nobody looks again soon at a claim that the provider did not take up at once.
  await testbed.untilPool('vip-pool', (now) => now?.capacity !== undefined)
  await suite.start({ command: 'worker' })
})

afterAll(() => suite.close())

function lineFor(name: string, args: readonly string[] = []): readonly string[] {
  return ['allocate', `${testbed.namespace}/${name}`, `--task-queue=${suite.taskQueue}`, ...args]
}

/** In a process of its own. */
function allocate(name: string): StartedProgram {
  return startProgram(lineFor(name), env)
}

/** To its end, in the process that all tests share. */
function allocateToEnd(name: string, ...args: readonly string[]): Promise<ProgramResult> {
  return runCommand(lineFor(name, args), env)
}

function idOf(name: string): string {
  return workflowIdFor(testbed.keyOf(name))
}

function handleOf(name: string): WorkflowHandle {
  return temporal.client.workflow.getHandle(idOf(name))
}

async function statusOf(name: string): Promise<string> {
  return (await handleOf(name).describe()).status.name
}

/** Starts the Cluster's run on a task queue, as a person does by hand. */
async function startRun(name: string, taskQueue: string): Promise<void> {
  const args = [testbed.keyOf(name)]
  await temporal.client.workflow.start(allocateVipType, { workflowId: idOf(name), taskQueue, args })
}

describe('allocate', () => {
  it('starts the run, and ends with 0 and the VIP', async () => {
    await testbed.createCluster('started')
    const { code, stdout, stderr } = await allocate('started').ended
    const cluster = await testbed.untilServed('started')
    expect({ code, stderr }).toMatchObject({ code: 0, stderr: expect.stringContaining('is started on task') })
    for (const text of [
      cluster.controlPlaneEndpoint.host,
      '6443',
      'InClusterIPPool/vip-pool',
      'vip-cp-started',
    ]) {
      expect(stdout).toContain(text)
    }
  })

  it('gives programs one JSON object', async () => {
    await testbed.createCluster('for-programs')
    const { stdout } = await allocateToEnd('for-programs', '--output=json')
    expect(JSON.parse(stdout)).toMatchObject({
      workflowId: `allocate-vip/${testbed.namespace}/for-programs`,
      status: 'COMPLETED',
      roles: { 'control-plane': { outcome: 'allocated', pool: { name: 'vip-pool' }, port: 6443 } },
    })
  })

  it('tells of each phase and wait once, joins a run, and wakes it', async () => {
    await testbed.createClass('joined')
    // Without a pool for it, the wait would name all pools, also those that other suites make and delete meanwhile.
    await testbed.createPool('10.71.0.1-10.71.0.9', {
      name: 'for-joined',
      className: 'joined',
      annotations: { 'cluster.x-k8s.io/paused': 'true' },
    })
    await testbed.createCluster('joined', { className: 'joined' })
    const first = allocate('joined')
    await first.untilStderr('control-plane: SelectingPool')
    await first.untilStderr('selectIPPool waits, PoolNotReady')
    const second = allocate('joined')
    await second.untilStderr('runs already; it is woken and followed')
    await second.untilStderr('selectIPPool waits, PoolNotReady')
    await testbed.pausePool('for-joined', false)
    const ended = await Promise.all([first.ended, second.ended])
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(ended[0].stdout).toBe(ended[1].stdout)
    expect(ended[0].stderr.match(/waits, PoolNotReady/g)).toHaveLength(1)
    const { wakes } = await handleOf('joined').query<AllocationStatus>(statusQuery)
    expect(wakes).toEqual(['allocate by hand'])
  })

  it('leaves the run running at Ctrl-C, says so, and ends with 130', async () => {
    await testbed.createClass('left')
    await testbed.createCluster('left', { className: 'left' })
    const left = allocate('left')
    await left.untilStderr('waits, NoMatchingPool')
    left.interrupt()
    expect(await left.ended).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining(`allocate-vip/${testbed.namespace}/left goes on without us`),
    })
    expect(await statusOf('left')).toBe('RUNNING')
    await testbed.createPool('10.72.0.1', { name: 'for-left', className: 'left' })
    expect(await allocateToEnd('left')).toMatchObject({ code: 0 })
  })

  it('says that no Worker polls the task queue, and goes on when one does', async () => {
    await testbed.createCluster('patient')
    const queue = randomUUID()
    const patient = startProgram(['allocate', `${testbed.namespace}/patient`, `--task-queue=${queue}`], env)
    await patient.untilStderr(`no Worker polls task queue ${queue}`)
    const late = await suite.start({ command: 'worker', taskQueue: queue })
    try {
      expect(await patient.ended).toMatchObject({ code: 0 })
    } finally {
      await late.stop()
    }
  })

  it('says that the run is on a task queue that nobody polls, and has it replaced', async () => {
    const dead = `dead-${randomUUID()}`
    await startRun('misdirected', dead)
    await testbed.createCluster('misdirected')
    const { code, stderr } = await allocateToEnd('misdirected')
    const { controlPlaneEndpoint } = await testbed.untilServed('misdirected')
    expect({ code, stderr }).toMatchObject({
      code: 0,
      stderr: expect.stringMatching(
        new RegExp(
          `runs already.*the run is on task queue "${dead}", not "${suite.taskQueue}".*nobody polls that task queue; a new run is started`,
          's',
        ),
      ),
    })
    expect(controlPlaneEndpoint.host).toMatch(/^10\.70\.0\./)
  })

  it('leaves such a run alone where nobody polls its own task queue either', async () => {
    const [dead, ours] = [`dead-${randomUUID()}`, randomUUID()]
    await startRun('forsaken', dead)
    const forsaken = startProgram(['allocate', `${testbed.namespace}/forsaken`, `--task-queue=${ours}`], env)
    await forsaken.untilStderr(`no Worker polls task queue ${dead}`)
    forsaken.interrupt()
    expect(await forsaken.ended).toMatchObject({ code: 130 })
    expect(await statusOf('forsaken')).toBe('RUNNING')
    await handleOf('forsaken').terminate('the test is over')
  })

  it('says that another installation has the run, and follows it to its end', async () => {
    const taskQueue = randomUUID()
    const other = await suite.start({ command: 'worker', taskQueue })
    try {
      await testbed.createClass('theirs')
      await testbed.createCluster('theirs', { className: 'theirs' })
      await startRun('theirs', taskQueue)
      await temporal.untilPending(testbed.keyOf('theirs'), { reason: 'NoMatchingPool' })
      const theirs = allocate('theirs')
      await theirs.untilStderr(`is on task queue "${taskQueue}", not "${suite.taskQueue}", which`)
      await theirs.untilStderr('two installations serve the same Clusters')
      await testbed.createPool('10.73.0.1', { name: 'for-theirs', className: 'theirs' })
      // Nobody watches pools here.
      await handleOf('theirs').signal(wakeSignal, 'the pool is there')
      expect(await theirs.ended).toMatchObject({ code: 0 })
    } finally {
      await other.stop()
    }
  })

  it('says that the workflow task of the run fails again and again, and how to end it', async () => {
    await temporal.client.workflow.start('ofNobody', {
      workflowId: idOf('failing'),
      taskQueue: suite.taskQueue,
      workflowTaskTimeout: '1s',
    })
    const failing = allocate('failing')
    await failing.untilStderr('fails again and again')
    await failing.untilStderr(`temporal workflow terminate --workflow-id ${idOf('failing')}`)
    await handleOf('failing').terminate('by a test')
    expect(await failing.ended).toMatchObject({ code: 3 })
  })

  it('ends with 3 where the Cluster does not exist', async () => {
    expect(await allocateToEnd('nobody')).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('ClusterDeleted'),
    })
  })

  it('ends with 3 where somebody terminates the run', async () => {
    await testbed.createClass('terminated')
    await testbed.createCluster('terminated', { className: 'terminated' })
    const terminated = allocate('terminated')
    await terminated.untilStderr('waits, NoMatchingPool')
    await handleOf('terminated').terminate('by a test')
    expect(await terminated.ended).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('ended as TERMINATED'),
    })
  })

  it('names the address of a Temporal that is away, and a namespace it does not know, with 1', async () => {
    const args = ['allocate', 'a/b']
    expect(await runCommand(args, { TEMPORAL_ADDRESS: '127.0.0.1:1' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^capi-vip-allocator: Temporal at 127\.0\.0\.1:1 does not answer.*\n$/),
    })
    expect(await runCommand(args, { ...env, TEMPORAL_NAMESPACE: 'elsewhere' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('namespace elsewhere'),
    })
  })
})
