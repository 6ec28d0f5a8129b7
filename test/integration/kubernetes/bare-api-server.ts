import { join } from 'node:path'
import { etcdPart } from '../../../dev/stack/etcd.ts'
import { kubeApiserverPart, writeKubeApiserverFiles } from '../../../dev/stack/kube-apiserver.ts'
import { writeKubeconfig } from '../../../dev/stack/kubeconfig.ts'
import { applyObjects } from '../../../dev/stack/manifests.ts'
import {
  withKubernetesApi,
  type CustomResourceDefinition,
  type KubernetesApi,
} from '../../../dev/stack/kubernetes-api.ts'
import { createPartSet } from '../../../dev/stack/part-set.ts'
import { freePort } from '../../../dev/stack/ports.ts'
import { ensurePrograms } from '../../../dev/stack/programs.ts'
import { connection, type ServerAccess } from './support.ts'

/** A suite's own API server without Cluster API, for tests that would disturb others. */
export interface BareApiServer extends ServerAccess {
  /** Compacts all of etcd's history so far. */
  readonly compact: () => Promise<void>
  readonly stop: () => Promise<void>
}

/** Starts etcd and kube-apiserver, without a watch cache, which would survive a compaction. */
export async function startBareApiServer(): Promise<BareApiServer> {
  const quiet = (): void => undefined
  const programs = await ensurePrograms(['etcd', 'kube-apiserver'], quiet)
  const parts = createPartSet<'etcd' | 'kube-apiserver'>(quiet)
  const { runDirectory } = parts
  const token = 'administrator'
  const files = writeKubeApiserverFiles(runDirectory, token)
  const [port, clientPort, peerPort] = [await freePort(), await freePort(), await freePort()]
  await parts.start('etcd', etcdPart({ program: programs.etcd.path, runDirectory, clientPort, peerPort }))
  const apiServer = kubeApiserverPart({
    program: programs['kube-apiserver'].path,
    runDirectory,
    port,
    etcdClientPort: clientPort,
    files,
  })
  await parts.start('kube-apiserver', { ...apiServer, args: [...apiServer.args, '--watch-cache=false'] })
  const access = {
    apiServerUrl: `https://127.0.0.1:${port}`,
    caPath: files.certificatePath,
    token,
    kubeconfigPath: join(runDirectory, 'kubeconfig'),
  }
  writeKubeconfig({ ...access, path: access.kubeconfigPath, user: 'admin' })
  return { ...access, compact: () => compact(`http://127.0.0.1:${clientPort}`), stop: parts.stop }
}

/**
 * Installs a CustomResourceDefinition of the shared API server, without conversion.
 *
 * @param served the versions to serve; all if empty
 */
export async function installDefinition(
  api: KubernetesApi,
  name: string,
  served: readonly string[] = [],
): Promise<void> {
  const path = `/apis/apiextensions.k8s.io/v1/customresourcedefinitions/${name}`
  const { apiVersion, kind, metadata, spec } = await withKubernetesApi(connection(), (shared) =>
    shared.send<CustomResourceDefinition>({ method: 'GET', path }),
  )
  const versions = spec.versions.map((version) => ({
    ...version,
    served: served.length === 0 || served.includes(version.name),
  }))
  const definition = {
    apiVersion,
    kind,
    metadata: { name, labels: metadata.labels ?? {} },
    spec: { ...spec, versions, conversion: { strategy: 'None' } },
  }
  await applyObjects(api, [definition])
}

/** Uses etcd's HTTP gateway; every response contains the current revision. */
async function compact(etcdUrl: string): Promise<void> {
  const key = Buffer.from('/registry').toString('base64')
  const { header } = (await post(`${etcdUrl}/v3/kv/range`, { key })) as { header: { revision: string } }
  await post(`${etcdUrl}/v3/kv/compaction`, { revision: header.revision, physical: true })
}

async function post(url: string, body: object): Promise<unknown> {
  const answer = await fetch(url, { method: 'POST', body: JSON.stringify(body) })
  if (!answer.ok) throw new Error(`${url} was answered with ${answer.status}: ${await answer.text()}`)
  return answer.json()
}
