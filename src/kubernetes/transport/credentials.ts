import { validateHeaderValue } from 'node:http'
import type { RequestOptions } from 'node:https'
import { nonEmptyStringOf, objectOf } from '../../domain/model/decode.ts'
import { impersonationHeaders, type KubeCluster, type KubeUser } from './kube-config-fields.ts'

/** CA, client certificate and key, server name, verification; without unset options. */
export type TlsOptions = Pick<RequestOptions, 'ca' | 'cert' | 'key' | 'rejectUnauthorized' | 'servername'>

/** What a request needs to reach the API server and be accepted. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly tls: TlsOptions
  /** The `proxy-url` of the kubeconfig's cluster. */
  readonly proxyUrl: string | undefined
}

/** Reads what authenticates a request by a kubeconfig: certificates, tokens, exec plugins, auth providers. */
export interface CredentialSource {
  /** The tokens of plugins are cached. An error quotes no output of a plugin. */
  read(): Promise<Credentials>
  /** Drops cached tokens after the server has refused one (401). */
  renew(): void
}

/** @param access names no file */
export function createCredentialSource({
  cluster,
  user,
}: {
  readonly cluster: KubeCluster
  readonly user: KubeUser
}): CredentialSource {
  const tls = tlsOf(cluster, user)
  const impersonation = impersonationHeaders(user)
  const hasPlugin = user.exec !== undefined || user.authProvider !== undefined
  let plugin: Promise<Plugin> | undefined
  /** Without a plugin, every request has the same. */
  let fixed: Credentials | undefined
  const renew = (): void => void (plugin = undefined)
  const ask = (): Promise<Granted> => {
    plugin ??= openPlugin(user)
    return plugin.then((grant) => grant())
  }
  const credentialsWith = ({ authorization, ...certificate }: Granted): Credentials => {
    const headers = { ...headerOf(authorizationOf(user) ?? authorization), ...impersonation }
    // If undici refuses the headers of a request, it closes one of the shared connections.
    for (const [name, value] of Object.entries(headers)) {
      for (const each of [value].flat()) validateHeaderValue(name, each)
    }
    return { headers, tls: { ...tls, ...certificate }, proxyUrl: cluster.proxyUrl }
  }
  return {
    async read() {
      try {
        if (hasPlugin) return credentialsWith(await ask())
        return (fixed ??= credentialsWith({}))
      } catch (error) {
        // The output of a plugin is cached even if it is useless.
        renew()
        throw error
      }
    },
    renew,
  }
}

/** What a plugin or a provider grants, for some time. */
interface Granted extends Pick<RequestOptions, 'cert' | 'key'> {
  readonly authorization?: string
}

/** Caches what it has granted. */
type Plugin = () => Promise<Granted>

/**
 * Client-node runs exec plugins, and knows the auth providers. It is loaded only for these, because it brings along a class
 * for every resource of Kubernetes: a quarter of a second of a processor, and 45 MB.
 */
async function openPlugin(user: KubeUser): Promise<Plugin> {
  const { KubeConfig } = await import('@kubernetes/client-node')
  const { name, exec, authProvider } = user
  const kubeConfig = new KubeConfig()
  // The server is not called.
  const cluster = { name: 'server', server: 'https://server', skipTLSVerify: false }
  kubeConfig.loadFromClusterAndUser(cluster, { name, exec, authProvider })
  return async () => {
    const options: RequestOptions = {}
    try {
      await kubeConfig.applyToHTTPSOptions(options)
    } catch (error) {
      throw withoutOutput(error, user)
    }
    const authorization = nonEmptyStringOf(objectOf(options.headers)['Authorization'])
    return {
      ...(authorization !== undefined && { authorization: authorization.trim() }),
      ...(options.cert && { cert: options.cert }),
      ...(options.key && { key: options.key }),
    }
  }
}

/**
 * Removes the output of a plugin from an error of client-node, whose message is the plugin's standard error or quotes its
 * standard output. Both may hold a token.
 */
function withoutOutput(error: unknown, { exec, authProvider }: KubeUser): unknown {
  const { name, syscall } = objectOf(error)
  const isAboutFile = typeof syscall === 'string'
  if (isAboutFile) return error
  if (exec !== undefined) {
    const what = name === 'Error' ? 'failed' : 'printed no ExecCredential'
    return new Error(`exec plugin ${String(exec['command'])} ${what}; run it by hand to see what it says`)
  }
  return new Error(`auth provider ${String(authProvider?.['name'])} failed: ${String(name)}`)
}

/** What the kubeconfig itself holds goes before what a plugin grants. */
function authorizationOf({ username, password = '', token }: KubeUser): string | undefined {
  if (username !== undefined) return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`
  return token === undefined ? undefined : `Bearer ${token}`
}

function headerOf(authorization: string | undefined): Readonly<Record<string, string>> {
  return authorization === undefined ? {} : { authorization }
}

function tlsOf(cluster: KubeCluster, user: KubeUser): TlsOptions {
  const [ca, cert, key] = [cluster.caData, user.certData, user.keyData].map(
    (data) => data && Buffer.from(data, 'base64'),
  )
  return {
    ...(cluster.skipTLSVerify && { rejectUnauthorized: false }),
    ...(cluster.tlsServerName && { servername: cluster.tlsServerName }),
    ...(ca && { ca }),
    ...(cert && { cert }),
    ...(key && { key }),
  }
}
