import type { StackConnection } from './connection.ts'
import { writeKubeconfig } from './kubeconfig.ts'
import { withKubernetesApi } from './kubernetes-api.ts'

const tokenLifetimeSeconds = 24 * 60 * 60

/**
 * Writes a kubeconfig with a token of an existing ServiceAccount to `outputPath`. The token is valid for one day.
 *
 * @throws ApiError with status 404 if there is no such ServiceAccount
 */
export async function createServiceAccountKubeconfig(
  connection: StackConnection,
  account: { readonly namespace: string; readonly name: string; readonly outputPath: string },
): Promise<void> {
  const answer = await withKubernetesApi(connection, (api) =>
    api.send<{ status: { token: string } }>({
      method: 'POST',
      path: `/api/v1/namespaces/${account.namespace}/serviceaccounts/${account.name}/token`,
      body: {
        apiVersion: 'authentication.k8s.io/v1',
        kind: 'TokenRequest',
        spec: { expirationSeconds: tokenLifetimeSeconds },
      },
    }),
  )
  const { token } = answer.status
  writeKubeconfig({
    path: account.outputPath,
    apiServerUrl: connection.apiServerUrl,
    caPath: connection.caPath,
    user: account.name,
    token,
    namespace: account.namespace,
  })
}
