import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { CustomResourceDefinition } from './kubernetes-api.ts'
import { readManifests } from './manifests.ts'

// Contract versions of Cluster API, each with the kind's version that fulfills it.
const contractLabels = { 'cluster.x-k8s.io/v1beta1': 'v1beta1', 'cluster.x-k8s.io/v1beta2': 'v1beta2' }
// `clusterctl move` ignores kinds without this label.
const clusterctlLabel = { 'clusterctl.cluster.x-k8s.io': '' }

/** The webhook server of Cluster API core: `https://127.0.0.1:<port>`, and its certificate authority. */
export interface WebhookServer {
  readonly url: string
  readonly caPath: string
}

/**
 * The CRDs of a provider as clusterctl installs them: with the labels of Cluster API's contract, of clusterctl and of
 * the provider, and with conversion by the webhook server, if there is one. Without it, only the storage version
 * keeps all fields.
 */
export function readCustomResourceDefinitions(
  crdDirectory: string,
  {
    labels = {},
    webhooks,
  }: {
    readonly labels?: Readonly<Record<string, string>>
    readonly webhooks?: WebhookServer | undefined
  } = {},
): CustomResourceDefinition[] {
  return readdirSync(crdDirectory)
    .flatMap((file) => readManifests<CustomResourceDefinition>({ path: join(crdDirectory, file) }))
    .map((crd) => ({
      ...crd,
      metadata: {
        ...crd.metadata,
        labels: { ...crd.metadata.labels, ...contractLabels, ...clusterctlLabel, ...labels },
      },
      spec: { ...crd.spec, ...(webhooks === undefined ? {} : { conversion: conversion(webhooks) }) },
    }))
}

function conversion(webhooks: WebhookServer): object {
  return {
    strategy: 'Webhook',
    webhook: {
      clientConfig: {
        url: `${webhooks.url}/convert`,
        caBundle: readFileSync(webhooks.caPath).toString('base64'),
      },
      conversionReviewVersions: ['v1'],
    },
  }
}
