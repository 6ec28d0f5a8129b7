import { readFileSync } from 'node:fs'

import type { WebhookServer } from './custom-resource-definitions.ts'
import { ApiError, type KubernetesApi, type KubernetesObject } from './kubernetes-api.ts'
import { readManifests } from './manifests.ts'

const trialName = 'webhook-trial'

/**
 * The admission webhook configurations of a provider, redirected to its server on this machine. All providers use the
 * same names, so `owner` is prefixed.
 */
export function readWebhookConfigurations(
  path: string,
  owner: string,
  server: WebhookServer,
): WebhookConfiguration[] {
  const caBundle = readFileSync(server.caPath).toString('base64')
  return readManifests<WebhookConfiguration>({ path }).map((configuration) => ({
    ...configuration,
    metadata: { ...configuration.metadata, name: `${owner}-${configuration.metadata.name}` },
    webhooks: configuration.webhooks.map(({ clientConfig, ...webhook }) => ({
      ...webhook,
      clientConfig: { url: `${server.url}${clientConfig.service?.path ?? ''}`, caBundle },
    })),
  }))
}

/**
 * Whether core's webhooks are effective, tested by dry runs with MachineHealthChecks: one of the old API version is
 * converted and gets a default label, and one that selects every Machine is rejected.
 */
export async function areClusterApiWebhooksServing(api: KubernetesApi): Promise<boolean> {
  const answer = await tryMachineHealthCheck(api, { trial: 'true' })
  if (answer.metadata.labels?.['cluster.x-k8s.io/cluster-name'] !== trialName) return false
  try {
    await tryMachineHealthCheck(api, {})
    return false
  } catch (error) {
    return error instanceof ApiError && error.status === 422
  }
}

/**
 * Whether the webhooks of the Cluster API operator are effective, tested by a dry run: they add the namespace of a Secret
 * that a provider names.
 */
export async function areOperatorWebhooksServing(api: KubernetesApi): Promise<boolean> {
  const { spec } = await api.send<{ spec: { configSecret: { namespace?: string } } }>({
    method: 'POST',
    path: '/apis/operator.cluster.x-k8s.io/v1alpha2/namespaces/default/addonproviders?dryRun=All',
    body: {
      apiVersion: 'operator.cluster.x-k8s.io/v1alpha2',
      kind: 'AddonProvider',
      metadata: { name: trialName, namespace: 'default' },
      spec: { configSecret: { name: trialName } },
    },
  })
  return spec.configSecret.namespace === 'default'
}

async function tryMachineHealthCheck(api: KubernetesApi, matchLabels: object): Promise<KubernetesObject> {
  return await api.send<KubernetesObject>({
    method: 'POST',
    path: '/apis/cluster.x-k8s.io/v1beta1/namespaces/default/machinehealthchecks?dryRun=All',
    body: {
      apiVersion: 'cluster.x-k8s.io/v1beta1',
      kind: 'MachineHealthCheck',
      metadata: { name: trialName, namespace: 'default' },
      spec: { clusterName: trialName, selector: { matchLabels } },
    },
  })
}

interface WebhookConfiguration extends KubernetesObject {
  readonly webhooks: readonly {
    readonly clientConfig: { readonly url?: string; readonly service?: { readonly path: string } }
  }[]
}
