import type { RequestOptions } from 'node:https'
import { KubeConfig } from '@kubernetes/client-node'

/** What a request needs to be let in. */
export interface Credentials {
  readonly headers: Readonly<Record<string, string>>
  readonly tls: TlsOptions
}

/** CA, client certificate and key, server name, verification: what is unset is left out. */
export type TlsOptions = Pick<RequestOptions, (typeof tlsFields)[number]>

const tlsFields = ['ca', 'cert', 'key', 'pfx', 'passphrase', 'rejectUnauthorized', 'servername'] as const

/** Reads credentials the way the kubeconfig says: certificates, tokens, token files, exec plugins, OIDC. */
export interface CredentialSource {
  /** Files are read anew with every call; tokens of files and plugins are remembered by client-node. */
  read(): Promise<Credentials>
  /** Forgets remembered tokens: the server has refused one (401). */
  renew(): void
}

/** Makes a CredentialSource for the current context. */
export function createCredentialSource(kubeConfig: KubeConfig): CredentialSource {
  let current = kubeConfig
  return {
    async read() {
      const options: RequestOptions = {}
      await current.applyToHTTPSOptions(options)
      return { headers: headersOf(options), tls: tlsOf(options) }
    },
    renew() {
      current = withoutRememberedTokens(current)
    },
  }
}

function headersOf(options: RequestOptions): Record<string, string> {
  const headers = Object.fromEntries(
    Object.entries(options.headers ?? {}).map(([name, value]) => [name.toLowerCase(), String(value).trim()]),
  )
  if (!options.auth) return headers
  return { ...headers, authorization: `Basic ${Buffer.from(options.auth).toString('base64')}` }
}

function tlsOf(options: RequestOptions): TlsOptions {
  return Object.fromEntries(
    tlsFields.filter((field) => options[field] != null).map((field) => [field, options[field]]),
  )
}

/** Authenticators, and with them the tokens they keep, belong to one KubeConfig object. */
function withoutRememberedTokens(kubeConfig: KubeConfig): KubeConfig {
  const fresh = new KubeConfig()
  fresh.loadFromOptions({
    clusters: kubeConfig.getClusters(),
    users: kubeConfig.getUsers(),
    contexts: kubeConfig.getContexts(),
    currentContext: kubeConfig.getCurrentContext(),
  })
  return fresh
}
