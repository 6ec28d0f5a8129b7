import { load } from 'js-yaml'
import { existsSync, readFileSync, statSync } from 'node:fs'
import { isIPv6 } from 'node:net'
import { homedir } from 'node:os'
import { delimiter, dirname, join } from 'node:path'
import { integerOf, isObject, nonEmptyStringOf, objectOf } from '../../domain/model/decode.ts'
import {
  clusterIn,
  contextIn,
  kubeConfigFrom,
  kubeConfigOf,
  userIn,
  type KubeConfig,
} from './kube-config-fields.ts'

/** Where the kubelet puts what a Pod needs to reach the API server. */
const serviceAccount = '/var/run/secrets/kubernetes.io/serviceaccount'

/**
 * `kubeconfig`: a file; default: the list, `~/.kube/config` or the pod's service account. `kubeconfigList`: one file or
 * several, as in the variable KUBECONFIG. `context`: of that file; default: the current one.
 */
export interface KubeConfigPlace {
  readonly kubeconfig?: string | undefined
  readonly kubeconfigList?: string | undefined
  readonly context?: string | undefined
  /** As Kubernetes tells it to a Pod. */
  readonly apiServerOfPod?: { readonly host: string; readonly port: string } | undefined
}

/** A loaded kubeconfig, which may change on disk. */
export interface OpenKubeConfig {
  readonly kubeConfig: KubeConfig
  /** What it was read from, for people: `kubeconfig /etc/kubeconfig`. */
  readonly origin: string
  /** Loads it again. @throws Error if it cannot be read, or leads to another API server */
  readonly reload: () => KubeConfig
}

/**
 * Loads a kubeconfig that can be loaded again later. The API server stays the same, whatever becomes of the file:
 * `kubectl config use-context` must not turn a running allocator to another management cluster.
 *
 * @throws Error as `loadKubeConfig` does
 */
export function openKubeConfig(place: KubeConfigPlace): OpenKubeConfig {
  const kubeConfig = loadKubeConfig(place)
  const origin = originOf(place)
  const { server } = clusterIn(kubeConfig) ?? { server: '' }
  return {
    kubeConfig,
    origin,
    reload() {
      const again = loadKubeConfig(place)
      const other = clusterIn(again)?.server ?? ''
      if (other === server) return again
      const asAtStart = { ...again, currentContext: kubeConfig.currentContext }
      const isThere = clusterIn(asAtStart)?.server === server && userIn(asAtStart) !== undefined
      if (isThere && place.context === undefined) return asAtStart
      throw new Error(
        `${origin} leads to the API server ${originOfUrl(other)}, no longer to ${originOfUrl(server)}; only a restart changes the server`,
      )
    },
  }
}

/** Without a path or a password. */
function originOfUrl(server: string): string {
  return URL.parse(server)?.origin ?? 'of an invalid address'
}

function originOf({ kubeconfig, kubeconfigList }: KubeConfigPlace): string {
  const path = kubeconfig ?? kubeconfigList ?? usersFile()
  return path === undefined ? 'kubeconfig' : `kubeconfig ${path}`
}

/**
 * Loads the address of the API server and the credentials.
 *
 * @throws Error naming the file, the context and the available contexts; it quotes nothing else of the file
 */
export function loadKubeConfig(place: KubeConfigPlace): KubeConfig {
  const { kubeconfig, kubeconfigList: list, context } = place
  const loaded = kubeconfig === undefined && list !== undefined ? mergeFiles(list) : loadOne(place)
  const kubeConfig = context === undefined ? loaded : { ...loaded, currentContext: context }
  checkContext(kubeConfig, originOf(place))
  return kubeConfig
}

/** The file that is named, the user's default file, or the Pod's service account. */
function loadOne({ kubeconfig, apiServerOfPod }: KubeConfigPlace): KubeConfig {
  const path = kubeconfig ?? usersFile()
  if (path !== undefined) return loadFile(path)
  if (existsSync(join(serviceAccount, 'token'))) return ofPod(apiServerOfPod)
  throw new Error('no kubeconfig: expected --kubeconfig, KUBECONFIG, ~/.kube/config or a service account')
}

function loadFile(path: string): KubeConfig {
  try {
    const parsed = load(readFileSync(path, 'utf8'))
    if (!isObject(parsed)) throw new Error('it is not a kubeconfig')
    return kubeConfigFrom(parsed, dirname(path))
  } catch (error) {
    throw unreadable(`kubeconfig ${path}`, error)
  }
}

function ofPod(apiServer: KubeConfigPlace['apiServerOfPod']): KubeConfig {
  if (apiServer === undefined) {
    throw new Error(
      'the Pod has a service account, but KUBERNETES_SERVICE_HOST or KUBERNETES_SERVICE_PORT is not set',
    )
  }
  const { host, port } = apiServer
  const namespaceFile = join(serviceAccount, 'namespace')
  const namespace = existsSync(namespaceFile) ? readFileSync(namespaceFile, 'utf8') : undefined
  return kubeConfigOf(
    {
      name: 'inClusterContext',
      server: `https://${isIPv6(host) ? `[${host}]` : host}:${port}`,
      skipTLSVerify: false,
      caFile: join(serviceAccount, 'ca.crt'),
    },
    { name: 'inClusterUser', tokenFile: join(serviceAccount, 'token') },
    namespace,
  )
}

/** The file of kubectl without any setting. */
function usersFile(): string | undefined {
  const home = homeDirectory()
  const path = home === undefined ? '' : join(home, '.kube', 'config')
  return existsSync(path) ? path : undefined
}

/** None for a user whom the system does not know, and to whom nothing says it. */
function homeDirectory(): string | undefined {
  try {
    return homedir()
  } catch {
    return undefined
  }
}

/** Merges files as kubectl does: the first current context counts, and the first entry of a name. A missing file is skipped. */
function mergeFiles(list: string): KubeConfig {
  const paths = list.split(delimiter).filter((path) => path !== '')
  const present = paths.filter((path) => existsSync(path))
  if (present.length === 0) throw new Error(`kubeconfig ${list} cannot be read: there is no such file`)
  const parts = present.filter((path) => statSync(path).size > 0).map(loadFile)
  return {
    clusters: firstOfEachName(parts.flatMap(({ clusters }) => clusters)),
    users: firstOfEachName(parts.flatMap(({ users }) => users)),
    contexts: firstOfEachName(parts.flatMap(({ contexts }) => contexts)),
    currentContext: parts.map(({ currentContext }) => currentContext).find((name) => name !== undefined),
  }
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): readonly T[] {
  return [...Map.groupBy(entries, ({ name }) => name).values()].flatMap((same) => same.slice(0, 1))
}

/** @throws Error that says what the current context lacks */
function checkContext(kubeConfig: KubeConfig, file: string): void {
  const name = kubeConfig.currentContext
  const context = contextIn(kubeConfig)
  if (context === undefined) {
    const isUnnamed = name === undefined && kubeConfig.contexts.length > 0
    const missing = isUnnamed
      ? 'names no current-context, and --context is not given'
      : `has no context ${name ?? ''}`.trimEnd()
    throw new Error(`${file} ${missing}: ${contextsOf(kubeConfig)}`)
  }
  const where = `${file}, context ${context.name}`
  if (clusterIn(kubeConfig) === undefined) throw new Error(`${where}: there is no cluster ${context.cluster}`)
  if (context.user === undefined) throw new Error(`${where}: it names no user`)
  if (userIn(kubeConfig) === undefined) throw new Error(`${where}: there is no user ${context.user}`)
}

function contextsOf(kubeConfig: KubeConfig): string {
  const names = kubeConfig.contexts.map(({ name }) => name)
  return names.length === 0 ? 'it has none' : `it has ${names.toSorted().join(', ')}`
}

/** Omits the lines around a syntax error, which may hold a token, and therefore the cause. */
function unreadable(file: string, error: unknown): Error {
  return new Error(`${file} cannot be read: ${messageOf(error)}`)
}

function messageOf(error: unknown): string {
  const { name, message, reason, mark } = objectOf(error)
  if (name === 'YAMLException')
    return `${unquoted(reason)}, line ${(integerOf(objectOf(mark)['line']) ?? 0) + 1}`
  // Errors of the language may quote values; those of the file system and ours do not.
  return (name === 'Error' ? nonEmptyStringOf(message) : undefined) ?? 'it is not a kubeconfig'
}

/** The reason quotes an alias or a tag, which may be part of a password. */
function unquoted(reason: unknown): string {
  return (nonEmptyStringOf(reason) ?? 'it is not YAML').replace(/(?:: | "| !<).*$/s, '')
}
