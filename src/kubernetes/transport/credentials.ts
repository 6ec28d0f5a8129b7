import { validateHeaderValue } from 'node:http'
import type { RequestOptions } from 'node:https'
import type { User } from '@kubernetes/client-node'
import { objectOf } from '../../domain/model/decode.ts'
import { KubeConfig } from './client-node.ts'
import { impersonationHeaders } from './kube-config-fields.ts'

/** CA, client certificate and key, server name, verification; without unset options. */
export type TlsOptions = Pick<RequestOptions, (typeof tlsFields)[number]>

const tlsFields = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const

/** What a request needs to reach the API server and be accepted. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string | string[]>>
  readonly tls: TlsOptions
  /** The `proxy-url` of the kubeconfig's cluster. */
  readonly proxyUrl: string | undefined
}

/** Reads what authenticates a request by a kubeconfig: certificates, tokens, token files, exec plugins, OIDC. */
export interface CredentialSource {
  /** Client-node caches tokens of plugins. An error quotes no output of a plugin. */
  read(): Promise<Credentials>
  /** Drops cached tokens after the server has refused one (401). */
  renew(): void
}

export function createCredentialSource(kubeConfig: KubeConfig): CredentialSource {
  const isFixed = holdsItsCredentials(kubeConfig)
  let current = kubeConfig
  let known: Credentials | undefined
  const renew = (): void => {
    current = withoutCachedTokens(current)
    known = undefined
  }
  return {
    async read() {
      if (known !== undefined) return known
      try {
        const credentials = await credentialsOf(current)
        if (isFixed) known = credentials
        return credentials
      } catch (error) {
        // client-node caches the output of a plugin even if it is useless.
        renew()
        throw withoutOutput(error, kubeConfig.getCurrentUser())
      }
    },
    renew,
  }
}

/** Nothing else has a say in them: no file, no plugin. Then every request has the same. */
function holdsItsCredentials(kubeConfig: KubeConfig): boolean {
  const { certFile, keyFile, exec, authProvider } = kubeConfig.getCurrentUser() ?? {}
  const elsewhere = [certFile, keyFile, exec, authProvider, kubeConfig.getCurrentCluster()?.caFile]
  return elsewhere.every((source) => source == null)
}

async function credentialsOf(kubeConfig: KubeConfig): Promise<Credentials> {
  const options: RequestOptions = {}
  await kubeConfig.applyToHTTPSOptions(options)
  const headers = { ...headersOf(options), ...impersonationHeaders(kubeConfig.getCurrentUser()) }
  return { headers, tls: tlsOf(options), proxyUrl: kubeConfig.getCurrentCluster()?.proxyUrl || undefined }
}

/**
 * Removes the output of a plugin from an error of client-node, whose message is the plugin's standard error or quotes its
 * standard output. Both may hold a token.
 */
export function withoutOutput(error: unknown, user: User | null): unknown {
  const { name, syscall, code } = objectOf(error)
  const isAboutFile = typeof syscall === 'string'
  if (isAboutFile || code === 'ERR_INVALID_URL' || code === 'ERR_INVALID_CHAR') return error
  if (user?.exec) {
    const what = name === 'Error' ? 'failed' : 'printed no ExecCredential'
    return new Error(`exec plugin ${user.exec.command} ${what}; run it by hand to see what it says`)
  }
  if (user?.authProvider) return new Error(`auth provider ${user.authProvider.name} failed: ${String(name)}`)
  return error
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()]),
  )
  // If undici refuses the headers of a request, it closes one of the shared connections.
  for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value)
  if (!options.auth) return headers
  return { ...headers, authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` }
}

function tlsOf(options: RequestOptions): TlsOptions {
  return Object.fromEntries(
    tlsFields.filter((field) => options[field] != null).map((field) => [field, options[field]]),
  )
}

/** A copy: each KubeConfig object has its own authenticators, which cache the tokens. */
function withoutCachedTokens(kubeConfig: KubeConfig): KubeConfig {
  const fresh = new KubeConfig()
  fresh.loadFromOptions({
    clusters: kubeConfig.getClusters(),
    users: kubeConfig.getUsers(),
    contexts: kubeConfig.getContexts(),
    currentContext: kubeConfig.getCurrentContext(),
  })
  return fresh
}
