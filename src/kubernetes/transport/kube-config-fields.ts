import { isAbsolute, join } from 'node:path'
import { arrayOf, isObject, nonEmptyStringOf, objectOf, type JsonObject } from '../../domain/model/decode.ts'

/** A kubeconfig, with all that kubectl reads of it. The first entry of a name counts. */
export interface KubeConfig {
  readonly clusters: readonly KubeCluster[]
  readonly users: readonly KubeUser[]
  readonly contexts: readonly KubeContext[]
  readonly currentContext: string | undefined
}

export interface KubeCluster {
  readonly name: string
  readonly server: string
  readonly skipTLSVerify: boolean
  readonly caFile?: string | undefined
  /** In base64. */
  readonly caData?: string | undefined
  readonly tlsServerName?: string | undefined
  readonly proxyUrl?: string | undefined
  /** The extension that is for exec plugins. */
  readonly execConfig?: unknown
}

export interface KubeUser {
  readonly name: string
  readonly certFile?: string | undefined
  /** In base64. */
  readonly certData?: string | undefined
  readonly keyFile?: string | undefined
  /** In base64. */
  readonly keyData?: string | undefined
  readonly token?: string | undefined
  readonly tokenFile?: string | undefined
  readonly username?: string | undefined
  readonly password?: string | undefined
  readonly exec?: JsonObject | undefined
  readonly authProvider?: JsonObject | undefined
  readonly impersonateUser?: string | undefined
  readonly impersonateUid?: string | undefined
  readonly impersonateGroups?: readonly string[]
  /** Values by key. */
  readonly impersonateExtra?: Readonly<Record<string, readonly string[]>>
}

export interface KubeContext {
  readonly name: string
  readonly cluster: string
  readonly user?: string | undefined
  readonly namespace?: string | undefined
}

/** The context of a name; default: the current one. */
export function contextIn(kubeConfig: KubeConfig, name = kubeConfig.currentContext): KubeContext | undefined {
  return kubeConfig.contexts.find((context) => context.name === name)
}

/** The cluster of the current context. */
export function clusterIn(kubeConfig: KubeConfig): KubeCluster | undefined {
  const context = contextIn(kubeConfig)
  return kubeConfig.clusters.find(({ name }) => name === context?.cluster)
}

/** The user of the current context. */
export function userIn(kubeConfig: KubeConfig): KubeUser | undefined {
  const context = contextIn(kubeConfig)
  return kubeConfig.users.find(({ name }) => name === context?.user)
}

/** A kubeconfig of one context. */
export function kubeConfigOf(cluster: KubeCluster, user: KubeUser, namespace?: string): KubeConfig {
  const context = { name: cluster.name, cluster: cluster.name, user: user.name, namespace }
  return { clusters: [cluster], users: [user], contexts: [context], currentContext: context.name }
}

/** Makes a path of a kubeconfig absolute, which is relative to the file. */
type Absolute = (path: string) => string

/**
 * Reads a parsed kubeconfig.
 *
 * @param directory of the file
 * @throws Error that names a field that is missing or no text, and quotes no value
 */
export function kubeConfigFrom(raw: JsonObject, directory: string): KubeConfig {
  const absolute: Absolute = (path) => (isAbsolute(path) ? path : join(directory, path))
  return {
    clusters: entriesIn(raw, 'clusters', 'cluster').map((entry) => clusterFrom(entry, absolute)),
    users: entriesIn(raw, 'users', 'user').map((entry) => userFrom(entry, absolute)),
    contexts: entriesIn(raw, 'contexts', 'context').map(contextFrom),
    currentContext: nonEmptyStringOf(raw['current-context']),
  }
}

interface Entry {
  readonly name: string
  /** For people: `users[0].user`. */
  readonly place: string
  /** Undefined if the entry has nothing but a name. */
  readonly fields: JsonObject | undefined
}

function entriesIn(raw: JsonObject, list: string, kind: string): readonly Entry[] {
  return arrayOf(raw[list]).map((item, index) => {
    const entry = objectOf(item)
    const fields = entry[kind]
    return {
      name: requiredText(entry, 'name', `${list}[${index}]`),
      place: `${list}[${index}].${kind}`,
      fields: isObject(fields) ? fields : undefined,
    }
  })
}

function clusterFrom({ name, place, fields }: Entry, absolute: Absolute): KubeCluster {
  if (fields === undefined) throw new Error(`${place} is missing`)
  const text = textsOf(fields, place)
  const caFile = text('certificate-authority')
  const extension = arrayOf(fields['extensions'])
    .map(objectOf)
    .find((each) => each['name'] === execExtension)
  return {
    name,
    server: requiredText(fields, 'server', place).replace(/\/$/, ''),
    skipTLSVerify: fields['insecure-skip-tls-verify'] === true,
    caFile: caFile && absolute(caFile),
    caData: text('certificate-authority-data'),
    tlsServerName: text('tls-server-name'),
    proxyUrl: text('proxy-url'),
    ...(extension !== undefined && { execConfig: extension['extension'] }),
  }
}

/** The name of the extension for exec plugins. */
const execExtension = 'client.authentication.k8s.io/exec'

function userFrom({ name, place, fields = {} }: Entry, absolute: Absolute): KubeUser {
  const text = textsOf(fields, place)
  const [certFile, keyFile, tokenFile] = [text('client-certificate'), text('client-key'), text('tokenFile')]
  const { exec, 'auth-provider': authProvider } = fields
  // A provider of that form is a file with a token, and nothing else.
  const ofProvider = nonEmptyStringOf(objectOf(objectOf(authProvider)['config'])['tokenFile'])
  const groups = arrayOf(fields['as-groups']).map(String)
  const extra = Object.entries(objectOf(fields['as-user-extra'])).map(
    ([key, values]) => [key, arrayOf(values).map(String)] as const,
  )
  return {
    name,
    certFile: certFile && absolute(certFile),
    certData: text('client-certificate-data'),
    keyFile: keyFile && absolute(keyFile),
    keyData: text('client-key-data'),
    token: text('token'),
    tokenFile: tokenFile === undefined ? ofProvider : absolute(tokenFile),
    username: text('username'),
    password: text('password'),
    impersonateUser: text('as'),
    impersonateUid: text('as-uid'),
    ...(isObject(exec) && { exec: pluginBeside(exec, absolute) }),
    ...(isObject(authProvider) && ofProvider === undefined && { authProvider }),
    ...(groups.length > 0 && { impersonateGroups: groups }),
    ...(extra.length > 0 && { impersonateExtra: Object.fromEntries(extra) }),
  }
}

/** A command with a path is relative to the file; one without is found in PATH. */
function pluginBeside(exec: JsonObject, absolute: Absolute): JsonObject {
  const command = nonEmptyStringOf(exec['command'])
  return command?.includes('/') === true ? { ...exec, command: absolute(command) } : exec
}

function contextFrom({ name, place, fields }: Entry): KubeContext {
  if (fields === undefined) throw new Error(`${place} is missing`)
  const text = textsOf(fields, place)
  return {
    name,
    cluster: requiredText(fields, 'cluster', place),
    user: text('user'),
    namespace: text('namespace'),
  }
}

function requiredText(fields: JsonObject, field: string, place: string): string {
  const text = textsOf(fields, place)(field)
  if (text === undefined) throw new Error(`${place}.${field} is missing`)
  return text
}

/** Reads fields that hold texts; undefined for one that is absent or empty. The value may be a token, and is not quoted. */
function textsOf(fields: JsonObject, place: string): (field: string) => string | undefined {
  return (field) => {
    const value = fields[field] ?? ''
    if (typeof value !== 'string') throw new Error(`${place}.${field} is no text, expected it in quotes`)
    return value === '' ? undefined : value
  }
}

/** The headers of impersonation. */
export function impersonationHeaders(user: KubeUser): Readonly<Record<string, string | string[]>> {
  const { impersonateUser, impersonateUid, impersonateGroups = [], impersonateExtra = {} } = user
  return {
    ...(impersonateUser !== undefined && { 'impersonate-user': impersonateUser }),
    ...(impersonateUid !== undefined && { 'impersonate-uid': impersonateUid }),
    ...(impersonateGroups.length > 0 && { 'impersonate-group': [...impersonateGroups] }),
    ...Object.fromEntries(
      Object.entries(impersonateExtra).map(([key, values]) => [
        `impersonate-extra-${encodeURIComponent(key).toLowerCase()}`,
        [...values],
      ]),
    ),
  }
}
