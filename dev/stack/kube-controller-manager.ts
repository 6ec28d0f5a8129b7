import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { PartDefinition } from './part.ts'
import { answersOk } from './readiness.ts'

const controllers = [
  'garbage-collector-controller',
  'namespace-controller',
  'persistentvolumeclaim-protection-controller',
]

/** What it needs to give Pods their accounts. */
export interface PodAccountFiles {
  readonly rootCaPath: string
  readonly serviceAccountKeyPath: string
}

/**
 * The controller manager: where Pods run, with all controllers, else with those that Cluster API and
 * Helm rely on to delete something. Start it after the CRDs, because it discovers new kinds only every 30 seconds.
 */
export function kubeControllerManagerPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly port: number
  readonly kubeconfigPath: string
  /** Undefined where no Pod runs. */
  readonly podAccounts: PodAccountFiles | undefined
}): PartDefinition {
  const { podAccounts } = options
  const certificateDirectory = join(options.runDirectory, 'kube-controller-manager')
  mkdirSync(certificateDirectory)
  const certificatePath = join(certificateDirectory, 'kube-controller-manager.crt')
  return {
    name: 'kube-controller-manager',
    command: options.program,
    args: [
      `--kubeconfig=${options.kubeconfigPath}`,
      ...(podAccounts === undefined
        ? [`--controllers=${controllers.join(',')}`]
        : [
            '--controllers=*',
            `--root-ca-file=${podAccounts.rootCaPath}`,
            `--service-account-private-key-file=${podAccounts.serviceAccountKeyPath}`,
          ]),
      '--leader-elect=false',
      '--use-service-account-credentials=false',
      '--bind-address=127.0.0.1',
      `--secure-port=${options.port}`,
      `--cert-dir=${certificateDirectory}`,
    ],
    logPath: join(options.runDirectory, 'kube-controller-manager.log'),
    isReady: () => answersOk(`https://127.0.0.1:${options.port}/healthz`, certificatePath),
    readyWithinMs: 60_000,
  }
}
