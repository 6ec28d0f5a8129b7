import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { releaseFiles } from '../../dev/release/release-files.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { ensurePrograms } from '../../dev/stack/programs.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import { startKubelet, type Kubelet } from '../support/kubelet.ts'
import { prometheusOperatorCrds } from '../support/module-crds.ts'
import { expectSteps, openInstallSession, type InstallSession } from './install-session.ts'
import {
  deployedProcess,
  releasedVersion,
  systemNamespace as namespace,
  type DeployedProcess,
} from './installed-provider.ts'

// Its own stack: the page names everything as a user's installation does.
let stack: Stack
let api: KubernetesApi
let session: InstallSession
/** What the names of Services lead to. */
let network: Readonly<Record<string, string>>
let kubelet: Kubelet
let deployed: DeployedProcess

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: true, progress: () => undefined })
  const { connection } = stack
  const { address, namespace: ofTemporal } = connection.temporal
  network = { TEMPORAL_ADDRESS: address, TEMPORAL_NAMESPACE: ofTemporal }
  api = kubernetesApi(connection)
  kubelet = await startKubelet(connection, { namespace, env: network })
  deployed = deployedProcess(connection, api)
  session = openInstallSession(connection, { inPods: network, release: await makeRelease() })
  const tenants = ['tenant-a', 'tenant-b', 'platform'].map((name) => ({
    apiVersion: 'v1',
    kind: 'Namespace',
    metadata: { name },
  }))
  const pool = {
    apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
    kind: 'GlobalInClusterIPPool',
    metadata: { name: 'site-pool' },
    spec: { addresses: ['10.194.0.10-10.194.0.19'], prefix: 24 },
  }
  await applyManifests(connection, [...(await prometheusOperatorCrds()), ...tenants, pool])
  for (const file of ['ca.crt', 'tls.crt', 'tls.key', 'api-key'])
    writeFileSync(join(session.directory, file), `the content of ${file}`)
})

afterAll(async () => {
  try {
    await deployed.stop()
    await kubelet.stop()
    await api.close()
  } finally {
    await stack.stop()
  }
})

async function makeRelease(): Promise<ReadonlyMap<string, Buffer>> {
  const { helm, 'cyclonedx-npm': cyclonedx } = await ensurePrograms(
    ['helm', 'cyclonedx-npm'],
    () => undefined,
  )
  const programs = { helm: helm.path, 'cyclonedx-npm': cyclonedx.path }
  return releaseFiles({ programs, version: releasedVersion.slice(1), epoch: 0 })
}

const sameRelease = `helm install capi-vip-allocator deploy/chart/capi-vip-allocator --namespace ${namespace} --create-namespace`

async function uninstall(): Promise<void> {
  const { code, text } = await session.run(`helm uninstall capi-vip-allocator --namespace ${namespace}`)
  expect({ code, text }).toMatchObject({ code: 0 })
}

describe('docs/install.md leads', () => {
  it('from a management cluster without Temporal to an allocator that checks itself and serves a Cluster', async () => {
    await expectSteps(session, 'Before you begin')
    await expectSteps(session, 'Helm, with Temporal embedded')
    await deployed.start(network)
    await expectSteps(session, 'Check it')
    await expectSteps(session, 'A first VIP', {
      values: { pool: 'site-pool', class: 'site-class' },
    })
  })

  it('to a new volume of Temporal embedded', async () => {
    await expectSteps(session, 'Size and loss of the volume')
    const claims = `kubectl --namespace ${namespace} get persistentvolumeclaims --output=jsonpath={.items[*].spec.resources.requests.storage}`
    expect(await session.run(claims)).toMatchObject({ code: 0, text: '1Gi' })
  })

  it('to monitoring, through an upgrade, and back to a management cluster without it', async () => {
    await expectSteps(session, 'Monitoring')
    await expectSteps(session, 'Upgrade and uninstall')
    await deployed.stop()
  })

  it('to what is installed with a Temporal server of your own', async () => {
    await expectSteps(session, 'Helm, with your Temporal server')
    await uninstall()
    await expectSteps(session, 'Temporal with certificates')
    await uninstall()
    await expectSteps(session, 'Temporal Cloud')
    // Address, namespace and key are in the file alone, so that a new one counts.
    const names = `kubectl --namespace ${namespace} get deployment capi-vip-allocator --output=jsonpath='{.spec.template.spec.containers[*].env[*].name}'`
    expect(await session.run(names)).toMatchObject({ code: 0, text: 'TEMPORAL_CONFIG_FILE TEMPORAL_TLS' })
    await uninstall()
  })

  it('to what is installed without a connection, and with Roles only', async () => {
    await expectSteps(session, 'Air-gapped')
    await uninstall()
    await expectSteps(session, 'Some namespaces only')
    await uninstall()
  })

  it('to a second allocator beside the first one', async () => {
    await expectSteps(session, 'Helm, with your Temporal server')
    const again = sameRelease.replace(namespace, 'elsewhere')
    const { code, text } = await session.run(again)
    expect(code).toBe(1)
    expect(text).toContain(
      'ClusterRole "capi-vip-allocator" in namespace "" exists and cannot be imported into the current release',
    )
    await expectSteps(session, 'A second allocator')
    await uninstall()
    expect(await session.run('helm uninstall capi-vip-allocator --namespace tenant-vips')).toMatchObject({
      code: 0,
    })
  })

  it('from kubectl to Helm', async () => {
    expect(await session.run('kubectl apply -k deploy/manifests')).toMatchObject({ code: 0 })
    await expectSteps(session, 'From kubectl to Helm')
    await uninstall()
  })
})
