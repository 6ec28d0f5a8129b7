import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { withoutHelmLabels } from '../../dev/chart/generated-files.ts'
import { chartDirectory, renderChart, runHelm, settings } from '../../dev/chart/helm.ts'
import { waitUntilReady, type Child } from '../../dev/stack/child-process.ts'
import { ApiError, type KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answersOk } from '../../dev/stack/readiness.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { offerEvidence } from '../support/evidence.ts'
import { readDescribedPod, startPodProcess, type DescribedPod } from '../support/pod-process.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import type { Testbed } from './testbed.ts'

const { stack, helm } = realParts()
/** A version of the chart before this one. */
const previousVersion = '0.7.99'

let suite: Fixture
let testbed: Testbed
let release: string
let namespace: string
let directory: string
/** Each is a process as a Pod of the Deployment would run it; the last one has the current version. */
const processes: Child[] = []
let ports: { readonly metrics: number; readonly probes: number }

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  release = testbed.namespace.replace('e2e', 'vips')
  namespace = `${release}-system`
  directory = join(stack.runDirectory, namespace)
  mkdirSync(directory)
  const labels = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  const { address, namespace: ofTemporal } = stack.temporal
  const file = `[profile.vips]\naddress = "${address}"\nnamespace = "${ofTemporal}"\n`
  await applyManifests(stack, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels } },
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'temporal-client', namespace },
      stringData: { 'temporal.toml': file },
    } as KubernetesObject,
  ])
  await testbed.createClassWithPool('helm', '10.187.0.10-10.187.0.19')
})

afterAll(async () => {
  await suite.close(async () => {
    // The Clusters of a test that failed go while an allocator runs.
    for (const name of await clusterNames()) {
      await testbed.deleteCluster(name)
      await testbed.untilCluster(name, (now) => now === undefined)
    }
    await Promise.all(processes.map((child) => child.stop()))
    await testbed.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
  })
})

async function clusterNames(): Promise<readonly string[]> {
  const { items } = await testbed.api.send<{ items: KubernetesObject[] }>({
    method: 'GET',
    path: testbed.path('clusters'),
  })
  return items.map(({ metadata }) => metadata.name)
}

function runOn(args: readonly string[]): Promise<string> {
  return runHelm(helm, [...args, `--namespace=${namespace}`], { KUBECONFIG: stack.kubeconfigPath })
}

/** Values of this suite, on the ports chosen last. */
function chosenValues(): readonly string[] {
  return settings({
    namespaces: [testbed.namespace],
    temporal: {
      taskQueue: suite.taskQueue,
      config: { existingSecret: 'temporal-client', profile: 'vips' },
    },
    ...portValues(),
  })
}

function portValues(): Readonly<Record<string, unknown>> {
  return { metrics: { port: ports.metrics }, healthProbe: { port: ports.probes } }
}

/** Two processes on one machine cannot have the same ports, as Pods can. */
async function choosePorts(): Promise<void> {
  ports = { metrics: await freePort(), probes: await freePort() }
}

function deploymentPath(): string {
  return `/apis/apps/v1/namespaces/${namespace}/deployments/${release}-capi-vip-allocator`
}

/** Starts the process of the Deployment as the API server has it, and waits until its readinessProbe would succeed. */
async function startDeployed(): Promise<Child> {
  const pod = await readDescribedPod(testbed.api, {
    namespace,
    plural: 'deployments',
    name: `${release}-capi-vip-allocator`,
  })
  const name = `pod-${processes.length + 1}`
  const child = await startPodProcess(stack, { name, namespace, pod })
  processes.push(child)
  offerEvidence({ title: name, collect: async () => readFileSync(child.logPath, 'utf8').slice(-9_000) })
  const url = `http://127.0.0.1:${ports.probes}`
  await waitUntilReady(child, () => answersOk(`${url}/readyz`), 60_000)
  expect(await answersOk(`${url}/healthz`)).toBe(true)
  expect(await answersOk(`http://127.0.0.1:${ports.metrics}/metrics`)).toBe(true)
  return child
}

/** Every object with a label of the release, in all kinds that the API server can list. */
async function objectsOfRelease(): Promise<readonly string[]> {
  const { groups } = await read<{ groups: { preferredVersion: { groupVersion: string } }[] }>('/apis', {
    groups: [],
  })
  const roots = ['/api/v1', ...groups.map(({ preferredVersion }) => `/apis/${preferredVersion.groupVersion}`)]
  const labels = [`app.kubernetes.io/instance=${release}`, `name=${release},owner=helm`]
  const found = await Promise.all(
    roots.map(async (root) => {
      const none: { resources: { name: string; verbs: string[] }[] } = { resources: [] }
      const { resources } = await read(root, none)
      const plurals = resources.filter(({ verbs }) => verbs.includes('list')).map(({ name }) => name)
      const lists = plurals.flatMap((plural) =>
        labels.map(async (label) => {
          const path = `${root}/${plural}?labelSelector=${encodeURIComponent(label)}`
          const { items } = await read<{ items: KubernetesObject[] }>(path, { items: [] })
          return items.map(({ metadata }) => `${plural} ${metadata.name}`)
        }),
      )
      return (await Promise.all(lists)).flat()
    }),
  )
  return found.flat().toSorted()
}

/**
 * The answer, as soon as there is one: the API server prepares a custom resource when it is first asked for.
 *
 * @param missing for a resource that another suite has taken away
 */
function read<T>(path: string, missing: T): Promise<T> {
  return eventually(path, async () => {
    try {
      return await testbed.api.send<T>({ method: 'GET', path })
    } catch (error) {
      if (error instanceof ApiError && error.status === 404) return missing
      throw error
    }
  })
}

describe('an installation with Helm', () => {
  it('runs a process as its Deployment describes it, which serves a Cluster', async () => {
    const packaged = await runHelm(helm, [
      'package',
      chartDirectory,
      `--version=${previousVersion}`,
      `--destination=${directory}`,
    ])
    expect(packaged).toContain(`capi-vip-allocator-${previousVersion}.tgz`)
    const chart = join(directory, `capi-vip-allocator-${previousVersion}.tgz`)
    await choosePorts()
    const answer = await runOn(['install', release, chart, ...chosenValues()])
    expect(answer).toContain(`helm test ${release} --namespace ${namespace} --logs`)

    await startDeployed()

    await testbed.createCluster('he-served', { className: 'helm-class' })
    expect(await testbed.hostOf('he-served')).toBe('10.187.0.10')
  })

  it('goes on with a waiting run after an upgrade from the previous version of the chart', async () => {
    await testbed.createClass('later')
    await testbed.createCluster('he-waiting', { className: 'later' })
    const cluster = testbed.keyOf('he-waiting')
    await suite.temporal.untilPending(cluster, { reason: 'NoMatchingPool' })
    const handle = suite.temporal.client.workflow.getHandle(workflowIdFor(cluster))
    const { runId } = await handle.describe()

    await choosePorts()
    await runOn(['upgrade', release, chartDirectory, ...chosenValues(), '--set=log.level=debug'])
    const [before] = processes
    // As a Deployment does it: the new Pod is ready before the old one goes.
    await startDeployed()
    await before?.stop()
    expect(before?.outcome()).toBe('exit code 0')

    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } })
    await testbed.createPool('10.187.1.10', { name: 'later', className: 'later' })
    expect(await testbed.hostOf('he-waiting')).toBe('10.187.1.10')
    expect(await eventually('the end of the run', async () => closedRun(handle))).toBe(runId)
  })

  it('checks itself with helm test, as the account and with the settings of the allocator', async () => {
    const [pod] = readManifests<KubernetesObject & { readonly spec: DescribedPod }>({
      text: await runOn(['get', 'hooks', release]),
    })
    if (pod === undefined) throw new Error('there is no Pod')
    const child = await startPodProcess(stack, {
      name: 'doctor',
      namespace,
      pod: pod.spec,
      env: { CAPI_VIP_ALLOCATOR_OUTPUT: 'json' },
    })
    processes.push(child)
    await child.ended

    const text = readFileSync(child.logPath, 'utf8')
    const report: Report = JSON.parse(text.slice(text.indexOf('{'), text.lastIndexOf('}') + 1))
    // What other suites do to the management cluster may be a fault.
    const own = ['permissions', 'temporal', 'temporal-workers']
    const found = report.findings.filter(({ check }) => own.includes(check))
    expect(Object.fromEntries(found.map(({ check, level }) => [check, level]))).toEqual(
      Object.fromEntries(own.map((check) => [check, 'ok'])),
    )
    expect(JSON.stringify(found)).toContain(
      `system:serviceaccount:${namespace}:${release}-capi-vip-allocator`,
    )
  })

  it('leaves nothing behind but the addresses of the Clusters when it is uninstalled', async () => {
    const name = `${release}-capi-vip-allocator`
    expect(await objectsOfRelease()).toEqual(
      expect.arrayContaining([
        `clusterrolebindings ${name}`,
        `clusterroles ${name}`,
        `deployments ${name}`,
        `poddisruptionbudgets ${name}`,
        `secrets sh.helm.release.v1.${release}.v1`,
        `secrets sh.helm.release.v1.${release}.v2`,
        `serviceaccounts ${name}`,
        `services ${name}-metrics`,
      ]),
    )

    await runOn(['uninstall', release])
    await processes.at(-2)?.stop()

    expect(await objectsOfRelease()).toEqual([])
    expect(await testbed.hostOf('he-served')).toBe('10.187.0.10')
    expect(await testbed.claims()).toEqual(['vip-cp-he-served', 'vip-cp-he-waiting'])
  })
})

describe('an installation with kubectl', () => {
  it('goes over to Helm without its Deployment, and leaves nothing behind either', async () => {
    await choosePorts()
    const rendered = await renderChart(helm, { release, namespace, skipTests: true, values: portValues() })
    const path = join(directory, 'manifests.yaml')
    writeFileSync(path, withoutHelmLabels(rendered))
    await runCommand({
      command: stack.paths.kubectl,
      args: ['apply', `--kubeconfig=${stack.kubeconfigPath}`, `--filename=${path}`],
      cwd: directory,
    })
    const install = ['install', release, chartDirectory, ...chosenValues()]
    await expect(runOn(install)).rejects.toThrow('cannot be imported')

    // Helm keeps variables that only kubectl has set, such as the address of Temporal.
    await testbed.api.send({ method: 'DELETE', path: deploymentPath() })
    await runOn([...install, '--take-ownership', '--force-conflicts'])
    const child = await startDeployed()
    await child.stop()

    await runOn(['uninstall', release])
    expect(await objectsOfRelease()).toEqual([])
  })
})

/** The id of the run, as soon as it is over. */
async function closedRun(handle: {
  describe(): Promise<{ readonly runId: string; readonly status: { readonly name: string } }>
}): Promise<string | undefined> {
  const { runId, status } = await handle.describe()
  return status.name === 'COMPLETED' ? runId : undefined
}
