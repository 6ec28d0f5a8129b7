import { validateHeaderValue } from 'node:http'
import type { RequestOptions } from 'node:https'
import { KubeConfig, type User } from '@kubernetes/client-node'
import { objectOf } from '../../domain/model/decode.ts'

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
  /**
   * Files are read anew with every call; tokens of files and plugins are remembered by client-node.
   * Rejects with an Error that holds nothing of what a plugin printed.
   */
  read(): Promise<Credentials>
  /** Forgets remembered tokens: the server has refused one (401). */
  renew(): void
}

/** Makes a CredentialSource for the current context. */
export function createCredentialSource(kubeConfig: KubeConfig): CredentialSource {
  let current = kubeConfig
  const renew = (): void => {
    current = withoutRememberedTokens(current)
  }
  return {
    async read() {
      const options: RequestOptions = {}
      try {
        await current.applyToHTTPSOptions(options)
        return { headers: headersOf(options), tls: tlsOf(options) }
      } catch (error) {
        // What a plugin printed is remembered even where it is of no use.
        renew()
        throw withoutOutput(error, kubeConfig.getCurrentUser())
      }
    },
    renew,
  }
}

/**
 * The message of client-node's error is all that a plugin wrote to standard error, or quotes what it wrote to
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
  // A request that undici refuses for its headers takes one of the shared connections with it.
  for (const [name, value] of Object.entries(headers)) validateHeaderValue(name, value)
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
