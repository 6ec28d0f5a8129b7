import { randomBytes } from 'node:crypto'
import { join } from 'node:path'

import type { ClusterApiManager } from './cluster-api-manager.ts'
import { managersOf, startManager } from './cluster-api-managers.ts'
import type { ClusterProviderName } from './cluster-providers.ts'
import type { StackConnection } from './connection.ts'
import { readCustomResourceDefinitions, type WebhookServer } from './custom-resource-definitions.ts'
import { etcdPart } from './etcd.ts'
import { manifestsOf } from './go-program.ts'
import { ipamProviderPart } from './ipam-provider.ts'
import { kubeApiserverPart, type KubeApiserverFiles, writeKubeApiserverFiles } from './kube-apiserver.ts'
import { kubeControllerManagerPart } from './kube-controller-manager.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { type KubernetesApi, withKubernetesApi } from './kubernetes-api.ts'
import { applyObjects, readManifests } from './manifests.ts'
import type { PartSet } from './part-set.ts'
import { freePort, loopback } from './ports.ts'
import type { Program } from './program-list.ts'
import { type Progress, timed } from './progress.ts'

const infrastructureCrdsPath = join(
  import.meta.dirname,
  '..',
  '..',
  'examples',
  'demo-infrastructure-crds.yaml',
)
/** The provider's patch of its CRDs (config/crd/patches): `clusterctl move` then moves pools with their dependents. */
const poolLabels = { 'clusterctl.cluster.x-k8s.io/move-hierarchy': '' }

/** The Kubernetes programs of the stack. */
export type KubernetesProgramName =
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | 'cluster-api-core' | 'ipam-provider-in-cluster'

export type KubernetesPartName =
  'etcd' | 'kube-apiserver' | 'kube-controller-manager' | ClusterApiManager['name'] | 'ipam-provider'

export interface KubernetesOptions {
  readonly parts: PartSet<KubernetesPartName>
  readonly programs: Readonly<Record<KubernetesProgramName, Program>>
  /** The providers of whole clusters, if they run. */
  readonly providers?: Readonly<Record<ClusterProviderName, Program>> | undefined
  /** The Cluster API operator, if it runs. */
  readonly operator?: Program | undefined
  readonly clusterApiCore: boolean
  /** Address of the node; absent if no Pod runs. */
  readonly nodeAddress?: string
  readonly progress: Progress
}

type KubernetesConnection = Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token' | 'kubeconfigPath'>

/** Starts the API server with all CRDs, then the controllers. Returns when everything is ready. */
export async function startKubernetes(options: KubernetesOptions): Promise<KubernetesConnection> {
  const { parts, programs, progress } = options
  const { files, ...connection } = await startApiServer(options)
  const managers = await managersOf({ ...options, core: programs['cluster-api-core'] }, connection.caPath)

  await withKubernetesApi(connection, async (api) => {
    await timed(progress, { during: 'CRDs: applying', after: 'CRDs: served' }, async () => {
      await applyCrds(api, options, managers)
    })
    const shared = { runDirectory: parts.runDirectory, kubeconfigPath: connection.kubeconfigPath }
    await Promise.all([
      ...managers.map((manager) =>
        startManager(api, manager, { ...shared, parts, certificate: files, progress }),
      ),
      parts.start(
        'kube-controller-manager',
        kubeControllerManagerPart({
          ...shared,
          program: programs['kube-controller-manager'].path,
          port: await freePort(),
          podAccounts:
            options.nodeAddress === undefined
              ? undefined
              : { rootCaPath: connection.caPath, serviceAccountKeyPath: files.serviceAccountKeyPath },
        }),
      ),
      parts.start(
        'ipam-provider',
        ipamProviderPart({
          ...shared,
          program: programs['ipam-provider-in-cluster'].path,
          healthPort: await freePort(),
          diagnosticsPort: await freePort(),
        }),
      ),
    ])
  })
  return connection
}

async function startApiServer({
  parts,
  programs,
  nodeAddress,
}: KubernetesOptions): Promise<KubernetesConnection & { readonly files: KubeApiserverFiles }> {
  const { runDirectory } = parts
  const token = randomBytes(24).toString('hex')
  const files = writeKubeApiserverFiles(runDirectory, token)
  const [port, etcdClientPort, etcdPeerPort] = [await freePort(), await freePort(), await freePort()]
  await parts.start(
    'etcd',
    etcdPart({
      program: programs.etcd.path,
      runDirectory,
      clientPort: etcdClientPort,
      peerPort: etcdPeerPort,
    }),
  )
  await parts.start(
    'kube-apiserver',
    kubeApiserverPart({
      program: programs['kube-apiserver'].path,
      runDirectory,
      port,
      etcdClientPort,
      files,
      nodeAddress,
    }),
  )
  const connection = {
    apiServerUrl: `https://${nodeAddress ?? loopback}:${port}`,
    caPath: files.certificatePath,
    token,
    kubeconfigPath: join(runDirectory, 'kubeconfig'),
  }
  writeKubeconfig({ ...connection, path: connection.kubeconfigPath, user: 'admin' })
  return { ...connection, files }
}

async function applyCrds(
  api: KubernetesApi,
  { programs }: KubernetesOptions,
  managers: readonly ClusterApiManager[],
): Promise<void> {
  const webhooksOf = (name: ClusterApiManager['name']): WebhookServer | undefined =>
    managers.find((manager) => manager.name === name)?.webhooks
  await applyObjects(api, [
    ...readCustomResourceDefinitions(manifestsOf(programs['cluster-api-core']).crdDirectory, {
      webhooks: webhooksOf('cluster-api-core'),
    }),
    ...managers
      .filter(({ name }) => name !== 'cluster-api-core')
      .flatMap(({ program, webhooks }) =>
        readCustomResourceDefinitions(manifestsOf(program).crdDirectory, { webhooks }),
      ),
    // The provider's conversion would need its webhook server, which is disabled.
    ...readCustomResourceDefinitions(manifestsOf(programs['ipam-provider-in-cluster']).crdDirectory, {
      labels: poolLabels,
    }),
    ...readManifests({ path: infrastructureCrdsPath }),
  ])
}
