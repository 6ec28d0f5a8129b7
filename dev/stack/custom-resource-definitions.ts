import { readFileSync, readdirSync } from 'node:fs'
import { join } from 'node:path'

import type { CustomResourceDefinition } from './kubernetes-api.ts'
import { readManifests } from './manifests.ts'

// The contract versions of Cluster API, each with the version of the kind that fulfils it.
const contractLabels = { 'cluster.x-k8s.io/v1beta1': 'v1beta1', 'cluster.x-k8s.io/v1beta2': 'v1beta2' }
// Without it `clusterctl move` does not see the objects of a kind.
const clusterctlLabel = { 'clusterctl.cluster.x-k8s.io': '' }

/** The webhook server of Cluster API core: `https://127.0.0.1:<port>`, and the certificate authority it is known by. */
export interface WebhookServer {
  readonly url: string
  readonly caPath: string
}

/**
 * The CRDs of a provider as its installation by clusterctl would make them: with Cluster API's contract labels, those of
 * clusterctl and the provider's own, and, if there is a webhook server, with conversion through it. Without one only the
 * storage version keeps all its fields.
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
