import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { ClusterProviderName } from './cluster-providers.ts'
import type { WebhookServer } from './custom-resource-definitions.ts'
import type { KubeApiserverFiles } from './kube-apiserver.ts'
import type { PartDefinition } from './part.ts'
import type { Program } from './program-list.ts'
import { answersOk } from './readiness.ts'

/** A manager of Cluster API: core, a provider, or the operator. All of them take the same flags. */
export interface ClusterApiManager {
  readonly name: 'cluster-api-core' | ClusterProviderName | 'cluster-api-operator'
  readonly program: Program
  /** Flags of its own. */
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  readonly webhookPort: number
  /** Where the API server reaches its webhooks and its conversion. */
  readonly webhooks: WebhookServer
}

/**
 * A manager with its webhook server, which cannot be disabled. It uses the API server's certificate, which is for the
 * same address and must already exist.
 */
export function clusterApiManagerPart(
  { name, program, args, env = {}, webhookPort }: ClusterApiManager,
  options: {
    readonly runDirectory: string
    readonly healthPort: number
    readonly diagnosticsPort: number
    readonly kubeconfigPath: string
    readonly certificate: KubeApiserverFiles
  },
): PartDefinition {
  const certificateDirectory = join(options.runDirectory, name)
  mkdirSync(certificateDirectory)
  copyFileSync(options.certificate.certificatePath, join(certificateDirectory, 'tls.crt'))
  copyFileSync(options.certificate.certificateKeyPath, join(certificateDirectory, 'tls.key'))
  return {
    name,
    command: program.path,
    args: [
      `--kubeconfig=${options.kubeconfigPath}`,
      ...args,
      `--webhook-port=${webhookPort}`,
      `--webhook-cert-dir=${certificateDirectory}`,
      `--health-addr=127.0.0.1:${options.healthPort}`,
      `--diagnostics-address=127.0.0.1:${options.diagnosticsPort}`,
      '--insecure-diagnostics',
      '--leader-elect=false',
    ],
    env,
    logPath: join(options.runDirectory, `${name}.log`),
    isReady: () => answersOk(`http://127.0.0.1:${options.healthPort}/readyz`),
    readyWithinMs: 120_000,
  }
}
