import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { statusQuery, workflowIdFor, type AllocationStatus } from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { openIdle, type AtWork } from './at-work.ts'
import { runProgram, startProgram, type StartedProgram } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import type { World } from './world.ts'

const { stack } = realParts()
const env = { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace }

/** A Worker without a watcher: only `allocate` starts runs, and only pools that a test looks at wake them. */
let suite: AtWork
let world: World
let temporal: TemporalView

beforeAll(async () => {
  suite = await openIdle()
  ;({ world, temporal } = suite)
  await world.createPool('10.70.0.10-10.70.0.40')
  // Without a watcher nobody looks again soon at a claim that the provider did not take up at once.
  await world.untilPool('vip-pool', (now) => now?.capacity !== undefined)
  await suite.start({ command: 'worker' })
})

afterAll(() => suite.close())

function allocate(name: string, ...args: readonly string[]): StartedProgram {
  return startProgram(
    ['allocate', `${world.namespace}/${name}`, `--task-queue=${suite.taskQueue}`, ...args],
    env,
  )
}

async function statusOf(name: string): Promise<string> {
  const handle = temporal.client.workflow.getHandle(workflowIdFor({ namespace: world.namespace, name }))
  return (await handle.describe()).status.name
}

describe('allocate', () => {
  it('starts the run, and ends with 0 and the VIP', async () => {
    await world.createCluster('started')
    const { code, stdout, stderr } = await allocate('started').ended
    const cluster = await world.untilServed('started')
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
    await world.createCluster('for-programs')
    const { stdout } = await allocate('for-programs', '--output=json').ended
    expect(JSON.parse(stdout)).toMatchObject({
      workflowId: `allocate-vip/${world.namespace}/for-programs`,
      status: 'COMPLETED',
      roles: { 'control-plane': { outcome: 'allocated', pool: { name: 'vip-pool' }, port: 6443 } },
    })
  })

  it('tells of each phase and wait once, joins a run, and wakes it', async () => {
    await world.createClass('joined')
    await world.createCluster('joined', { className: 'joined' })
    const first = allocate('joined')
    await first.untilSaid('control-plane: SelectingPool')
    await first.untilSaid('selectIPPool waits, NoMatchingPool')
    const second = allocate('joined')
    await second.untilSaid('runs already; it is woken and followed')
    await second.untilSaid('selectIPPool waits, NoMatchingPool')
    await world.createPool('10.71.0.1-10.71.0.9', { name: 'for-joined', className: 'joined' })
    const ended = await Promise.all([first.ended, second.ended])
    expect(ended.map(({ code }) => code)).toEqual([0, 0])
    expect(ended[0].stdout).toBe(ended[1].stdout)
    expect(ended[0].stderr.match(/waits, NoMatchingPool/g)).toHaveLength(1)
    const id = workflowIdFor({ namespace: world.namespace, name: 'joined' })
    const { wakes } = await temporal.client.workflow.getHandle(id).query<AllocationStatus>(statusQuery)
    expect(wakes).toEqual(['allocate by hand'])
  })

  it('leaves the run running at Ctrl-C, says so, and ends with 130', async () => {
    await world.createClass('left')
    await world.createCluster('left', { className: 'left' })
    const left = allocate('left')
    await left.untilSaid('waits, NoMatchingPool')
    left.interrupt()
    expect(await left.ended).toMatchObject({
      code: 130,
      stdout: '',
      stderr: expect.stringContaining(`allocate-vip/${world.namespace}/left goes on without us`),
    })
    expect(await statusOf('left')).toBe('RUNNING')
    await world.createPool('10.72.0.1', { name: 'for-left', className: 'left' })
    expect(await allocate('left').ended).toMatchObject({ code: 0 })
  })

  it('says that no Worker polls the task queue, and goes on when one does', async () => {
    await world.createCluster('patient')
    const queue = randomUUID()
    const patient = startProgram(['allocate', `${world.namespace}/patient`, `--task-queue=${queue}`], env)
    await patient.untilSaid(`no Worker polls task queue ${queue}`)
    const late = await suite.start({ command: 'worker', taskQueue: queue })
    try {
      expect(await patient.ended).toMatchObject({ code: 0 })
    } finally {
      await late.stop()
    }
  })

  it('ends with 3 where the Cluster does not exist', async () => {
    expect(await allocate('nobody').ended).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('ClusterDeleted'),
    })
  })

  it('ends with 3 where somebody terminates the run', async () => {
    await world.createClass('terminated')
    await world.createCluster('terminated', { className: 'terminated' })
    const terminated = allocate('terminated')
    await terminated.untilSaid('waits, NoMatchingPool')
    const key = { namespace: world.namespace, name: 'terminated' }
    await temporal.client.workflow.getHandle(workflowIdFor(key)).terminate('by a test')
    expect(await terminated.ended).toMatchObject({
      code: 3,
      stdout: expect.stringContaining('ended as TERMINATED'),
    })
  })

  it('names the address of a Temporal that is away, and a namespace it does not know, with 1', async () => {
    const args = ['allocate', 'a/b']
    expect(await runProgram(args, { TEMPORAL_ADDRESS: '127.0.0.1:1' })).toMatchObject({
      code: 1,
      stdout: '',
      stderr: expect.stringMatching(/^capi-vip-allocator: Temporal at 127\.0\.0\.1:1 does not answer.*\n$/),
    })
    expect(await runProgram(args, { ...env, TEMPORAL_NAMESPACE: 'elsewhere' })).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('namespace elsewhere'),
    })
  })
})
