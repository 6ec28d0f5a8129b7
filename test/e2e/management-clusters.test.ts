import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { join } from 'node:path'
import { clusterRolesWithout, type Allocator } from '../../dev/allocator.ts'
import { closeAll } from '../../dev/stack/close-all.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { startStack } from '../../dev/stack/stack.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { unlessNotFound } from '../../src/watcher/describe-run.ts'
import { releaseWorkflowIdFor, wakeSignal, workflowIdFor } from '../../src/workflows/contract.ts'
import { startAllocator, type TestAllocatorOptions } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { linesOf, untilLogged } from './log-lines.ts'
import { runCommand } from './run-program.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack } = realParts()
const temporalEnv = {
  TEMPORAL_ADDRESS: stack.temporal.address,
  TEMPORAL_NAMESPACE: stack.temporal.namespace,
}

/** The management cluster that all suites share, and a second one with a namespace of the same name. */
let suite: Fixture
let here: Testbed
let there: Testbed
/** The second one's API server with the Temporal of the first. */
let second: StackConnection
let uids: { readonly here: string; readonly there: string }
/** Of the first and of the second management cluster, on one task queue. */
let ours: Allocator
let theirs: Allocator
const twinClass = 'twin-class'
/** The run of a Cluster of the first, which waits; the second has a Cluster of the same name, and a pool for it. */
let twin: { readonly id: string; readonly runId: string }
const closers: (() => unknown)[] = []

beforeAll(async () => {
  suite = await openFixture()
  here = suite.testbed
  const other = await startStack({ clusterApiCore: false, progress: () => undefined })
  closers.push(other.stop)
  second = { ...other.connection, temporal: stack.temporal }
  there = await openTestbed(second, here.namespace)
  closers.push(there.leave)
  await here.createPool('10.175.0.10-10.175.0.40')
  await there.createPool('10.176.0.10-10.176.0.40')
  uids = { here: await uidOf(here), there: await uidOf(there) }
  ;[ours, theirs] = await Promise.all([suite.start(), startThere(), here.createClass(twinClass)])
  await there.createPool('10.176.1.1', { name: twinClass, className: twinClass })
  await here.createCluster('twin', { className: twinClass })
  await suite.temporal.untilPending(here.keyOf('twin'))
  const id = workflowIdFor(here.keyOf('twin'))
  twin = { id, runId: (await run(id).describe()).runId }
  // Its first check is due after 15 seconds, in which other tests run.
  await there.createCluster('twin', { className: twinClass })
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await closeAll(closers)
  }
})

async function uidOf({ api }: Testbed): Promise<string> {
  const path = '/api/v1/namespaces/kube-system'
  return eventually('the namespace kube-system', async () => {
    const { metadata } = await api.send<{ metadata: { uid: string } }>({ method: 'GET', path })
    return metadata.uid
  })
}

/** Starts an allocator of the second management cluster. */
async function startThere(options: Partial<TestAllocatorOptions> = {}): Promise<Allocator> {
  const allocator = await startAllocator({
    stack: second,
    kubeconfigPath: second.kubeconfigPath,
    taskQueue: suite.taskQueue,
    namespaces: [there.namespace],
    ...options,
  })
  closers.push(() => allocator.stop())
  return allocator
}

function run(id: string) {
  return suite.temporal.client.workflow.getHandle(id)
}

async function doctor(kubeconfig: string, ...flags: readonly string[]) {
  const about = [`--kubeconfig=${kubeconfig}`, `--namespace=${here.namespace}`]
  const { code, stdout } = await runCommand(
    ['doctor', ...about, `--task-queue=${suite.taskQueue}`, '--output=json', ...flags],
    temporalEnv,
  )
  const { findings } = JSON.parse(stdout) as Report
  return { code, found: findings.filter(({ check }) => check === 'management-cluster') }
}

async function readiness({ readyUrl }: Allocator, check: string): Promise<unknown> {
  const answer = await fetch(readyUrl)
  const { checks } = (await answer.json()) as { checks: Readonly<Record<string, unknown>> }
  return { status: answer.status, check: checks[check] }
}

describe('two management clusters without names in one Temporal namespace', () => {
  it('each serve and release their own Clusters', async () => {
    const [mine, others] = [
      ['own-1', 'own-2', 'own-3'],
      ['other-1', 'other-2', 'other-3'],
    ]
    await Promise.all([
      ...mine.map((name) => here.createCluster(name)),
      ...others.map((name) => there.createCluster(name)),
    ])
    const served = await Promise.all([
      ...mine.map((name) => here.untilServed(name)),
      ...others.map((name) => there.untilServed(name)),
    ])
    for (const { name, controlPlaneEndpoint } of served) {
      expect(`${name} ${controlPlaneEndpoint.host}`).toMatch(/^(own-\d 10\.175|other-\d 10\.176)\.0\./)
      expect(await suite.temporal.outcomeOf(here.keyOf(name))).toMatchObject({ reason: 'Allocated' })
    }
    await Promise.all([here.deleteCluster('own-1'), there.deleteCluster('other-1')])
    for (const cluster of served.filter(({ name }) => name.endsWith('1'))) {
      const id = releaseWorkflowIdFor(cluster)
      // Either Worker may get each attempt, and a wake brings the next one.
      const ended = await eventually(`the release of ${cluster.name}`, async () => {
        if ((await run(id).describe()).status.name !== 'RUNNING') return suite.temporal.releaseOf(cluster)
        await run(id).signal(wakeSignal, 'again')
        return undefined
      })
      expect(ended.released).toMatchObject([{ claim: `vip-cp-${cluster.name}` }])
    }
  })

  it('are told of each other by doctor and /readyz', async () => {
    for (const [allocator, kubeconfig, uid] of [
      [ours, stack.kubeconfigPath, uids.there],
      [theirs, second.kubeconfigPath, uids.here],
    ] as const) {
      const { code, found } = await doctor(kubeconfig)
      expect({ code, found }).toEqual({
        code: 3,
        found: expect.arrayContaining([
          {
            check: 'management-cluster',
            level: 'fault',
            found: expect.stringContaining(`(management cluster ${uid})`),
            fix: expect.stringMatching(/TEMPORAL_NAMESPACE.*--management-cluster/),
          },
        ]),
      })
      await eventually('/readyz to name the other one', async () => {
        const { check } = (await readiness(allocator, 'management-cluster')) as { check: { detail: string } }
        return check.detail.includes(`(management cluster ${uid})`) || undefined
      })
      await untilLogged(allocator.logPath, 'Two management clusters meet')
    }
  })

  it('do not end or replace the run of a Cluster whose name both have, and serve one after the other', async () => {
    const { id, runId } = twin
    const found = await there.untilCluster(
      'twin',
      (now) => now?.conditions.some(({ message }) => message.includes('another management cluster')) === true,
    )
    expect(found?.controlPlaneEndpoint.host).toBe('')
    expect((await run(id).describe()).runId).toBe(runId)
    const { code, stdout } = await runCommand(
      [
        'allocate',
        `${there.namespace}/twin`,
        `--task-queue=${suite.taskQueue}`,
        `--kubeconfig=${second.kubeconfigPath}`,
      ],
      temporalEnv,
    )
    expect({ code, stdout }).toEqual({
      code: 3,
      stdout: expect.stringContaining(`run ${runId} of ${id} is of another management cluster`),
    })

    await here.createPool('10.175.1.1', { name: twinClass, className: twinClass })
    expect(await here.hostOf('twin')).toBe('10.175.1.1')
    expect(await there.hostOf('twin')).toBe('10.176.1.1')
  })
})

describe('the Workers of another management cluster that are handed a run', () => {
  it('leave an allocation and a release alone and say so, until our own Worker comes', async () => {
    await ours.stop()
    const watcher = await suite.start({ command: 'watcher' })
    const { namespace, name, uid } = await here.untilServed('own-2')
    await Promise.all([here.createCluster('handed'), here.deleteCluster('own-2')])
    const [id, release] = [
      workflowIdFor(here.keyOf('handed')),
      releaseWorkflowIdFor({ namespace, name, uid }),
    ]
    const reason = 'OtherManagementCluster'
    const { activity, message } = await suite.temporal.untilPending(id, { reason })
    expect(activity).toBe('selectIPPool')
    expect(message).toContain(`has uid ${uids.here}; here it is ${uids.there}`)
    expect(await suite.temporal.untilPending(release, { reason })).toMatchObject({
      activity: 'confirmRelease',
    })
    await untilLogged(theirs.logPath, /^Left alone: run .* is of another management cluster/)
    expect((await run(id).describe()).status.name).toBe('RUNNING')
    expect(await here.claims()).not.toContain('vip-cp-handed')

    await theirs.stop()
    const worker = await suite.start({ command: 'worker' })
    await suite.temporal.retryNow(here.keyOf('handed'))
    // Its step may be due by itself, and the run over.
    await unlessNotFound(run(release).signal(wakeSignal, 'our Worker is here'))
    expect(await here.hostOf('handed')).toMatch(/^10\.175\.0\./)
    expect(await suite.temporal.releaseOf({ namespace, name, uid })).toMatchObject({
      released: [{ claim: 'vip-cp-own-2' }],
    })
    await Promise.all([watcher.stop(), worker.stop()])
  })
})

describe('two management clusters with names in one Temporal namespace', () => {
  it('serve Clusters of the same name at the same time, each by a run and a task queue of its own', async () => {
    const allocators = await Promise.all([
      suite.start({ flags: ['--management-cluster=here'] }),
      startThere({ flags: ['--management-cluster=there'] }),
    ])
    await Promise.all([here, there].map((testbed) => testbed.createCluster('named')))
    expect(await here.hostOf('named')).toMatch(/^10\.175\.0\./)
    expect(await there.hostOf('named')).toMatch(/^10\.176\.0\./)
    for (const name of ['here', 'there']) {
      const id = workflowIdFor(here.keyOf('named'), name)
      expect(await run(id).result()).toMatchObject({ roles: { 'control-plane': { outcome: 'allocated' } } })
      expect((await run(id).describe()).taskQueue).toBe(`${suite.taskQueue}@${name}`)
    }
    const { found } = await doctor(stack.kubeconfigPath, '--management-cluster=here')
    expect(found).toEqual([
      { check: 'management-cluster', level: 'ok', found: expect.stringContaining(`@here; the uid of`) },
    ])
    for (const allocator of allocators) {
      expect(await readiness(allocator, 'management-cluster')).toEqual({
        status: 200,
        check: { ok: true, detail: 'no other one uses this task queue' },
      })
    }
  })
})

describe('an allocator that may not get the namespace kube-system', () => {
  it('serves its Clusters, and says once that its runs name no management cluster', async () => {
    const account = { name: 'unidentified', namespace: there.namespace }
    const group = 'rbac.authorization.k8s.io'
    const rules = clusterRolesWithout(['get namespaces']).flatMap((role) => role.rules)
    const metadata = { name: account.name }
    await applyManifests(second, [
      { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
      { apiVersion: `${group}/v1`, kind: 'ClusterRole', metadata, ...{ rules } },
      {
        apiVersion: `${group}/v1`,
        kind: 'ClusterRoleBinding',
        metadata,
        ...{
          roleRef: { apiGroup: group, kind: 'ClusterRole', name: account.name },
          subjects: [{ kind: 'ServiceAccount', ...account }],
        },
      },
    ])
    const kubeconfigPath = join(second.runDirectory, 'unidentified.kubeconfig')
    await createServiceAccountKubeconfig(second, { ...account, outputPath: kubeconfigPath })
    const allocator = await startThere({ kubeconfigPath, taskQueue: `${suite.taskQueue}-unidentified` })
    await there.createCluster('unidentified')
    expect(await there.hostOf('unidentified')).toMatch(/^10\.176\.0\./)
    const { memo } = await run(workflowIdFor(there.keyOf('unidentified'))).describe()
    expect(memo).toEqual({})
    const said = linesOf(allocator.logPath).filter(({ message }) =>
      message.startsWith('Cannot tell which management cluster this is'),
    )
    expect(said).toMatchObject([{ level: 'warn', error: expect.stringContaining('forbidden') }])
    expect(await readiness(allocator, 'management-cluster')).toEqual({
      status: 200,
      check: { ok: true, detail: expect.stringContaining('unknown, so runs name none') },
    })
  })
})
