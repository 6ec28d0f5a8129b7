import { readFileSync } from 'node:fs'
import { validateHeaderValue } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { nonEmptyStringOf, objectOf } from '../../domain/model/decode.ts'
import { checkTlsMaterial, type NamedPem } from './certificates.ts'
import { KubeConfig } from './client-node.ts'
import { withExecInfo } from './exec-info.ts'
import type { FullCluster, FullUser } from './kube-config-fields.ts'

/** What a kubeconfig grants at one moment: its files are read, so that it can be compared and stays as it is. */
export interface Access {
  /** Names no file. */
  readonly kubeConfig: KubeConfig
  readonly parts: readonly AccessPart[]
}

/** A part that can be renewed, with its source for people: `token`, `/var/run/secrets/…/token`. */
interface AccessPart {
  readonly what: string
  readonly source: string
  readonly value: unknown
}

/**
 * Reads everything that the current context of a kubeconfig names.
 *
 * @param origin the kubeconfig, for the parts that it holds itself
 * @throws Error that names the file or the field, and quotes nothing of it
 */
export function readAccess(kubeConfig: KubeConfig, origin: string): Access {
  // Client-node writes renewed tokens into the objects of its configuration.
  const cluster = structuredClone<FullCluster | null>(kubeConfig.getCurrentCluster())
  const user = structuredClone<FullUser | null>(kubeConfig.getCurrentUser())
  if (cluster === null || user === null)
    throw new Error(`${origin}: the current context has no cluster or no user`)
  const ca = pemOf('certificate authority', cluster.caFile, cluster.caData, origin)
  const cert = pemOf('client certificate', user.certFile, user.certData, origin)
  const key = pemOf('client key', user.keyFile, user.keyData, origin)
  checkTlsMaterial({ ca, cert, key })
  const token = tokenOf(user, origin)
  const { certFile: _cert, keyFile: _key, ...userWithoutFiles } = user
  const { caFile: _ca, ...clusterWithoutFile } = cluster
  const readCluster: FullCluster = { ...clusterWithoutFile, ...(ca && { caData: base64Of(ca) }) }
  const readUser: FullUser = {
    ...userWithoutFiles,
    ...(cert && { certData: base64Of(cert) }),
    ...(key && { keyData: base64Of(key) }),
    ...(token?.isOfFile === true && { authProvider: null }),
    ...(token && { token: token.value }),
  }
  const { username, password, exec, authProvider } = readUser
  const of = (what: string, value: unknown): AccessPart => ({ what, source: origin, value })
  return {
    kubeConfig: kubeConfigOf(readCluster, withExecInfo(readUser, readCluster), kubeConfig),
    parts: [
      { what: 'certificate authority', source: ca?.source ?? origin, value: readCluster.caData },
      { what: 'client certificate', source: cert?.source ?? origin, value: readUser.certData },
      { what: 'client key', source: key?.source ?? origin, value: readUser.keyData },
      { what: 'token', source: token?.source ?? origin, value: token?.value },
      of('password', [username, password]),
      of('exec plugin', exec),
      of('auth provider', structuredClone(authProvider)),
      of('cluster', { ...readCluster, caData: undefined }),
      of('impersonation', impersonationOf(readUser)),
    ],
  }
}

/** What differs, for people: `token of kubeconfig /etc/kubeconfig`; empty if nothing does. */
export function changesBetween(before: Access, after: Access): readonly string[] {
  return after.parts
    .filter(({ value }, index) => !isDeepStrictEqual(value, before.parts[index]?.value))
    .map(({ what, source }) => (source.startsWith(what) ? source : `${what} of ${source}`))
}

function impersonationOf(user: FullUser): unknown {
  const { impersonateUser, impersonateUid, impersonateGroups, impersonateExtra } = user
  return { impersonateUser, impersonateUid, impersonateGroups, impersonateExtra }
}

/** Of the context, which may name a namespace. */
function kubeConfigOf(cluster: FullCluster, user: FullUser, original: KubeConfig): KubeConfig {
  const currentContext = original.getCurrentContext()
  const context = original.getContextObject(currentContext)
  const kubeConfig = new KubeConfig()
  kubeConfig.loadFromOptions({
    clusters: [cluster],
    users: [user],
    contexts: [context],
    currentContext,
  })
  return kubeConfig
}

function pemOf(
  what: string,
  file: string | undefined,
  data: string | undefined,
  origin: string,
): NamedPem | undefined {
  if (file) return { source: `${what} ${file}`, pem: readFileSync(file) }
  return data ? { source: `${what} of ${origin}`, pem: Buffer.from(data, 'base64') } : undefined
}

function base64Of({ pem }: NamedPem): string {
  return Buffer.from(pem).toString('base64')
}

interface Token {
  readonly source: string
  readonly value: string
  readonly isOfFile: boolean
}

function tokenOf(user: FullUser, origin: string): Token | undefined {
  const file = nonEmptyStringOf(objectOf(objectOf(user.authProvider)['config'])['tokenFile'])
  if (file === undefined) {
    return user.token ? checkedToken(user.token, `token of ${origin}`, false) : undefined
  }
  return checkedToken(readFileSync(file, 'utf8'), `token ${file}`, true)
}

function checkedToken(text: string, source: string, isOfFile: boolean): Token {
  const value = text.trim()
  if (value === '') throw new Error(`${source} is empty`)
  try {
    validateHeaderValue('authorization', value)
  } catch {
    throw new Error(`${source} holds a character that a header cannot have`)
  }
  return { source, value, isOfFile }
}
