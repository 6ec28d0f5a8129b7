import type { KubeCluster, KubeUser } from './kube-config-fields.ts'
import { arrayOf, nonEmptyStringOf } from '../../domain/model/decode.ts'

const variable = 'KUBERNETES_EXEC_INFO'
const defaultApiVersion = 'client.authentication.k8s.io/v1'

/**
 * Adds the variable that kubectl gives to an exec plugin: an ExecCredential, with the cluster if the plugin has
 * `provideClusterInfo: true`.
 *
 * @param cluster with its certificate authority as data
 */
export function withExecInfo(user: KubeUser, cluster: KubeCluster): KubeUser {
  const { exec } = user
  if (exec === undefined) return user
  const info = {
    kind: 'ExecCredential',
    apiVersion: nonEmptyStringOf(exec['apiVersion']) ?? defaultApiVersion,
    spec: {
      ...(exec['provideClusterInfo'] === true && { cluster: clusterInfoOf(cluster) }),
      // Nobody may be at a terminal.
      interactive: false,
    },
  }
  const env = [...arrayOf(exec['env']), { name: variable, value: JSON.stringify(info) }]
  return { ...user, exec: { ...exec, env } }
}

/** The fields of ExecCredential `spec.cluster`. */
function clusterInfoOf(cluster: KubeCluster): object {
  const { server, tlsServerName, skipTLSVerify, caData, proxyUrl, execConfig } = cluster
  return {
    server,
    ...(tlsServerName && { 'tls-server-name': tlsServerName }),
    ...(skipTLSVerify && { 'insecure-skip-tls-verify': true }),
    ...(caData && { 'certificate-authority-data': caData }),
    ...(proxyUrl && { 'proxy-url': proxyUrl }),
    config: execConfig ?? null,
  }
}
