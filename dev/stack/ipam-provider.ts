import { join } from 'node:path'

import type { PartDefinition } from './part.ts'
import { answersOk } from './readiness.ts'

/** The in-cluster IPAM provider, without the webhooks for its pools (webhook port 0). */
export function ipamProviderPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly healthPort: number
  readonly diagnosticsPort: number
  readonly kubeconfigPath: string
}): PartDefinition {
  return {
    name: 'ipam-provider',
    command: options.program,
    args: [
      `--kubeconfig=${options.kubeconfigPath}`,
      '--webhook-port=0',
      `--health-probe-bind-address=127.0.0.1:${options.healthPort}`,
      `--diagnostics-address=127.0.0.1:${options.diagnosticsPort}`,
      '--insecure-diagnostics',
    ],
    logPath: join(options.runDirectory, 'ipam-provider.log'),
    isReady: () => answersOk(`http://127.0.0.1:${options.healthPort}/readyz`),
    readyWithinMs: 60_000,
  }
}
