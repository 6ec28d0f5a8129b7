import { existsSync, readFileSync, statSync } from 'node:fs'
import { delimiter, dirname, join } from 'node:path'
import { load } from 'js-yaml'
import { integerOf, nonEmptyStringOf, objectOf } from '../../domain/model/decode.ts'
import { findHomeDir, KubeConfig } from './client-node.ts'
import { withUnreadFields } from './kube-config-fields.ts'

/** The default of client-node if it finds no configuration. */
const nothingFound = 'http://localhost:8080'

/**
 * `kubeconfig`: a file; default: the list, `~/.kube/config` or the pod's service account. `kubeconfigList`: one file or
 * several, as in the variable KUBECONFIG. `context`: of that file; default: the current one.
 */
export interface KubeConfigPlace {
  readonly kubeconfig?: string | undefined
  readonly kubeconfigList?: string | undefined
  readonly context?: string | undefined
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
  const { server } = kubeConfig.getCurrentCluster() ?? { server: '' }
  const context = kubeConfig.getCurrentContext()
  return {
    kubeConfig,
    origin,
    reload() {
      const again = loadKubeConfig(place)
      const other = again.getCurrentCluster()?.server ?? ''
      if (other === server) return again
      if (again.getContextObject(context) !== null && place.context === undefined) {
        again.setCurrentContext(context)
        if (again.getCurrentCluster()?.server === server && again.getCurrentUser() !== null) return again
      }
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
  const file = originOf(place)
  const kubeConfig =
    kubeconfig === undefined && list !== undefined ? mergeFiles(list) : loadOne(kubeconfig, file)
  if (context !== undefined) kubeConfig.setCurrentContext(context)
  checkContext(kubeConfig, file)
  return kubeConfig
}

/** @param path undefined: the user's default file, or the Pod's service account */
function loadOne(path: string | undefined, file: string): KubeConfig {
  const kubeConfig = new KubeConfig()
  const present = path ?? usersFile()
  try {
    if (present === undefined) {
      kubeConfig.loadFromDefault()
      return kubeConfig
    }
    const text = readFileSync(present, 'utf8')
    kubeConfig.loadFromString(text)
    kubeConfig.makePathsAbsolute(dirname(present))
    return withUnreadFields(kubeConfig, objectOf(load(text)), dirname(present))
  } catch (error) {
    throw unreadable(file, error)
  }
}

/** The file of kubectl without any setting. */
function usersFile(): string | undefined {
  const home = findHomeDir()
  const path = home === null ? '' : join(home, '.kube', 'config')
  return existsSync(path) ? path : undefined
}

/** Merges files as kubectl does: the first current context counts, and the first entry of a name. A missing file is skipped. */
function mergeFiles(list: string): KubeConfig {
  const paths = list.split(delimiter).filter((path) => path !== '')
  const present = paths.filter((path) => existsSync(path))
  if (present.length === 0) throw new Error(`kubeconfig ${list} cannot be read: there is no such file`)
  const parts = present
    .filter((path) => statSync(path).size > 0)
    .map((path) => loadOne(path, `kubeconfig ${path}`))
  const merged = new KubeConfig()
  merged.loadFromOptions({
    clusters: firstOfEachName(parts.flatMap((part) => part.getClusters())),
    users: firstOfEachName(parts.flatMap((part) => part.getUsers())),
    contexts: firstOfEachName(parts.flatMap((part) => part.getContexts())),
    currentContext: parts.map((part) => part.getCurrentContext()).find(Boolean) ?? '',
  })
  return merged
}

function firstOfEachName<T extends { readonly name: string }>(entries: readonly T[]): T[] {
  return [...Map.groupBy(entries, ({ name }) => name).values()].flatMap((same) => same.slice(0, 1))
}

/** client-node would use a context with a missing user without the CA, and fail much later with a TLS error. */
function checkContext(kubeConfig: KubeConfig, file: string): void {
  const name = kubeConfig.getCurrentContext()
  const context = kubeConfig.getContextObject(name)
  if (context === null) {
    const isUnnamed = !name && kubeConfig.getContexts().length > 0
    const missing = isUnnamed
      ? 'names no current-context, and --context is not given'
      : `has no context ${name ?? ''}`.trimEnd()
    throw new Error(`${file} ${missing}: ${contextsOf(kubeConfig)}`)
  }
  const cluster = kubeConfig.getCurrentCluster()
  if (cluster === null) throw new Error(`${file}, context ${name}: there is no cluster ${context.cluster}`)
  if (kubeConfig.getCurrentUser() === null) {
    throw new Error(`${file}, context ${name}: there is no user ${context.user}`)
  }
  if (cluster.server === nothingFound && name === 'loaded-context') {
    throw new Error('no kubeconfig: expected --kubeconfig, KUBECONFIG, ~/.kube/config or a service account')
  }
}

function contextsOf(kubeConfig: KubeConfig): string {
  const names = kubeConfig.getContexts().map((context) => context.name)
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
  // Errors of the language may quote values; those of the file system and of client-node do not.
  return (name === 'Error' ? nonEmptyStringOf(message) : undefined) ?? 'it is not a kubeconfig'
}

/** The reason quotes an alias or a tag, which may be part of a password. */
function unquoted(reason: unknown): string {
  return (nonEmptyStringOf(reason) ?? 'it is not YAML').replace(/(?:: | "| !<).*$/s, '')
}
