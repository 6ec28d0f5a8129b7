import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { providerName } from '../../dev/chart/provider-components.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { runClusterctl, recordProviders } from './clusterctl.ts'
import {
  clusterScopedObjects,
  coreMetadata,
  deployedProcess,
  nextVersion as next,
  providerRelease,
  releasedVersion as released,
  systemNamespace as namespace,
  type DeployedProcess,
} from './installed-provider.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const root = join(import.meta.dirname, '..', '..')
const { clusterctl } = realParts()

// Its own stack: the objects are cluster-scoped, and have the names of a user's installation.
let stack: Stack
let testbed: Testbed
let temporal: TemporalView
let deployed: DeployedProcess

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  testbed = await openTestbed(stack.connection)
  temporal = await viewTemporal(stack.connection)
  deployed = deployedProcess(stack.connection, testbed.api)
  await testbed.createPool('10.192.0.10-10.192.0.30')
  // clusterctl asks the repository of every provider for its contract, and that of core is here.
  await recordProviders(clusterctl, [stack.connection], (name) => name === 'cluster-api')
  publishCore()
  await applyManifests(stack.connection, certManagerKinds)
  publish(released)
  publish(next)
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

/** The kinds that clusterctl tries to create before it installs anything: with them, cert-manager counts as installed. */
const certManagerKinds = [
  ['Issuer', 'issuers'],
  ['Certificate', 'certificates'],
].map(([kind = '', plural = '']) => ({
  apiVersion: 'apiextensions.k8s.io/v1',
  kind: 'CustomResourceDefinition',
  metadata: { name: `${plural}.cert-manager.io` },
  spec: {
    group: 'cert-manager.io',
    names: { kind, plural },
    scope: 'Namespaced',
    versions: [
      {
        name: 'v1',
        served: true,
        storage: true,
        schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
      },
    ],
  },
}))

function repository(): string {
  return join(stack.connection.runDirectory, 'repository')
}

/** Puts a release where clusterctl finds it, as files of a local repository. */
function publish(version: string): void {
  const { components, metadata } = providerRelease(version)
  for (const type of ['addon', 'runtime-extension']) {
    const directory = join(repository(), `${type}-${providerName}`, version)
    mkdirSync(directory, { recursive: true })
    writeFileSync(join(directory, `${type}-components.yaml`), components)
    writeFileSync(join(directory, 'metadata.yaml'), metadata)
  }
}

/** As much of the release of core as clusterctl reads to install something else. */
function publishCore(): void {
  const { clusterApiVersion } = stack.connection
  const directory = join(repository(), 'cluster-api', `v${clusterApiVersion}`)
  mkdirSync(directory, { recursive: true })
  writeFileSync(join(directory, 'core-components.yaml'), '')
  writeFileSync(join(directory, 'metadata.yaml'), JSON.stringify(coreMetadata(stack.connection)))
}

function runWithRepository(args: readonly string[]): Promise<string> {
  const { address, namespace: ofTemporal } = stack.connection.temporal
  const providers = [
    ['addon', 'AddonProvider'],
    ['runtime-extension', 'RuntimeExtensionProvider'],
  ].map(
    ([file, type]) =>
      `  - {name: ${providerName}, type: ${type}, url: "${repository()}/${file}-${providerName}/${released}/${file}-components.yaml"}\n`,
  )
  providers.push(
    `  - {name: cluster-api, type: CoreProvider, url: "${repository()}/cluster-api/v${stack.connection.clusterApiVersion}/core-components.yaml"}\n`,
  )
  const variables = `TEMPORAL_ADDRESS: "${address}"\nTEMPORAL_NAMESPACE: "${ofTemporal}"\n`
  const configuration = `providers:\n${providers.join('')}${variables}`
  return runClusterctl(clusterctl, stack.connection, args, configuration)
}

describe.each(['addon', 'runtime-extension'])('an installation by clusterctl as --%s', (type) => {
  const cluster = `in-${type}`

  it('runs a process as its Deployment describes it, which serves a Cluster', async () => {
    await runWithRepository(['init', `--${type}=${providerName}:${released}`])
    await deployed.start()
    expect((await deployed.pod()).containers.map(({ name }) => name)).toEqual(['manager'])

    await testbed.createCluster(cluster)

    expect(await testbed.hostOf(cluster)).toMatch(/^10\.192\.0\./)
  })

  it('goes on with a waiting run after clusterctl upgrade apply', async () => {
    const className = `${type}-class`
    const waiting = `${cluster}-waiting`
    await testbed.createCluster(waiting, { className })
    await temporal.untilPending(testbed.keyOf(waiting), { reason: 'NoMatchingPool' })
    const handle = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(waiting)))
    const { runId } = await handle.describe()

    await runWithRepository(['upgrade', 'apply', `--${type}=${namespace}/${providerName}:${next}`])
    const [container] = (await deployed.pod()).containers
    expect(container?.image).toMatch(new RegExp(`:${next.slice(1)}$`))
    await deployed.start()
    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } })
    await testbed.createPool(type === 'addon' ? '10.192.1.10' : '10.192.1.11', { name: className, className })

    expect(await testbed.hostOf(waiting)).toMatch(/^10\.192\.1\./)
    expect((await handle.describe()).runId).toBe(runId)
  })

  it('leaves no cluster-scoped object behind after clusterctl delete', async () => {
    await runWithRepository(['delete', `--${type}=${providerName}`])
    await deployed.stop()

    expect(await clusterScopedObjects(stack.connection)).toEqual([])
    expect(await testbed.hostOf(cluster)).toMatch(/^10\.192\.0\./)
  })
})

describe('an installation with kubectl and kustomize', () => {
  function kubectl(...args: readonly string[]): Promise<string> {
    const { paths, kubeconfigPath } = stack.connection
    return runCommand({
      command: paths.kubectl,
      args: [...args, `--kubeconfig=${kubeconfigPath}`],
      cwd: root,
    })
  }

  it('runs a process as its Deployment describes it, which serves a Cluster', async () => {
    await kubectl('apply', '-k', 'deploy/manifests')
    const { address, namespace: ofTemporal } = stack.connection.temporal
    await deployed.start({ TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: ofTemporal })

    await testbed.createCluster('in-kustomize')

    expect(await testbed.hostOf('in-kustomize')).toMatch(/^10\.192\.0\./)
  })

  it('leaves no cluster-scoped object behind when it is deleted', async () => {
    expect(await clusterScopedObjects(stack.connection)).toEqual([
      'clusterrole.rbac.authorization.k8s.io/capi-vip-allocator',
      'clusterrolebinding.rbac.authorization.k8s.io/capi-vip-allocator',
    ])

    // No kubelet and no controller of Deployments end the Pods here.
    await kubectl('delete', '-k', 'deploy/manifests', '--wait=false')
    await deployed.stop()

    expect(await clusterScopedObjects(stack.connection)).toEqual([])
    expect(await testbed.hostOf('in-kustomize')).toMatch(/^10\.192\.0\./)
  })
})
