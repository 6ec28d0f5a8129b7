import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { providerName } from '../../dev/chart/provider-components.ts'
import type { KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answersOk } from '../../dev/stack/readiness.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { offerEvidence } from '../support/evidence.ts'
import { firstMissingLine } from '../support/expected-text.ts'
import { commandsOf, sectionUnder } from '../support/runbook.ts'
import {
  clusterScopedObjects,
  coreMetadata,
  deployedProcess,
  nextVersion,
  providerRelease,
  releasedVersion,
  systemNamespace,
  type DeployedProcess,
} from './installed-provider.ts'
import { linesOf } from './log-lines.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const coreNamespace = 'capi-system'
const coreDeployment = 'capi-controller-manager'

const { blocks } = sectionUnder('docs/install.md', 'Cluster API operator')
const [preparation = '', settings = '', removal = ''] = blocks.flatMap((block) =>
  block.kind === 'script' ? [block.command] : [],
)
const [provider = ''] = blocks.flatMap((block) => (block.kind === 'sample' ? [block.text] : []))
const [overview] = blocks.filter((block) => block.kind === 'command')

// Its own stack: the objects are cluster-scoped, and have the names of a user's installation.
let stack: Stack
let testbed: Testbed
let temporal: TemporalView
let deployed: DeployedProcess
let directory: string

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, clusterApiOperator: true, progress: () => undefined })
  const { logPath } = stack.part('cluster-api-operator')
  offerEvidence({ title: 'operator', collect: async () => readFileSync(logPath, 'utf8').slice(-9_000) })
  testbed = await openTestbed(stack.connection)
  temporal = await viewTemporal(stack.connection)
  deployed = deployedProcess(stack.connection, testbed.api)
  directory = join(stack.connection.runDirectory, 'clone')
  await testbed.createPool('10.193.0.10-10.193.0.30')
})

afterAll(async () => {
  try {
    await deployed.stop()
    await temporal.close()
    await testbed.leave()
  } finally {
    await stack.stop()
  }
})

/** Makes the files that `npm run release` makes for the operator. */
function publish(version: string): void {
  const files = join(directory, 'dist/release')
  const { components, metadata } = providerRelease(version)
  mkdirSync(files, { recursive: true })
  writeFileSync(join(files, 'addon-components.yaml'), components)
  writeFileSync(join(files, 'metadata.yaml'), metadata)
}

/** Runs a command of the page in the clone of the repository, with this stack's address of Temporal. Resolves with its output. */
function run(command: string): Promise<string> {
  const { paths, kubeconfigPath, temporal: of } = stack.connection
  return runCommand({
    command: 'sh',
    args: ['-c', command.replace('temporal-frontend.temporal.svc:7233', of.address)],
    cwd: directory,
    env: {
      KUBECONFIG: kubeconfigPath,
      PATH: `${dirname(paths.kubectl)}:${process.env['PATH'] ?? ''}`,
    },
  })
}

/** Puts the release of a version into a ConfigMap, and the settings into a Secret, as the page says. */
async function prepare(version: string): Promise<void> {
  publish(version)
  const commands = commandsOf(preparation.replaceAll(releasedVersion, version))
  const isOfVersion = (command: string): boolean => command.includes('configmap')
  expect(commands.filter(isOfVersion)).toHaveLength(2)
  for (const command of version === releasedVersion ? commands : commands.filter(isOfVersion)) {
    await run(command)
  }
}

/** Applies the provider of the page by kubectl. */
async function applyProvider(version: string, kind = 'AddonProvider'): Promise<void> {
  const text = provider.replaceAll(releasedVersion.slice(1), version.slice(1)).replace('AddonProvider', kind)
  writeFileSync(join(directory, 'provider.yaml'), text)
  await run('kubectl apply --filename=provider.yaml')
}

interface Provider {
  readonly status?: {
    readonly installedVersion?: string
    readonly conditions?: readonly {
      readonly type: string
      readonly status: string
      readonly reason: string
      readonly message: string
    }[]
  }
}

function pathOf(plural: string, namespace = systemNamespace, name = providerName): string {
  return `/apis/operator.cluster.x-k8s.io/v1alpha2/namespaces/${namespace}/${plural}/${name}`
}

/** Waits until a provider has a condition of this type with these fields. */
async function untilCondition(
  path: string,
  wanted: { readonly type: string; readonly status: string; readonly reason?: string },
): Promise<void> {
  await eventually(`${path} to be ${JSON.stringify(wanted)}`, async () => {
    const { status } = await testbed.api.send<Provider>({ method: 'GET', path })
    const found = status?.conditions?.find(({ type }) => type === wanted.type)
    return found?.status === wanted.status && found.reason === (wanted.reason ?? found.reason)
      ? found
      : undefined
  })
}

async function untilInstalled(path: string, version: string): Promise<void> {
  await eventually(`${path} to be installed as ${version}`, async () => {
    const { status } = await testbed.api.send<Provider>({ method: 'GET', path })
    return status?.installedVersion === version ? true : undefined
  })
  await untilCondition(path, { type: 'ProviderInstalled', status: 'True' })
}

/** Reports a Deployment as available, as its controller does once the Pods are ready, until its provider is ready. */
async function untilReady(
  path: string,
  { namespace, name }: { readonly namespace: string; readonly name: string },
): Promise<void> {
  await eventually(`${path} to be ready`, async () => {
    const now = new Date().toISOString().replace(/\.\d+/, '')
    const condition = { type: 'Available', status: 'True', reason: 'MinimumReplicasAvailable' }
    await testbed.api.send({
      method: 'PATCH',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments/${name}/status`,
      body: { status: { conditions: [{ ...condition, lastUpdateTime: now, lastTransitionTime: now }] } },
      contentType: 'application/merge-patch+json',
    })
    const { status } = await testbed.api.send<Provider>({ method: 'GET', path })
    return status?.conditions?.some((each) => each.type === 'Ready' && each.status === 'True')
      ? true
      : undefined
  })
}

/** Has the operator install as much of core as it asks for; the stack has its CRDs. */
async function installCore(): Promise<void> {
  const version = `v${stack.connection.clusterApiVersion}`
  const labels = { 'provider.cluster.x-k8s.io/name': 'cluster-api' }
  const pod = { containers: [{ name: 'manager', image: `registry.example.org/cluster-api:${version}` }] }
  const deployment = {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: coreDeployment, namespace: coreNamespace },
    spec: { selector: { matchLabels: labels }, template: { metadata: { labels }, spec: pod } },
  }
  await applyManifests(stack.connection, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: coreNamespace } },
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: version, namespace: coreNamespace, labels },
      data: {
        components: JSON.stringify(deployment),
        metadata: JSON.stringify(coreMetadata(stack.connection)),
      },
    } as KubernetesObject,
    {
      apiVersion: 'operator.cluster.x-k8s.io/v1alpha2',
      kind: 'CoreProvider',
      metadata: { name: 'cluster-api', namespace: coreNamespace },
      spec: { version, fetchConfig: { selector: { matchLabels: labels } } },
    } as KubernetesObject,
  ])
  const path = pathOf('coreproviders', coreNamespace, 'cluster-api')
  await untilInstalled(path, version)
  await untilReady(path, { namespace: coreNamespace, name: coreDeployment })
}

const installedDeployment = { namespace: systemNamespace, name: 'capi-vip-allocator' }

/** Every field of `spec.manager` from which the operator makes a flag. */
function managerFields(ports: { readonly probes: number; readonly metrics: number }): object {
  return {
    cacheNamespace: testbed.namespace,
    health: { healthProbeBindAddress: `127.0.0.1:${ports.probes}` },
    metrics: {
      bindAddress: '0',
      diagnosticsAddress: `127.0.0.1:${ports.metrics}`,
      insecureDiagnostics: true,
    },
    webhook: { host: '127.0.0.1', port: 9443, certDir: '/certificates' },
    profilerAddress: 'localhost:6060',
    syncPeriod: '10m',
    maxConcurrentReconciles: 5,
    controller: { groupKindConcurrency: { 'Cluster.cluster.x-k8s.io': 10 } },
    leaderElection: {
      leaderElect: true,
      leaseDuration: '15s',
      renewDeadline: '10s',
      retryPeriod: '2s',
      resourceLock: 'leases',
      resourceName: 'vips',
      resourceNamespace: systemNamespace,
    },
    featureGates: { ClusterTopology: true, MachinePool: false },
  }
}

async function patchProvider(body: unknown): Promise<void> {
  const contentType = 'application/merge-patch+json'
  await testbed.api.send({ method: 'PATCH', path: pathOf('addonproviders'), body, contentType })
}

/** What the operator has made in the namespace, and made or was given: kind and name. */
async function namespacedObjects(): Promise<readonly string[]> {
  const kinds = 'deployments,serviceaccounts,services,poddisruptionbudgets,configmaps,secrets'
  const printed = await run(`kubectl --namespace ${systemNamespace} get ${kinds} --output=name`)
  return printed.split('\n').filter((name) => name !== '' && !name.includes('kube-root-ca'))
}

describe('an installation by the Cluster API operator, as docs/install.md describes it', () => {
  const addon = pathOf('addonproviders')
  let ports: { readonly probes: number; readonly metrics: number }

  it('waits until the operator has installed Cluster API core', async () => {
    await prepare(releasedVersion)
    await applyProvider(releasedVersion)

    const waiting = { status: 'False', reason: 'WaitingForCoreProviderReady' }
    await untilCondition(addon, { type: 'PreflightCheckPassed', ...waiting })
    expect(await clusterScopedObjects(stack.connection)).toEqual([])
  })

  it('runs a process as its Deployment describes it, which serves a Cluster', async () => {
    await installCore()
    await untilInstalled(addon, releasedVersion)
    const { containers } = await deployed.pod()
    expect(containers.map(({ name, image }) => [name, image])).toEqual([
      ['manager', `registry.example.org/gorizond/capi-vip-allocator:${releasedVersion.slice(1)}`],
    ])
    expect(await clusterScopedObjects(stack.connection)).toHaveLength(2)
    await deployed.start()
    await untilReady(addon, installedDeployment)
    const { command = '', lines = [] } = overview ?? {}
    expect(firstMissingLine(await run(command), lines)).toBeUndefined()

    await testbed.createCluster('by-operator')

    expect(await testbed.hostOf('by-operator')).toMatch(/^10\.193\.0\./)
  })

  it('accepts every flag that the operator makes of spec.manager', async () => {
    ports = { probes: await freePort(), metrics: await freePort() }
    await run(settings)
    await patchProvider({ spec: { manager: managerFields(ports) } })
    const args = await eventually('the Deployment to have the flags', async () => {
      const { args: found = [] } = (await deployed.pod()).containers[0] ?? {}
      return found.includes('--insecure-diagnostics=true') ? found : undefined
    })
    expect(args[0]).toBe('run')
    expect(args).toHaveLength(21)

    const { logPath } = await deployed.startOnPorts(ports)
    await testbed.createCluster('with-flags')

    const { controlPlaneEndpoint } = await testbed.untilServed('with-flags')
    expect(controlPlaneEndpoint.port).toBe(6444)
    expect(await answersOk(`http://127.0.0.1:${ports.metrics}/metrics`)).toBe(true)
    const logged = linesOf(logPath)
    expect(logged.map(({ level }) => level)).toContain('debug')
    expect(logged.filter(({ message }) => message.includes('means nothing'))).toHaveLength(14)
    expect(logged.map(({ message }) => message)).toContain(
      '--metrics-bind-addr has no effect: --diagnostics-address is given, too, and means the same',
    )
  })

  it('goes on with a waiting run after an upgrade to the next version', async () => {
    const className = 'operator-class'
    await testbed.createCluster('waiting', { className })
    await temporal.untilPending(testbed.keyOf('waiting'), { reason: 'NoMatchingPool' })
    const handle = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf('waiting')))
    const { runId } = await handle.describe()

    await prepare(nextVersion)
    await applyProvider(nextVersion)
    await untilInstalled(addon, nextVersion)
    const [container] = (await deployed.pod()).containers
    expect(container?.image).toMatch(new RegExp(`:${nextVersion.slice(1)}$`))
    await deployed.startOnPorts(ports)
    await untilReady(addon, installedDeployment)
    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } })
    await testbed.createPool('10.193.1.10', { name: className, className })

    expect(await testbed.hostOf('waiting')).toMatch(/^10\.193\.1\./)
    expect((await handle.describe()).runId).toBe(runId)
  })

  it('leaves nothing behind but what a person has made', async () => {
    await run(removal)
    await deployed.stop()

    expect(await clusterScopedObjects(stack.connection)).toEqual([])
    // The garbage collector removes what clusterctl's library does not know.
    await eventually('the namespace to have only what a person has made', async () => {
      const left = await namespacedObjects()
      return left.length === 3 ? left : undefined
    })
    expect(await namespacedObjects()).toEqual([
      'configmap/gorizond-vip-v0.8.0',
      'configmap/gorizond-vip-v0.8.1',
      'secret/vip-settings',
    ])
    expect(await testbed.hostOf('by-operator')).toMatch(/^10\.193\.0\./)
  })

  it('is the same as a RuntimeExtensionProvider', async () => {
    const extension = pathOf('runtimeextensionproviders')
    await applyProvider(releasedVersion, 'RuntimeExtensionProvider')
    await untilInstalled(extension, releasedVersion)
    await deployed.start()
    await testbed.createCluster('by-extension')
    expect(await testbed.hostOf('by-extension')).toMatch(/^10\.193\.0\./)

    await run(removal.replace('addon', 'runtimeextension'))
    await deployed.stop()

    expect(await clusterScopedObjects(stack.connection)).toEqual([])
  })
})
