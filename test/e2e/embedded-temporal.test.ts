import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { chartDirectory, runHelm, settings } from '../../dev/chart/helm.ts'
import { waitUntilReady, type Child } from '../../dev/stack/child-process.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answersOk } from '../../dev/stack/readiness.ts'
import { answers } from '../../dev/stack/temporal.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { offerEvidence } from '../support/evidence.ts'
import { readDescribedPod, startPodProcess, type DescribedPod } from '../support/pod-process.ts'
import { realParts } from '../support/real-parts.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack, helm } = realParts()

let testbed: Testbed
let release: string
let namespace: string
/** The PersistentVolume. */
let volume: string
let address: string
let ports: Readonly<Record<'grpc' | 'ui' | 'metrics' | 'probes', number>>
let temporal: Child
let allocator: Child | undefined
let view: TemporalView
let started = 0

beforeAll(async () => {
  testbed = await openTestbed(stack)
  release = testbed.namespace.replace('e2e', 'site')
  namespace = `${release}-system`
  volume = join(stack.runDirectory, `${namespace}-volume`)
  mkdirSync(volume)
  ports = {
    grpc: await freePort(),
    ui: await freePort(),
    metrics: await freePort(),
    probes: await freePort(),
  }
  address = `127.0.0.1:${ports.grpc}`
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await applyManifests(stack, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
  ])
  await testbed.createClassWithPool('site', '10.191.0.10-10.191.0.19')
  await runOn([
    'install',
    release,
    chartDirectory,
    ...settings({
      temporal: { embedded: { enabled: true } },
      // The API server is shared with other suites, the ports with the machine.
      namespaces: [testbed.namespace],
      metrics: { port: ports.metrics },
      healthProbe: { port: ports.probes },
    }),
  ])
})

afterAll(async () => {
  try {
    // They go while an allocator runs.
    for (const name of ['em-served', 'em-killed', 'em-lost']) await testbed.deleteCluster(name)
    await runOn(['uninstall', release])
    await testbed.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
    await testbed.close()
  } finally {
    await view?.close()
    await allocator?.stop()
    await temporal?.stop()
  }
})

function runOn(args: readonly string[]): Promise<string> {
  return runHelm(helm, [...args, `--namespace=${namespace}`], { KUBECONFIG: stack.kubeconfigPath })
}

function podOf(plural: 'deployments' | 'statefulsets', suffix = ''): Promise<DescribedPod> {
  return readDescribedPod(testbed.api, {
    namespace,
    plural,
    name: `${release}-capi-vip-allocator${suffix}`,
  })
}

async function startTemporal(): Promise<void> {
  started += 1
  temporal = await startPodProcess(stack, {
    name: `temporal-${started}`,
    namespace,
    pod: await podOf('statefulsets', '-temporal'),
    entryPoint: [stack.paths.temporal],
    claimed: { data: volume },
    replacements: {
      '=0.0.0.0': '=127.0.0.1',
      '=7233': `=${ports.grpc}`,
      '=8233': `=${ports.ui}`,
    },
  })
  await waitUntilReady(temporal, () => answers(address), 60_000)
}

async function startAllocator(): Promise<void> {
  const child = await startPodProcess(stack, {
    name: 'allocator',
    namespace,
    pod: await podOf('deployments'),
    env: { TEMPORAL_ADDRESS: address },
  })
  allocator = child
  offerEvidence({
    title: 'allocator',
    collect: async () => readFileSync(child.logPath, 'utf8').slice(-9_000),
  })
  await waitUntilReady(child, () => answersOk(`http://127.0.0.1:${ports.probes}/readyz`), 60_000)
}

/** Creates a Cluster that no pool serves, and waits until its run waits. Resolves with the id of the run. */
async function createWaiting(name: string): Promise<string> {
  await testbed.createClass(`${name}-class`)
  await testbed.createCluster(name, { className: `${name}-class` })
  await view.untilPending(testbed.keyOf(name), { reason: 'NoMatchingPool' })
  return runIdOf(name)
}

async function runIdOf(name: string): Promise<string> {
  const { runId } = await view.client.workflow.getHandle(workflowIdFor(testbed.keyOf(name))).describe()
  return runId
}

describe('an installation with Temporal embedded', () => {
  it('serves a Cluster by the processes that it describes, and shows the run in the UI', async () => {
    await startTemporal()
    await startAllocator()
    view = await viewTemporal({ ...stack, temporal: { ...stack.temporal, address } })

    await testbed.createCluster('em-served', { className: 'site-class' })

    expect(await testbed.hostOf('em-served')).toBe('10.191.0.10')
    expect(await view.outcomeOf(testbed.keyOf('em-served'))).toMatchObject({ outcome: 'allocated' })
    expect(await answersOk(`http://127.0.0.1:${ports.ui}/`)).toBe(true)
  })

  it('has the search attributes by which runs are found', async () => {
    const runs = view.client.workflow.list({ query: `VipAddress = '10.191.0.10'` })
    const found: string[] = []
    for await (const { workflowId } of runs) found.push(workflowId)

    expect(found).toEqual([workflowIdFor(testbed.keyOf('em-served'))])
  })

  it('goes on with the same waiting run after Temporal was killed and has its file again', async () => {
    const runId = await createWaiting('em-killed')

    await temporal.kill()
    await startTemporal()
    await testbed.createPool('10.191.1.10', { name: 'killed', className: 'em-killed-class' })

    expect(await testbed.hostOf('em-killed')).toBe('10.191.1.10')
    expect(await runIdOf('em-killed')).toBe(runId)
  })

  it('goes on with a new run after the file was lost, and every address stays', async () => {
    const runId = await createWaiting('em-lost')

    await temporal.kill()
    for (const file of readdirSync(volume)) rmSync(join(volume, file))
    await startTemporal()
    await testbed.createPool('10.191.2.10', { name: 'lost', className: 'em-lost-class' })

    expect(await testbed.hostOf('em-lost')).toBe('10.191.2.10')
    expect(await runIdOf('em-lost')).not.toBe(runId)
    expect(await testbed.hostOf('em-served')).toBe('10.191.0.10')
  })
})
