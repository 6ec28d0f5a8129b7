import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterReport } from '../../src/commands/status/cluster-report.ts'
import type { StatusReport, VipReport } from '../../src/commands/status/status-report.ts'
import type { Problem, ProblemKind } from '../../src/commands/status/problems/problem.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { getObject, addTestFinalizer, removeTestFinalizer, patchObject, postClaim } from './objects.ts'
import { createReader } from './reader-account.ts'
import { runCommand, startProgram, type ProgramResult, type StartedProgram } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const env = {
  KUBECONFIG: stack.kubeconfigPath,
  TEMPORAL_ADDRESS: stack.temporal.address,
  TEMPORAL_NAMESPACE: stack.temporal.namespace,
}

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
/** Claims that a test holds back. */
const held: string[] = []

/** One testbed: served, waiting, paused, with an endpoint by hand, lost, and a duplicate of the lost one's address. */
beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed, temporal } = suite)
  await testbed.createClass('st-a')
  await testbed.createClass('st-poolless')
  await testbed.createPool('10.90.0.10-10.90.0.19', { className: 'st-a' })
  const endpoint = (host: string): string => `controlPlaneEndpoint: { host: ${host}, port: 6443 }`
  for (const name of ['served', 'lost']) {
    await testbed.createCluster(name, { className: 'st-a' })
    await testbed.untilServed(name)
  }
  await testbed.createCluster('waits', { className: 'st-poolless' })
  await testbed.createCluster('paused', { className: 'st-a', spec: 'paused: true' })
  await testbed.createCluster('by-hand', { className: 'st-a', spec: endpoint('10.90.9.9') })
  await testbed.createCluster('twin', { className: 'st-a', spec: endpoint('10.90.0.11') })
  await deleteClaim('lost')
  await temporal.untilPending(testbed.keyOf('lost'), { reason: 'AddressLost' })
  await temporal.untilPending(testbed.keyOf('waits'), { reason: 'NoMatchingPool' })
})

afterAll(() =>
  suite.close(async () => {
    // Cluster API core does not let a paused Cluster go.
    await testbed.editCluster('paused', { paused: false })
    for (const name of held) await removeTestFinalizer(testbed, 'ipaddressclaims', name)
  }),
)

/** Commands for people, as a person types them who may do everything. */
function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<ProgramResult> {
  return runCommand(args, { ...env, ...more })
}

function start(args: readonly string[]): StartedProgram {
  return startProgram(args, env)
}

async function deleteClaim(cluster: string): Promise<void> {
  await testbed.delete('ipaddressclaims', `vip-cp-${cluster}`)
}

/** Deletes a claim that stays all the same. */
async function holdDeletedClaim(cluster: string): Promise<void> {
  await addTestFinalizer(testbed, 'ipaddressclaims', `vip-cp-${cluster}`)
  held.push(`vip-cp-${cluster}`)
  await deleteClaim(cluster)
}

async function status(...args: readonly string[]): Promise<StatusReport> {
  const { stdout } = await run(['status', `--namespace=${testbed.namespace}`, '--output=json', ...args])
  return JSON.parse(stdout) as StatusReport
}

/** Resolves with the finding of this kind about an object of this name. */
async function untilFound(kind: ProblemKind, name: string): Promise<Problem> {
  return eventually(`${kind} about ${name}`, async () => {
    const { findings } = await status()
    const found = findings.find(
      (finding) => finding.kind === kind && finding.objects.some((object) => object.name === name),
    )
    // Some are a finding only after ten seconds, and each look lists everything.
    return found ?? delay(500, undefined)
  })
}

describe('status', () => {
  it('shows every Cluster with its VIP, claim, phase, reason and run', async () => {
    const { vips } = await status()
    const shown = vips.map(({ cluster, address, claim, phase, reason, workflow }) =>
      [cluster, address, claim, phase, reason, workflow?.state].map((cell) => cell ?? '-').join(' '),
    )
    expect(shown).toEqual([
      'by-hand 10.90.9.9 - Manual EndpointAlreadySet -',
      'lost 10.90.0.11 - Lost AddressLost running',
      'paused - - Paused ClusterPaused none',
      'served 10.90.0.10 vip-cp-served Served Allocated -',
      'twin 10.90.0.11 - Manual EndpointAlreadySet -',
      'waits - - Waiting NoMatchingPool running',
    ])
  })

  it('is a table for people, with what no workflow shows below', async () => {
    const { code, stdout } = await run(['status', `--namespace=${testbed.namespace}`])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^NAMESPACE +CLUSTER +ROLE +VIP +POOL +CLAIM +PHASE +REASON +AGE +WORKFLOW\n/)
    expect(stdout).toMatch(
      /served +control-plane +10\.90\.0\.10 +InClusterIPPool\/vip-pool +vip-cp-served +Served +Allocated/,
    )
    expect(stdout).toContain(
      `DuplicateAddress: 10.90.0.11 is the endpoint of Cluster ${testbed.namespace}/lost and the endpoint of Cluster ${testbed.namespace}/twin`,
    )
    expect(stdout).toContain('UnheldEndpoint: ')
  })

  it('of one Cluster says what its run waits for, when it looks again, and what became of each pool', async () => {
    const { code, stdout } = await run(['status', `${testbed.namespace}/waits`])
    expect(code).toBe(0)
    expect(stdout).toContain('control-plane: Waiting, NoMatchingPool')
    expect(stdout).toMatch(
      /InClusterIPPool\/vip-pool +rejected +is for ClusterClass st-a, not .*\/st-poolless/,
    )
    expect(stdout).toContain(`Workflow allocate-vip/${testbed.namespace}/waits: running, run `)
    expect(stdout).toMatch(/selectIPPool, attempt \d+, (looks again in \d+s|is being tried)/)
  })

  it('of one Cluster says where its run is on another task queue, and nothing where it is not', async () => {
    const waits = ['status', `${testbed.namespace}/waits`]
    const theirs = await eventually('the run to wait', async () => {
      const { workflow } = JSON.parse((await run([...waits, '--output=json'])).stdout) as ClusterReport
      return workflow.problem === undefined ? undefined : workflow
    })
    expect(theirs).toMatchObject({
      taskQueue: suite.taskQueue,
      problem: {
        verdict: 'elsewhere',
        message: expect.stringContaining(`is on task queue "${suite.taskQueue}", not "capi-vip-allocator"`),
      },
    })
    const ours = await run([...waits, `--task-queue=${suite.taskQueue}`])
    expect(ours.stdout).toMatch(new RegExp(`running, run .*, task queue ${suite.taskQueue}\n  selectIPPool`))
  })

  it('of one Cluster has claim, address, run and its answer, and events', async () => {
    const { stdout } = await run(['status', `${testbed.namespace}/served`, '--output=json'])
    const report = JSON.parse(stdout) as ClusterReport
    expect(report).toMatchObject({
      cluster: { namespace: testbed.namespace, name: 'served', clusterClass: `${testbed.namespace}/st-a` },
      vips: [
        {
          phase: 'Served',
          claimObject: { name: 'vip-cp-served', addressName: 'vip-cp-served', isDeleting: false },
          ipAddressObject: { address: '10.90.0.10', prefix: 24 },
        },
      ],
      workflow: { state: 'completed', status: { roles: { 'control-plane': { phase: 'Done' } } } },
      findings: [],
    })
    const { events = [] } = report
    expect(Array.isArray(events)).toBe(true)
  })

  it('says so where the Cluster does not exist, with where there is one of its name', async () => {
    const absent = `${testbed.namespace}/absent`
    expect(await run(['status', absent])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `capi-vip-allocator: Cluster ${absent} does not exist\n`,
    })
    const elsewhere = await run(['status', 'elsewhere/served'])
    expect(elsewhere.stderr).toContain(
      `Cluster elsewhere/served does not exist; there is ${testbed.namespace}/served`,
    )
    const noCluster = await run(['status', 'served'])
    expect(noCluster).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected NAMESPACE/CLUSTER'),
    })
  })

  it('--problems has only what waits or is wrong, and ends with 3; with 0 where there is nothing', async () => {
    const problems = await run(['status', '--problems', `--namespace=${testbed.namespace}`, '--output=yaml'])
    expect(problems.code).toBe(3)
    const names = [...problems.stdout.matchAll(/ cluster: (.*)/g)].map(([, name]) => name)
    expect(names).toEqual(['lost', 'paused', 'waits'])
    const nothing = await run(['status', '--problems', '--namespace=kube-system'])
    expect(nothing).toMatchObject({ code: 0, stdout: 'No VIP waits, and none is lost.\n' })
  })

  it('needs no more than the right to get and list', async () => {
    const reader = await createReader(stack, testbed)
    try {
      const args = ['status', `${testbed.namespace}/served`, `--kubeconfig=${reader.kubeconfigPath}`]
      const { code, stdout } = await run(args)
      expect(code).toBe(0)
      expect(stdout).toContain('Served, Allocated')
      expect(stdout).toContain('Events:')
    } finally {
      await reader.remove()
    }
  })

  it('shows everything else where Temporal cannot be reached', async () => {
    const away = { TEMPORAL_ADDRESS: '127.0.0.1:1' }
    const all = await run(['status', `--namespace=${testbed.namespace}`, '--output=json'], away)
    expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('Temporal at 127.0.0.1:1') })
    const { vips } = JSON.parse(all.stdout) as StatusReport
    expect(vips.filter(({ workflow }) => workflow?.state === 'unreachable')).toHaveLength(3)
    const one = await run(['status', `${testbed.namespace}/waits`], away)
    expect(one).toMatchObject({ code: 0, stdout: expect.stringContaining('waits: unreachable') })
    expect(one.stdout).toContain('Pools for control-plane, as of now:')
  })
})

describe('status --watch', () => {
  const isServed = (line: string): boolean => {
    const { vip } = JSON.parse(line) as { readonly vip?: VipReport }
    return vip?.cluster === 'arrives' && vip.phase === 'Served'
  }

  it('tells a program of a VIP as it arrives, and ends on Ctrl-C', async () => {
    const watching = start(['status', '--watch', `--namespace=${testbed.namespace}`, '--output=json'])
    try {
      const [first, last] = ['by-hand', 'waits']
      await watching.untilLine((line) => line.includes(`"change":"added"`) && line.includes(`"${first}"`))
      await watching.untilLine((line) => line.includes(`"change":"added"`) && line.includes(`"${last}"`))
      await testbed.createCluster('arrives', { className: 'st-a' })
      const served = JSON.parse(await watching.untilLine(isServed)) as { readonly vip: VipReport }
      expect(served.vip).toMatchObject({
        reason: 'Allocated',
        address: expect.stringMatching(/^10\.90\.0\./),
      })
      await testbed.deleteCluster('arrives')
      await watching.untilLine(
        (line) => line.includes('"change":"removed"') && line.includes('"cluster":"arrives"'),
      )
    } finally {
      watching.interrupt()
      expect((await watching.ended).code).toBe(130)
    }
  })

  it('shows a person the table anew', async () => {
    const watching = start(['status', '--watch', `--namespace=${testbed.namespace}`])
    try {
      await watching.untilLine((line) => line.startsWith('NAMESPACE'))
      await testbed.createCluster('another', { className: 'st-a' })
      await watching.untilLine((line) => /another .* Served/.test(line))
    } finally {
      watching.interrupt()
      expect((await watching.ended).code).toBe(130)
    }
    await testbed.deleteCluster('another')
    await testbed.untilCluster('another', (now) => now === undefined)
  })
})

describe('pools', () => {
  it('shows what every pool has, and who will get an address', async () => {
    const { code, stdout } = await run(['pools', `--namespace=${testbed.namespace}`], { LC_ALL: 'C.UTF-8' })
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /InClusterIPPool\/vip-pool +e2e-\w+ +[█░]{10} \d\/10 +\d+ +0 +st-a +control-plane +0 +Ready/,
    )
    expect(stdout).toContain(
      'Forecast, in the order of turns: 1 still to be allocated; 0 will get an address, 1 will not.',
    )
    expect(stdout).toContain(
      `No pool is for control planes of ClusterClass ${testbed.namespace}/st-poolless.`,
    )
  })
})

/** From here on nothing is mended. */
describe('what no workflow shows, without an allocator', () => {
  beforeAll(async () => {
    await suite.allocator.stop()
  })

  it('is an address on two Clusters', async () => {
    expect((await untilFound('DuplicateAddress', 'twin')).next).toContain('another address')
  })

  it('is an endpoint that no claim holds', async () => {
    expect((await untilFound('UnheldEndpoint', 'lost')).next).toContain('give one of them another address')
  })

  it('is a claim for a Cluster that got another host', async () => {
    await patchObject(testbed, testbed.path('clusters', 'served'), {
      spec: { controlPlaneEndpoint: { host: '10.90.9.8', port: 6443 } },
    })
    expect((await untilFound('StrayClaim', 'served')).next).toContain('delete ipaddressclaim vip-cp-served')
  })

  it('is a claim that is left over from its Cluster', async () => {
    await testbed.createCluster('leaves', { className: 'st-a' })
    const { metadata } = await getObject(testbed, 'clusters', 'leaves')
    const owner = {
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      kind: 'Cluster',
      name: 'leaves',
      uid: metadata.uid,
    }
    await postClaim(testbed, 'leaves', 'vip-pool', { ownerReferences: [owner] })
    // The provider writes the finalizers of a claim that is new to it, whatever is there.
    await testbed.untilClaim('vip-cp-leaves', (now) => now?.addressName !== undefined)
    await addTestFinalizer(testbed, 'ipaddressclaims', 'vip-cp-leaves')
    held.push('vip-cp-leaves')
    await testbed.deleteCluster('leaves')
    // Until the garbage collector has deleted it, the remedy is to do so.
    await testbed.untilClaim('vip-cp-leaves', (now) => now?.isDeleting === true)
    expect((await untilFound('LeakedClaim', 'vip-cp-leaves')).next).toContain('finalizers')
  })

  it('is an IPAddress whose claim is gone, and a reservation whose Cluster is', async () => {
    const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: 'vip-pool' }
    const post = (name: string, address: string, labels: object): Promise<unknown> =>
      testbed.api.send({
        method: 'POST',
        path: testbed.path('ipaddresses'),
        body: {
          apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
          kind: 'IPAddress',
          metadata: { name, namespace: testbed.namespace, labels },
          spec: { address, prefix: 24, poolRef, claimRef: { name } },
        },
      })
    await post('vip-cp-nobody', '10.90.0.18', {})
    await post('vip-reserved-nobody', '10.90.0.19', { 'vip.capi.gorizond.io/reserved-by': 'nobody' })
    const found = [
      await untilFound('LeakedAddress', 'vip-cp-nobody'),
      await untilFound('LeakedReservation', 'vip-reserved-nobody'),
    ]
    expect(found.map(({ next }) => next)).toEqual([
      `kubectl --namespace ${testbed.namespace} delete ipaddress vip-cp-nobody`,
      `kubectl --namespace ${testbed.namespace} delete ipaddress vip-reserved-nobody`,
    ])
    for (const name of ['vip-cp-nobody', 'vip-reserved-nobody']) {
      await testbed.delete('ipaddresses', name)
    }
  })

  it('is a claim on a pool that does not exist', async () => {
    const labels = { 'vip.capi.gorizond.io/role': 'control-plane' }
    await postClaim(testbed, 'paused', 'no-such-pool', { labels })
    expect((await untilFound('UnknownPool', 'vip-cp-paused')).message).toContain(
      'is on InClusterIPPool/no-such-pool, which does not exist',
    )
    await deleteClaim('paused')
  })

  it('is a claim that cannot go', async () => {
    await holdDeletedClaim('served')
    expect((await untilFound('StuckClaim', 'vip-cp-served')).next).toContain('finalizers')
  })
})
