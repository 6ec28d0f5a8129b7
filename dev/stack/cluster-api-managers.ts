import { setTimeout as delay } from 'node:timers/promises'

import { type ClusterApiManager, clusterApiManagerPart } from './cluster-api-manager.ts'
import {
  type ClusterProviderName,
  clusterProviders,
  controlPlaneHost,
  untilCapdCanStart,
} from './cluster-providers.ts'
import { messageOf } from './errors.ts'
import { manifestsOf } from './go-program.ts'
import type { KubeApiserverFiles } from './kube-apiserver.ts'
import type { KubernetesApi } from './kubernetes-api.ts'
import { applyObjects } from './manifests.ts'
import type { PartSet } from './part-set.ts'
import { freePort, loopback } from './ports.ts'
import type { Program } from './program-list.ts'
import { type Progress, timed } from './progress.ts'
import { areClusterApiWebhooksServing, readWebhookConfigurations } from './webhooks.ts'

const webhooksWithinMs = 30_000
const webhooksIntervalMs = 50

/**
 * The managers that run, each with a port for its webhooks.
 *
 * @throws Error if CAPD is among them and cannot run here
 */
export async function managersOf(
  {
    core,
    providers,
    clusterApiCore,
    nodeAddress,
    progress,
  }: {
    readonly core: Program
    readonly providers?: Readonly<Record<ClusterProviderName, Program>> | undefined
    readonly clusterApiCore: boolean
    /** Where the API server is, whose certificate they have; on loopback if absent. */
    readonly nodeAddress?: string | undefined
    readonly progress: Progress
  },
  caPath: string,
): Promise<readonly ClusterApiManager[]> {
  const managers: ClusterApiManager[] = []
  const add = async (manager: Omit<ClusterApiManager, 'webhookPort' | 'webhooks'>): Promise<void> => {
    const webhookPort = await freePort()
    const webhooks = { url: `https://${nodeAddress ?? loopback}:${webhookPort}`, caPath }
    managers.push({ ...manager, webhookPort, webhooks })
  }
  if (clusterApiCore) {
    const featureGates = 'ClusterTopology=true,RuntimeSDK=true'
    await add({ name: 'cluster-api-core', program: core, featureGates })
  }
  if (providers === undefined) return managers
  await untilCapdCanStart(progress)
  for (const name of clusterProviders) {
    await add({
      name,
      program: providers[name],
      featureGates: 'ClusterTopology=true',
      ...(name === 'infrastructure-docker' && { env: { POD_IP: controlPlaneHost } }),
    })
  }
  return managers
}

/** Starts a manager, and has the API server call its webhooks. */
export async function startManager(
  api: KubernetesApi,
  manager: ClusterApiManager,
  options: {
    readonly parts: PartSet<ClusterApiManager['name']>
    readonly runDirectory: string
    readonly kubeconfigPath: string
    readonly certificate: KubeApiserverFiles
    readonly progress: Progress
  },
): Promise<void> {
  const { name, program, webhooks } = manager
  await options.parts.start(
    name,
    clusterApiManagerPart(manager, {
      ...options,
      healthPort: await freePort(),
      diagnosticsPort: await freePort(),
    }),
  )
  const configurations = readWebhookConfigurations(manifestsOf(program).webhooksPath, name, webhooks)
  if (name !== 'cluster-api-core') {
    await applyObjects(api, configurations)
    return
  }
  await timed(options.progress, { during: 'webhooks: applying', after: 'webhooks: answering' }, async () => {
    await applyObjects(api, configurations)
    await waitForWebhooks(api)
  })
}

async function waitForWebhooks(api: KubernetesApi): Promise<void> {
  const deadline = performance.now() + webhooksWithinMs
  let lastError: unknown
  while (performance.now() < deadline) {
    try {
      if (await areClusterApiWebhooksServing(api)) return
    } catch (error) {
      lastError = error
    }
    await delay(webhooksIntervalMs)
  }
  const reason = lastError === undefined ? 'they are not called' : messageOf(lastError)
  throw new Error(
    `the webhooks of Cluster API core did not answer within ${webhooksWithinMs / 1000} s: ${reason}`,
    { cause: lastError },
  )
}
