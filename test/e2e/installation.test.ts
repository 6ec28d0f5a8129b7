import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { providerName, providerSettings } from '../../dev/chart/provider-components.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { preparePodProcess } from '../support/pod-process.ts'
import { realParts } from '../support/real-parts.ts'
import { clusterctlScript, recordProviders } from './clusterctl.ts'
import { expectSteps, openInstallSession, type InstallSession } from './install-session.ts'
import {
  clusterScopedObjects,
  coreMetadata,
  deployedProcess,
  nextVersion as next,
  providerRelease,
  releasedVersion as released,
  systemNamespace,
  type DeployedProcess,
} from './installed-provider.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { clusterctl } = realParts()

// Its own stack: the objects are cluster-scoped, and have the names of a user's installation.
let stack: Stack
let testbed: Testbed
let temporal: TemporalView
let deployed: DeployedProcess
let session: InstallSession
/** What the names of Services lead to. */
let network: Readonly<Record<string, string>>

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  testbed = await openTestbed(stack.connection)
  temporal = await viewTemporal(stack.connection)
  deployed = deployedProcess(stack.connection, testbed.api)
  await testbed.createPool('10.192.0.10-10.192.0.30')
  // clusterctl asks the repository of every provider for its contract, and that of core is here.
  await recordProviders(clusterctl, [stack.connection], (name) => name === 'cluster-api')
  await applyManifests(stack.connection, certManagerKinds)
  const { address, namespace: ofTemporal } = stack.connection.temporal
  network = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: ofTemporal }
  session = openInstallSession(stack.connection, {
    inPods: network,
    release: filesOf(released),
    scripts: { clusterctl: clusterctlScript(clusterctl, publishCore()) },
  })
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

/** The files of a release in which clusterctl finds the provider. */
function filesOf(version: string): ReadonlyMap<string, string> {
  const { components, metadata } = providerRelease(version)
  return new Map([
    ['addon-components.yaml', components],
    ['runtime-extension-components.yaml', components],
    ['metadata.yaml', metadata],
  ])
}

/** Puts a release beside the one that the page puts into the local repository. */
function publish(version: string): void {
  for (const type of ['addon', 'runtime-extension']) {
    const directory = join(session.home, 'repository', `${type}-${providerName}`, version)
    mkdirSync(directory, { recursive: true })
    for (const [name, content] of filesOf(version)) writeFileSync(join(directory, name), content)
  }
}

/** As much of the release of core as clusterctl reads to install something else. Returns the path of its components. */
function publishCore(): string {
  const { clusterApiVersion, runDirectory } = stack.connection
  const directory = join(runDirectory, 'cluster-api', `v${clusterApiVersion}`)
  mkdirSync(directory, { recursive: true })
  const path = join(directory, 'core-components.yaml')
  writeFileSync(path, '')
  writeFileSync(join(directory, 'metadata.yaml'), JSON.stringify(coreMetadata(stack.connection)))
  return path
}

describe.each(['addon', 'runtime-extension'])('an installation by clusterctl as --%s', (type) => {
  const cluster = `in-${type}`
  /** The page shows the one type. */
  const instead = {
    '--addon ': `--${type} `,
    '"addon-': `"${type}-`,
    '/addon-': `/${type}-`,
    '  addon-': `  ${type}-`,
    AddonProvider: type === 'addon' ? 'AddonProvider' : 'RuntimeExtensionProvider',
  }

  it('runs a process as its Deployment describes it, which serves a Cluster', async () => {
    await expectSteps(session, 'clusterctl', { instead })
    await deployed.start(network)
    expect((await deployed.pod()).containers).toMatchObject([
      { name: 'manager', image: `registry.example.org/gorizond/capi-vip-allocator:${released.slice(1)}` },
    ])

    await testbed.createCluster(cluster)

    expect(await testbed.hostOf(cluster)).toMatch(/^10\.192\.0\./)
  })

  it('gives the process what a Secret of the user has', async () => {
    for (const file of ['ca.crt', 'tls.crt', 'tls.key'])
      writeFileSync(join(session.directory, file), `the content of ${file}`)

    await expectSteps(session, 'More settings by clusterctl')

    const { env } = await preparePodProcess(stack.connection, {
      name: `settings-${type}`,
      namespace: systemNamespace,
      pod: await deployed.pod(),
    })
    expect(env).toMatchObject({
      ...network,
      TEMPORAL_TLS: 'true',
      TEMPORAL_TLS_SERVER_CA_CERT_DATA: 'the content of ca.crt',
      TEMPORAL_TLS_CLIENT_CERT_DATA: 'the content of tls.crt',
      TEMPORAL_TLS_CLIENT_KEY_DATA: 'the content of tls.key',
    })
    const removal = `kubectl --namespace ${systemNamespace} delete secret ${providerSettings}`
    expect(await session.run(removal)).toMatchObject({ code: 0 })
  })

  it('goes on with a waiting run after clusterctl upgrade apply', async () => {
    const className = `${type}-class`
    const waiting = `${cluster}-waiting`
    await testbed.createCluster(waiting, { className })
    await temporal.untilPending(testbed.keyOf(waiting), { reason: 'NoMatchingPool' })
    const handle = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(waiting)))
    const { runId } = await handle.describe()

    await expectSteps(session, 'Upgrade by clusterctl', { instead })
    const [container] = (await deployed.pod()).containers
    expect(container?.image).toMatch(new RegExp(`:${next.slice(1)}$`))
    await deployed.start(network)
    expect(await handle.describe()).toMatchObject({ runId, status: { name: 'RUNNING' } })
    await testbed.createPool(type === 'addon' ? '10.192.1.10' : '10.192.1.11', { name: className, className })

    expect(await testbed.hostOf(waiting)).toMatch(/^10\.192\.1\./)
    expect((await handle.describe()).runId).toBe(runId)
  })

  it('leaves no cluster-scoped object behind after clusterctl delete', async () => {
    await expectSteps(session, 'Delete by clusterctl', { instead })
    await deployed.stop()

    expect(await clusterScopedObjects(stack.connection)).toEqual([])
    expect(await testbed.hostOf(cluster)).toMatch(/^10\.192\.0\./)
  })
})

describe('an installation with kubectl and kustomize', () => {
  it('runs a process as its Deployment describes it, which serves a Cluster', async () => {
    await expectSteps(session, 'kubectl')
    await deployed.start(network)

    await testbed.createCluster('in-kustomize')

    expect(await testbed.hostOf('in-kustomize')).toMatch(/^10\.192\.0\./)
  })

  it('leaves no cluster-scoped object behind when it is deleted', async () => {
    expect(await clusterScopedObjects(stack.connection)).toEqual([
      'clusterrole.rbac.authorization.k8s.io/capi-vip-allocator',
      'clusterrolebinding.rbac.authorization.k8s.io/capi-vip-allocator',
    ])

    // No kubelet and no controller of Deployments end the Pods here.
    const removal = await session.run('kubectl delete -k deploy/manifests --wait=false')
    expect(removal.code).toBe(0)
    await deployed.stop()

    expect(await clusterScopedObjects(stack.connection)).toEqual([])
    expect(await testbed.hostOf('in-kustomize')).toMatch(/^10\.192\.0\./)
  })
})
