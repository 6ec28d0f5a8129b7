import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { setTimeout as delay } from 'node:timers/promises'
import type { ClusterReport } from '../../src/commands/status/cluster-report.ts'
import type { StatusReport, VipReport } from '../../src/commands/status/status-report.ts'
import type { Problem, ProblemKind } from '../../src/commands/status/problems/problem.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openAtWork, type AtWork } from './at-work.ts'
import { getObject, hold, letGo, patchObject, postClaim } from './objects.ts'
import { createReader } from './reader-account.ts'
import { runCommand, startProgram, type Ended, type StartedProgram } from './run-program.ts'
import type { TemporalView } from './temporal.ts'
import type { World } from './world.ts'

const { stack } = realParts()
const env = {
  KUBECONFIG: stack.kubeconfigPath,
  TEMPORAL_ADDRESS: stack.temporal.address,
  TEMPORAL_NAMESPACE: stack.temporal.namespace,
}

let suite: AtWork
let world: World
let temporal: TemporalView
/** Claims that a test holds back. */
const held: string[] = []

/** One world: served, waiting, paused, with an endpoint by hand, lost, and a duplicate of the lost one's address. */
beforeAll(async () => {
  suite = await openAtWork()
  ;({ world, temporal } = suite)
  await world.createClass('st-a')
  await world.createClass('st-poolless')
  await world.createPool('10.90.0.10-10.90.0.19', { className: 'st-a' })
  const endpoint = (host: string): string => `controlPlaneEndpoint: { host: ${host}, port: 6443 }`
  for (const name of ['served', 'lost']) {
    await world.createCluster(name, { className: 'st-a' })
    await world.untilServed(name)
  }
  await world.createCluster('waits', { className: 'st-poolless' })
  await world.createCluster('paused', { className: 'st-a', spec: 'paused: true' })
  await world.createCluster('by-hand', { className: 'st-a', spec: endpoint('10.90.9.9') })
  await world.createCluster('twin', { className: 'st-a', spec: endpoint('10.90.0.11') })
  await deleteClaim('lost')
  await temporal.untilWaitingFor(keyOf('lost'), 'AddressLost')
  await temporal.untilWaitingFor(keyOf('waits'), 'NoMatchingPool')
})

afterAll(() =>
  suite.close(async () => {
    // Cluster API core does not let a paused Cluster go.
    await world.editCluster('paused', { paused: false })
    for (const name of held) await letGo(world, 'ipaddressclaims', name)
  }),
)

/** Commands for people, as a person types them who may do everything. */
function run(args: readonly string[], more: NodeJS.ProcessEnv = {}): Promise<Ended> {
  return runCommand(args, { ...env, ...more })
}

function start(args: readonly string[]): StartedProgram {
  return startProgram(args, env)
}

function keyOf(name: string): { readonly namespace: string; readonly name: string } {
  return { namespace: world.namespace, name }
}

async function deleteClaim(cluster: string): Promise<void> {
  await world.api.send({ method: 'DELETE', path: world.path('ipaddressclaims', `vip-cp-${cluster}`) })
}

/** Deletes a claim that stays all the same. */
async function holdDeletedClaim(cluster: string): Promise<void> {
  await hold(world, 'ipaddressclaims', `vip-cp-${cluster}`)
  held.push(`vip-cp-${cluster}`)
  await deleteClaim(cluster)
}

async function status(...args: readonly string[]): Promise<StatusReport> {
  const { stdout } = await run(['status', `--namespace=${world.namespace}`, '--output=json', ...args])
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
    const { code, stdout } = await run(['status', `--namespace=${world.namespace}`])
    expect(code).toBe(0)
    expect(stdout).toMatch(/^NAMESPACE +CLUSTER +ROLE +VIP +POOL +CLAIM +PHASE +REASON +AGE +WORKFLOW\n/)
    expect(stdout).toMatch(
      /served +control-plane +10\.90\.0\.10 +InClusterIPPool\/vip-pool +vip-cp-served +Served +Allocated/,
    )
    expect(stdout).toContain(
      `DuplicateAddress: 10.90.0.11 is the endpoint of Cluster ${world.namespace}/lost and the endpoint of Cluster ${world.namespace}/twin`,
    )
    expect(stdout).toContain('UnheldEndpoint: ')
  })

  it('of one Cluster says what its run waits for, when it looks again, and what became of each pool', async () => {
    const { code, stdout } = await run(['status', `${world.namespace}/waits`])
    expect(code).toBe(0)
    expect(stdout).toContain('control-plane: Waiting, NoMatchingPool')
    expect(stdout).toMatch(
      /InClusterIPPool\/vip-pool +rejected +is for ClusterClass st-a, not .*\/st-poolless/,
    )
    expect(stdout).toContain(`Workflow allocate-vip/${world.namespace}/waits: running, run `)
    expect(stdout).toMatch(/selectIPPool, attempt \d+, (looks again in \d+s|is being tried)/)
  })

  it('of one Cluster says where its run is on another task queue, and nothing where it is not', async () => {
    const waits = ['status', `${world.namespace}/waits`]
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
    const { stdout } = await run(['status', `${world.namespace}/served`, '--output=json'])
    const report = JSON.parse(stdout) as ClusterReport
    expect(report).toMatchObject({
      cluster: { namespace: world.namespace, name: 'served', clusterClass: `${world.namespace}/st-a` },
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
    const absent = `${world.namespace}/absent`
    expect(await run(['status', absent])).toMatchObject({
      code: 1,
      stdout: '',
      stderr: `capi-vip-allocator: Cluster ${absent} does not exist\n`,
    })
    const elsewhere = await run(['status', 'elsewhere/served'])
    expect(elsewhere.stderr).toContain(
      `Cluster elsewhere/served does not exist; there is ${world.namespace}/served`,
    )
    const noCluster = await run(['status', 'served'])
    expect(noCluster).toMatchObject({
      code: 2,
      stderr: expect.stringContaining('expected NAMESPACE/CLUSTER'),
    })
  })

  it('--problems has only what waits or is wrong, and ends with 3; with 0 where there is nothing', async () => {
    const problems = await run(['status', '--problems', `--namespace=${world.namespace}`, '--output=yaml'])
    expect(problems.code).toBe(3)
    const names = [...problems.stdout.matchAll(/ cluster: (.*)/g)].map(([, name]) => name)
    expect(names).toEqual(['lost', 'paused', 'waits'])
    const nothing = await run(['status', '--problems', '--namespace=kube-system'])
    expect(nothing).toMatchObject({ code: 0, stdout: 'No VIP waits, and none is lost.\n' })
  })

  it('needs no more than the right to get and list', async () => {
    const reader = await createReader(stack, world)
    try {
      const args = ['status', `${world.namespace}/served`, `--kubeconfig=${reader.kubeconfigPath}`]
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
    const all = await run(['status', `--namespace=${world.namespace}`, '--output=json'], away)
    expect(all).toMatchObject({ code: 0, stderr: expect.stringContaining('Temporal at 127.0.0.1:1') })
    const { vips } = JSON.parse(all.stdout) as StatusReport
    expect(vips.filter(({ workflow }) => workflow?.state === 'unreachable')).toHaveLength(3)
    const one = await run(['status', `${world.namespace}/waits`], away)
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
    const watching = start(['status', '--watch', `--namespace=${world.namespace}`, '--output=json'])
    try {
      const [first, last] = ['by-hand', 'waits']
      await watching.untilLine((line) => line.includes(`"change":"added"`) && line.includes(`"${first}"`))
      await watching.untilLine((line) => line.includes(`"change":"added"`) && line.includes(`"${last}"`))
      await world.createCluster('arrives', { className: 'st-a' })
      const served = JSON.parse(await watching.untilLine(isServed)) as { readonly vip: VipReport }
      expect(served.vip).toMatchObject({
        reason: 'Allocated',
        address: expect.stringMatching(/^10\.90\.0\./),
      })
      await world.deleteCluster('arrives')
      await watching.untilLine(
        (line) => line.includes('"change":"removed"') && line.includes('"cluster":"arrives"'),
      )
    } finally {
      watching.interrupt()
      expect((await watching.ended).code).toBe(130)
    }
  })

  it('shows a person the table anew', async () => {
    const watching = start(['status', '--watch', `--namespace=${world.namespace}`])
    try {
      await watching.untilLine((line) => line.startsWith('NAMESPACE'))
      await world.createCluster('another', { className: 'st-a' })
      await watching.untilLine((line) => /another .* Served/.test(line))
    } finally {
      watching.interrupt()
      expect((await watching.ended).code).toBe(130)
    }
    await world.deleteCluster('another')
    await world.untilCluster('another', (now) => now === undefined)
  })
})

describe('pools', () => {
  it('shows what every pool has, and who will get an address', async () => {
    const { code, stdout } = await run(['pools', `--namespace=${world.namespace}`], { LC_ALL: 'C.UTF-8' })
    expect(code).toBe(0)
    expect(stdout).toMatch(
      /InClusterIPPool\/vip-pool +e2e-\w+ +[█░]{10} \d\/10 +\d+ +0 +st-a +control-plane +0 +Ready/,
    )
    expect(stdout).toContain(
      'Forecast, oldest Cluster first: 1 still to be allocated; 0 will get an address, 1 will not.',
    )
    expect(stdout).toContain(`No pool is for control planes of ClusterClass ${world.namespace}/st-poolless.`)
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
    await patchObject(world, world.path('clusters', 'served'), {
      spec: { controlPlaneEndpoint: { host: '10.90.9.8', port: 6443 } },
    })
    expect((await untilFound('StrayClaim', 'served')).next).toContain('delete ipaddressclaim vip-cp-served')
  })

  it('is a claim that is left over from its Cluster', async () => {
    await world.createCluster('leaves', { className: 'st-a' })
    const { metadata } = await getObject(world, 'clusters', 'leaves')
    const owner = {
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      kind: 'Cluster',
      name: 'leaves',
      uid: metadata.uid,
    }
    await postClaim(world, 'leaves', 'vip-pool', { ownerReferences: [owner] })
    // The provider writes the finalizers of a claim that is new to it, whatever is there.
    await world.untilClaim('vip-cp-leaves', (now) => now?.addressName !== undefined)
    await hold(world, 'ipaddressclaims', 'vip-cp-leaves')
    held.push('vip-cp-leaves')
    await world.deleteCluster('leaves')
    expect((await untilFound('LeakedClaim', 'vip-cp-leaves')).next).toContain('finalizers')
  })

  it('is an IPAddress whose claim is gone, and a reservation whose Cluster is', async () => {
    const poolRef = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: 'vip-pool' }
    const post = (name: string, address: string, labels: object): Promise<unknown> =>
      world.api.send({
        method: 'POST',
        path: world.path('ipaddresses'),
        body: {
          apiVersion: 'ipam.cluster.x-k8s.io/v1beta2',
          kind: 'IPAddress',
          metadata: { name, namespace: world.namespace, labels },
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
      `kubectl --namespace ${world.namespace} delete ipaddress vip-cp-nobody`,
      `kubectl --namespace ${world.namespace} delete ipaddress vip-reserved-nobody`,
    ])
    for (const name of ['vip-cp-nobody', 'vip-reserved-nobody']) {
      await world.api.send({ method: 'DELETE', path: world.path('ipaddresses', name) })
    }
  })

  it('is a claim on a pool that does not exist', async () => {
    const labels = { 'vip.capi.gorizond.io/role': 'control-plane' }
    await postClaim(world, 'paused', 'no-such-pool', { labels })
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
