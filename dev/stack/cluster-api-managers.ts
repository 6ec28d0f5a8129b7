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
import {
  areClusterApiWebhooksServing,
  areOperatorWebhooksServing,
  readWebhookConfigurations,
} from './webhooks.ts'

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
    operator,
    parts,
    clusterApiCore,
    nodeAddress,
    progress,
  }: {
    readonly core: Program
    readonly providers?: Readonly<Record<ClusterProviderName, Program>> | undefined
    readonly operator?: Program | undefined
    readonly parts: Pick<PartSet<never>, 'runDirectory'>
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
    const args = ['--feature-gates=ClusterTopology=true,RuntimeSDK=true']
    await add({ name: 'cluster-api-core', program: core, args })
  }
  if (operator !== undefined) {
    // Otherwise it reads the user's configuration of clusterctl.
    const env = { XDG_CONFIG_HOME: parts.runDirectory }
    await add({ name: 'cluster-api-operator', program: operator, args: ['--profiler-address='], env })
  }
  if (providers === undefined) return managers
  await untilCapdCanStart(progress)
  for (const name of clusterProviders) {
    await add({
      name,
      program: providers[name],
      args: ['--feature-gates=ClusterTopology=true'],
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
  const areServing = webhookTrials[name]
  if (areServing === undefined) {
    await applyObjects(api, configurations)
    return
  }
  const words = { during: `${name}: applying its webhooks`, after: `${name}: webhooks answering` }
  await timed(options.progress, words, async () => {
    await applyObjects(api, configurations)
    await waitForWebhooks(name, () => areServing(api))
  })
}

/** How to see that webhooks are effective, of the managers on whose webhooks something relies from the first object on. */
const webhookTrials: Partial<Record<ClusterApiManager['name'], (api: KubernetesApi) => Promise<boolean>>> = {
  'cluster-api-core': areClusterApiWebhooksServing,
  'cluster-api-operator': areOperatorWebhooksServing,
}

async function waitForWebhooks(name: string, areServing: () => Promise<boolean>): Promise<void> {
  const deadline = performance.now() + webhooksWithinMs
  let lastError: unknown
  while (performance.now() < deadline) {
    try {
      if (await areServing()) return
    } catch (error) {
      lastError = error
    }
    await delay(webhooksIntervalMs)
  }
  const reason = lastError === undefined ? 'they are not called' : messageOf(lastError)
  throw new Error(`the webhooks of ${name} did not answer within ${webhooksWithinMs / 1000} s: ${reason}`, {
    cause: lastError,
  })
}
