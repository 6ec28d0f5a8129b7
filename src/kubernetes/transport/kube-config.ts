import { KubeConfig } from '@kubernetes/client-node'
import { integerOf, nonEmptyStringOf, objectOf } from '../../domain/model/decode.ts'

/** The default of client-node if it finds no configuration. */
const nothingFound = 'http://localhost:8080'

/**
 * Loads the address of the API server and the credentials.
 *
 * @param source `kubeconfig`: a file; default, as for kubectl: KUBECONFIG, `~/.kube/config` or the pod's service account.
 *   `context`: of that file; default: the current one.
 * @throws Error naming the file, the context and the available contexts; it quotes nothing else of the file
 */
export function loadKubeConfig(source: {
  readonly kubeconfig?: string | undefined
  readonly context?: string | undefined
}): KubeConfig {
  const kubeConfig = new KubeConfig()
  const file = source.kubeconfig === undefined ? 'kubeconfig' : `kubeconfig ${source.kubeconfig}`
  try {
    if (source.kubeconfig === undefined) kubeConfig.loadFromDefault()
    else kubeConfig.loadFromFile(source.kubeconfig)
  } catch (error) {
    throw unreadable(file, error)
  }
  if (source.context !== undefined) kubeConfig.setCurrentContext(source.context)
  checkContext(kubeConfig, file)
  return kubeConfig
}

/** client-node would use a context with a missing user without the CA, and fail much later with a TLS error. */
function checkContext(kubeConfig: KubeConfig, file: string): void {
  const name = kubeConfig.getCurrentContext()
  const context = kubeConfig.getContextObject(name)
  if (context === null) throw new Error(`${file} has no context ${name ?? ''}: ${contextsOf(kubeConfig)}`)
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
