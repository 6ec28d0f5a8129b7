import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WorkflowNotFoundError } from '@temporalio/client'
import { readFileSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import type { ClusterPlan, ShownRolePlan } from '../../src/commands/plan/plan-text.ts'
import { formatPool } from '../../src/domain/model/pool.ts'
import { allocateVipType, workflowIdFor, type AllocateVipResult } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { createReader, type ReaderAccount } from './reader-account.ts'
import { runCommand, runProgram, type ProgramResult } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const env = { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace }

/** The allocator works, and starts nothing by itself: what was planned stays as it is until it is allocated. */
let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
/** Who plans: a plan that wrote anything would be refused. */
let reader: ReaderAccount
let folder: string
/** Ids of runs that wait for ever. */
const waitingRuns: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'plan-'))
  suite = await openFixtureWithAllocator({ command: 'worker' })
  ;({ testbed, temporal } = suite)
  reader = await createReader(stack, testbed)
})

afterAll(async () => {
  try {
    await suite.close(async () => {
      await reader.remove()
      await Promise.all(waitingRuns.map(endRun))
    })
  } finally {
    await rm(folder, { recursive: true })
  }
})

function plan(...args: readonly string[]): Promise<ProgramResult> {
  return runCommand(['plan', `--kubeconfig=${reader.kubeconfigPath}`, ...args])
}

/** The plan for a Cluster's control plane. */
async function planFor(name: string): Promise<ShownRolePlan> {
  return controlPlaneIn(await plan(`${testbed.namespace}/${name}`, '--output=json'))
}

function controlPlaneIn({ stdout }: ProgramResult): ShownRolePlan {
  const { plans } = JSON.parse(stdout) as { readonly plans: readonly ClusterPlan[] }
  const role = plans[0]?.roles.find((each) => each.role === 'control-plane')
  if (role === undefined) throw new Error(`no plan for a control plane in ${stdout}`)
  return role
}

/** What really happens: the run to its end. */
async function allocate(name: string): Promise<AllocateVipResult> {
  const args = [
    'allocate',
    `${testbed.namespace}/${name}`,
    `--task-queue=${suite.taskQueue}`,
    '--output=json',
  ]
  const { stdout } = await runCommand(args, env)
  return JSON.parse(stdout) as AllocateVipResult
}

/** Starts the run, and resolves with what it waits for. */
async function startWaiting(name: string): Promise<{ readonly reason: string; readonly message: string }> {
  const cluster = testbed.keyOf(name)
  const workflowId = workflowIdFor(cluster)
  await temporal.client.workflow.start(allocateVipType, {
    workflowId,
    taskQueue: suite.taskQueue,
    args: [cluster],
  })
  waitingRuns.push(workflowId)
  const { reason, message } = await temporal.untilPending(cluster)
  return { reason, message }
}

/** One that could go on has ended by itself. */
async function endRun(workflowId: string): Promise<void> {
  try {
    await temporal.client.workflow.getHandle(workflowId).terminate()
  } catch (error) {
    if (!(error instanceof WorkflowNotFoundError)) throw error
  }
}

/** uid and resourceVersion of everything a plan could write to. */
async function everything(): Promise<readonly string[]> {
  const lists = await Promise.all(
    (['clusters', 'clusterclasses', 'ipaddressclaims', 'ipaddresses', 'inclusterippools'] as const).map(
      (plural) =>
        testbed.api.send<{ items: { metadata: { uid: string; resourceVersion: string } }[] }>({
          method: 'GET',
          path: testbed.path(plural),
        }),
    ),
  )
  return lists.flatMap(({ items }) =>
    items.map(({ metadata }) => `${metadata.uid} ${metadata.resourceVersion}`),
  )
}

/** A ClusterClass of its own, with pools for it. */
async function aClassWith(name: string, pools: Readonly<Record<string, string>>): Promise<string> {
  await testbed.createClass(name)
  // Until core has taken the variables in, every plan is to wait for that.
  await eventually(`ClusterClass ${name} to be reconciled`, async () => {
    const path = testbed.path('clusterclasses', name)
    const { status } = await testbed.api.send<{ status?: { variables?: unknown } }>({ method: 'GET', path })
    return status?.variables
  })
  for (const [pool, addresses] of Object.entries(pools)) {
    await testbed.createPool(addresses, { name: pool, className: name })
    await testbed.untilPool(pool, (now) => now?.capacity !== undefined)
  }
  return name
}

describe('what is planned is what happens', () => {
  it('where two pools have room', async () => {
    const className = await aClassWith('two-pools', {
      'pool-b': '10.60.0.1-10.60.0.4',
      'pool-a': '10.60.1.1',
    })
    await testbed.createCluster('two-pools', { className })
    const planned = await planFor('two-pools')
    const { roles } = await allocate('two-pools')
    expect(planned).toMatchObject({ outcome: 'assign', reason: roles['control-plane']?.reason })
    expect(roles['control-plane']?.pool).toMatchObject({ kind: planned.pool?.kind, name: planned.pool?.name })
    expect(roles['control-plane']).toMatchObject({ claim: planned.claim?.name, port: planned.port })
  })

  it('where the better pool is exhausted', async () => {
    const className = await aClassWith('one-full', { 'full-1': '10.61.0.1', 'later-1': '10.61.1.1' })
    await testbed.createCluster('first-of-two', { className })
    await allocate('first-of-two')
    await testbed.untilPool('full-1', (now) => now?.capacity?.free === 0)
    await testbed.createCluster('second-of-two', { className })
    const planned = await planFor('second-of-two')
    expect(planned.considered).toEqual(
      expect.arrayContaining([
        expect.objectContaining({ name: 'full-1', verdict: 'rejected' }),
        expect.objectContaining({ name: 'later-1', verdict: 'selected' }),
      ]),
    )
    const { roles } = await allocate('second-of-two')
    expect(roles['control-plane']?.pool?.name).toBe(planned.pool?.name)
  })

  it('where no pool is for the class', async () => {
    const className = await aClassWith('no-pool', {})
    await testbed.createCluster('no-pool', { className })
    // All pools are named then, also those that other suites make and delete meanwhile.
    const { planned, waits } = await eventually('the pools to be the same for plan and run', async () => {
      const planned = await planFor('no-pool')
      const waits = await startWaiting('no-pool')
      await endRun(workflowIdFor(testbed.keyOf('no-pool')))
      return (await planFor('no-pool')).message === planned.message ? { planned, waits } : undefined
    })
    expect(planned.outcome).toBe('wait')
    expect(waits).toEqual({ reason: planned.reason, message: planned.message })
    expect(planned.reason).toBe('NoMatchingPool')
  })

  it('where the only pool is exhausted', async () => {
    const className = await aClassWith('all-full', { 'full-2': '10.62.0.1' })
    await testbed.createCluster('took-it', { className })
    await allocate('took-it')
    await testbed.untilPool('full-2', (now) => now?.capacity?.free === 0)
    await testbed.createCluster('too-late', { className })
    const { reason, message } = await planFor('too-late')
    expect(await startWaiting('too-late')).toEqual({ reason, message })
    expect(reason).toBe('PoolExhausted')
  })

  it('where the Cluster is paused', async () => {
    const className = await aClassWith('paused', { 'for-paused': '10.63.0.1' })
    await testbed.createCluster('paused', { className, spec: 'paused: true' })
    const { reason, message } = await planFor('paused')
    expect(await startWaiting('paused')).toEqual({ reason, message })
    expect(reason).toBe('ClusterPaused')
    // Core takes no finalizer off a Cluster that is paused.
    await testbed.editCluster('paused', { paused: false })
  })

  it('where somebody typed the endpoint', async () => {
    const className = await aClassWith('manual', { 'for-manual': '10.64.0.1' })
    const spec = 'controlPlaneEndpoint: { host: 10.64.9.9, port: 6443 }'
    await testbed.createCluster('manual', { className, spec })
    const planned = await planFor('manual')
    const { roles } = await allocate('manual')
    expect(planned).toMatchObject({
      outcome: 'complete',
      actionRequired: false,
      variables: [{ name: 'clusterVip', isWritten: true }],
    })
    expect(roles['control-plane']).toMatchObject({ reason: planned.reason, address: planned.address })
    expect(await testbed.claims()).not.toContain('vip-cp-manual')
    expect(await planFor('manual')).toMatchObject({ outcome: 'skip', reason: planned.reason, steps: [] })
  })

  it('where a person left the port away', async () => {
    const className = await aClassWith('no-port', { 'for-no-port': '10.65.0.1' })
    await testbed.createCluster('no-port', { className, spec: 'controlPlaneEndpoint: { host: 10.65.9.9 }' })
    const planned = await planFor('no-port')
    const { roles } = await allocate('no-port')
    expect(planned).toMatchObject({ outcome: 'complete', address: '10.65.9.9', port: 6443 })
    expect(roles['control-plane']).toMatchObject({ address: planned.address, port: planned.port })
  })

  it.each(['cluster-v1beta1', 'cluster-v1beta2'])(
    'for %s of the examples, before it is there',
    async (example) => {
      const className = await aClassWith(example, { [`for-${example}`]: '10.66.0.1-10.66.0.9' })
      const file = join(folder, `${example}.yaml`)
      await writeFile(
        file,
        readFileSync(join(import.meta.dirname, '..', '..', 'examples', `${example}.yaml`), 'utf8')
          .replaceAll('namespace: clusters', `namespace: ${testbed.namespace}`)
          .replaceAll('rke2-cluster-class', className)
          .replaceAll('name: demo-cluster', `name: ${example}`),
      )
      const planned = controlPlaneIn(await plan('-f', file, '--output=json'))
      await testbed.applyExample(
        example,
        ['rke2-cluster-class', className],
        ['name: demo-cluster', `name: ${example}`],
      )
      const { roles } = await allocate(example)
      const { address = '', pool } = roles['control-plane'] ?? {}
      expect(pool?.name).toBe(planned.pool?.name)
      const open = `<an address of ${formatPool(planned.pool ?? { kind: '', name: '' })}>`
      const added = (planned.diff ?? '').replaceAll(open, address).match(/^\+ .*$/gm) ?? []
      expect(added.map((line) => line.slice(1).trim())).toEqual(
        expect.arrayContaining([
          `vip.capi.gorizond.io/control-plane-vip: ${address}`,
          `host: ${address}`,
          `- name: clusterVip`,
          `value: ${address}`,
        ]),
      )
      // The Cluster as it is now needs nothing any more.
      expect(await planFor(example)).toMatchObject({ outcome: 'in-place', address, steps: [] })
    },
  )
})

describe('a plan', () => {
  it('writes nothing, whatever it plans', async () => {
    const className = await aClassWith('untouched', { 'for-untouched': '10.67.0.1-10.67.0.4' })
    await testbed.createCluster('untouched', { className })
    await testbed.createCluster('orphaned', { className })
    await allocate('orphaned')
    await testbed.untilCluster('orphaned', (now) => (now?.controlPlaneEndpoint.host ?? '') !== '')
    await testbed.delete('ipaddressclaims', 'vip-cp-orphaned')
    await testbed.untilClaim('vip-cp-orphaned', (now) => now === undefined)
    await testbed.untilPool('for-untouched', (now) => now?.capacity?.used === 0)
    await testbed.untilCluster('untouched', (now) => now !== undefined)
    // Core still writes to its Clusters at times: two plans beside which nothing has changed are enough.
    await eventually('nothing to change beside two plans', async () => {
      const before = await everything()
      expect(await planFor('untouched')).toMatchObject({ outcome: 'assign' })
      expect((await planFor('orphaned')).steps[0]).toMatch(
        /^create IPAddress vip-cp-orphaned with .* before its claim$/,
      )
      expect(await everything()).toEqual(before)
      return true
    })
  })

  it('ends with 0 where the Cluster gets its VIP, and with 3 where a person has to act', async () => {
    const className = await aClassWith('codes', { 'for-codes': '10.68.0.1' })
    await testbed.createCluster('served', { className })
    await testbed.createCluster('not-served', { className: await aClassWith('codes-without', {}) })
    expect(await plan(`${testbed.namespace}/served`)).toMatchObject({ code: 0 })
    expect(await plan(`${testbed.namespace}/not-served`)).toMatchObject({ code: 3 })
  })

  it('says that a Cluster does not exist, with 3', async () => {
    expect(await plan(`${testbed.namespace}/nobody`)).toMatchObject({
      code: 3,
      stdout: expect.stringContaining(`Cluster ${testbed.namespace}/nobody does not exist`),
    })
  })

  it('shows the same to people and in YAML, without colors where no terminal is', async () => {
    const className = await aClassWith('shown', { 'for-shown': '10.69.0.1' })
    await testbed.createCluster('shown', { className })
    const { stdout, stderr } = await plan(`${testbed.namespace}/shown`)
    expect(stderr).toBe('')
    expect(stdout).not.toContain('\u001B[')
    for (const text of ['InClusterIPPool/for-shown', 'selected', 'Variable clusterVip', '+++ ', 'Steps:']) {
      expect(stdout).toContain(text)
    }
    const yaml = await plan(`${testbed.namespace}/shown`, '--output=yaml')
    const json = await plan(`${testbed.namespace}/shown`, '--output=json')
    expect(parse(yaml.stdout)).toEqual(JSON.parse(json.stdout))
  })

  it('has colors where they are asked for, and none with NO_COLOR', async () => {
    const args = ['plan', `--kubeconfig=${reader.kubeconfigPath}`, `${testbed.namespace}/nobody`]
    expect((await runProgram(args, { FORCE_COLOR: '1' })).stdout).toContain('\u001B[')
    expect((await runProgram(args, { NO_COLOR: '1' })).stdout).not.toContain('\u001B[')
  })

  it('names a file that is not there, and an API server that is away', async () => {
    expect(await plan('-f', '/nowhere/cluster.yaml')).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('/nowhere/cluster.yaml cannot be read'),
    })
    const kubeconfig = join(folder, 'away')
    const away = readFileSync(stack.kubeconfigPath, 'utf8').replace(
      /https:\/\/[^\s"]+/,
      'https://127.0.0.1:1',
    )
    await writeFile(kubeconfig, away)
    expect(await runCommand(['plan', 'a/b', `--kubeconfig=${kubeconfig}`])).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('127.0.0.1:1'),
    })
  })
})
