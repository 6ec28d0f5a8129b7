import { copyFileSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { KubeApiserverFiles } from './kube-apiserver.ts'
import type { PartDefinition } from './part.ts'
import { answersOk } from './readiness.ts'

/**
 * The core manager of Cluster API with its webhook server, which cannot be disabled. It uses the API server's
 * certificate, which is for the same address and must already exist.
 */
export function clusterApiCorePart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly webhookPort: number
  readonly healthPort: number
  readonly diagnosticsPort: number
  readonly kubeconfigPath: string
  readonly certificate: KubeApiserverFiles
}): PartDefinition {
  const certificateDirectory = join(options.runDirectory, 'cluster-api-core')
  mkdirSync(certificateDirectory)
  copyFileSync(options.certificate.certificatePath, join(certificateDirectory, 'tls.crt'))
  copyFileSync(options.certificate.certificateKeyPath, join(certificateDirectory, 'tls.key'))
  return {
    name: 'cluster-api-core',
    command: options.program,
    args: [
      `--kubeconfig=${options.kubeconfigPath}`,
      '--feature-gates=ClusterTopology=true,RuntimeSDK=true',
      `--webhook-port=${options.webhookPort}`,
      `--webhook-cert-dir=${certificateDirectory}`,
      `--health-addr=127.0.0.1:${options.healthPort}`,
      `--diagnostics-address=127.0.0.1:${options.diagnosticsPort}`,
      '--insecure-diagnostics',
      '--leader-elect=false',
    ],
    logPath: join(options.runDirectory, 'cluster-api-core.log'),
    isReady: () => answersOk(`http://127.0.0.1:${options.healthPort}/readyz`),
    readyWithinMs: 120_000,
  }
}
