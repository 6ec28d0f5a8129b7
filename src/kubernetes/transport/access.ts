import { readFileSync } from 'node:fs'
import { validateHeaderValue } from 'node:http'
import { isDeepStrictEqual } from 'node:util'
import { checkTlsMaterial, type NamedPem } from './certificates.ts'
import { withExecInfo } from './exec-info.ts'
import { clusterIn, userIn, type KubeCluster, type KubeConfig, type KubeUser } from './kube-config-fields.ts'

/** What a kubeconfig grants at one moment: its files are read, so that it can be compared and stays as it is. */
export interface Access {
  /** Names no file, as the user. */
  readonly cluster: KubeCluster
  readonly user: KubeUser
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
  const cluster = clusterIn(kubeConfig)
  // Client-node writes renewed tokens into the objects of its configuration.
  const user = structuredClone(userIn(kubeConfig))
  if (cluster === undefined || user === undefined)
    throw new Error(`${origin}: the current context has no cluster or no user`)
  checkAddresses(cluster, origin)
  const ca = pemOf('certificate authority', cluster.caFile, cluster.caData, origin)
  const cert = pemOf('client certificate', user.certFile, user.certData, origin)
  const key = pemOf('client key', user.keyFile, user.keyData, origin)
  checkTlsMaterial({ ca, cert, key })
  const token = tokenOf(user, origin)
  const { certFile: _cert, keyFile: _key, tokenFile: _token, ...userWithoutFiles } = user
  const { caFile: _ca, ...clusterWithoutFile } = cluster
  const readCluster: KubeCluster = { ...clusterWithoutFile, ...(ca && { caData: base64Of(ca) }) }
  const readUser: KubeUser = {
    ...userWithoutFiles,
    ...(cert && { certData: base64Of(cert) }),
    ...(key && { keyData: base64Of(key) }),
    ...(token && { token: token.value }),
  }
  const { username, password, exec, authProvider } = readUser
  const of = (what: string, value: unknown): AccessPart => ({ what, source: origin, value })
  return {
    cluster: readCluster,
    user: withExecInfo(readUser, readCluster),
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

/** The addresses may hold passwords. */
function checkAddresses({ server, skipTLSVerify, proxyUrl }: KubeCluster, origin: string): void {
  if (proxyUrl !== undefined && !URL.canParse(proxyUrl))
    throw new Error(`${origin}: proxy-url is no URL, expected one such as http://proxy:3128`)
  // The credentials would pass readable for everybody on the way.
  if (server.startsWith('http:') && !skipTLSVerify && proxyUrl === undefined)
    throw new Error(`${origin}: the server is http:, expected https: or insecure-skip-tls-verify: true`)
}

/** What differs, for people: `token of kubeconfig /etc/kubeconfig`; empty if nothing does. */
export function changesBetween(before: Access, after: Access): readonly string[] {
  return after.parts
    .filter(({ value }, index) => !isDeepStrictEqual(value, before.parts[index]?.value))
    .map(({ what, source }) => (source.startsWith(what) ? source : `${what} of ${source}`))
}

function impersonationOf(user: KubeUser): unknown {
  const { impersonateUser, impersonateUid, impersonateGroups, impersonateExtra } = user
  return { impersonateUser, impersonateUid, impersonateGroups, impersonateExtra }
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
}

/** The file goes before a token that is written beside it. */
function tokenOf({ token, tokenFile }: KubeUser, origin: string): Token | undefined {
  if (tokenFile !== undefined) return checkedToken(readFileSync(tokenFile, 'utf8'), `token ${tokenFile}`)
  return token === undefined ? undefined : checkedToken(token, `token of ${origin}`)
}

function checkedToken(text: string, source: string): Token {
  const value = text.trim()
  if (value === '') throw new Error(`${source} is empty`)
  try {
    validateHeaderValue('authorization', value)
  } catch {
    throw new Error(`${source} holds a character that a header cannot have`)
  }
  return { source, value }
}
