import { readFileSync, writeFileSync } from 'node:fs'

import { stringify } from 'yaml'

/** Writes a kubeconfig with one user, identified by a bearer token, and with the certificate authority inline. */
export function writeKubeconfig(options: {
  readonly path: string
  readonly apiServerUrl: string
  readonly caPath: string
  readonly user: string
  readonly token: string
  readonly namespace?: string
}): void {
  const name = 'stack'
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': name,
    clusters: [
      {
        name,
        cluster: {
          server: options.apiServerUrl,
          'certificate-authority-data': readFileSync(options.caPath).toString('base64'),
        },
      },
    ],
    users: [{ name: options.user, user: { token: options.token } }],
    contexts: [
      {
        name,
        context: {
          cluster: name,
          user: options.user,
          ...(options.namespace === undefined ? {} : { namespace: options.namespace }),
        },
      },
    ],
  }
  writeFileSync(options.path, stringify(kubeconfig), { mode: 0o600 })
}
