import { mkdirSync } from 'node:fs'
import { join } from 'node:path'

import type { PartDefinition } from './part.ts'
import { answersOk } from './readiness.ts'

/**
 * The controller manager with the two controllers that Cluster API relies on: garbage collector and namespace
 * controller. Start it after the CRDs, because it discovers new kinds only every 30 seconds.
 */
export function kubeControllerManagerPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly port: number
  readonly kubeconfigPath: string
}): PartDefinition {
  const certificateDirectory = join(options.runDirectory, 'kube-controller-manager')
  mkdirSync(certificateDirectory)
  const certificatePath = join(certificateDirectory, 'kube-controller-manager.crt')
  return {
    name: 'kube-controller-manager',
    command: options.program,
    args: [
      `--kubeconfig=${options.kubeconfigPath}`,
      '--controllers=garbage-collector-controller,namespace-controller',
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
