import { fieldManager } from '../names.ts'
import { arrayOf, integerOf, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from './decode.ts'
import { labelSelectorOf, matchesLabels, type LabelSelector } from './label-selector.ts'
import { objectMetaFrom, type ObjectMeta } from './object-meta.ts'

/** Where Cluster API calls a runtime extension. */
export interface ExtensionConfig extends ObjectMeta {
  /** Undefined if it cannot be read. */
  readonly address: ExtensionAddress | undefined
  /** The authorities by which Cluster API verifies it (PEM); undefined if there are none. */
  readonly caBundle: string | undefined
  readonly handlers: readonly ExtensionHandler[]
  /** Its ExtensionConfig is that of this program: by its name, its label, or because we have applied it. */
  readonly isOurs: boolean
  /** Why Cluster API could not discover the handlers when it tried last; undefined if it could, or has not tried. */
  readonly undiscovered: string | undefined
}

/** How Cluster API reaches an extension. */
export type ExtensionAddress = { readonly url: string } | ServiceAddress

export interface ServiceAddress {
  readonly namespace: string
  readonly service: string
  /** Undefined: the usual one. */
  readonly port: number | undefined
}

/** A handler that the extension has named when Cluster API discovered it. */
export interface ExtensionHandler {
  /** `<handler>.<ExtensionConfig>`. */
  readonly name: string
  /** `GeneratePatches`, `BeforeClusterCreate`, … */
  readonly hook: string
  /** As of its ExtensionConfig. */
  readonly isOurs: boolean
  /** Nothing goes on while it cannot be reached (`failurePolicy: Fail`, the default). */
  readonly isFailClosed: boolean
  /** The labels of the Namespaces for whose Clusters it is called. */
  readonly namespaces: LabelSelector
}

/** The name of our ExtensionConfig, and the value of the label by which Helm charts name a product. */
const ownName = 'capi-vip-allocator'
const productLabel = 'app.kubernetes.io/name'
/** Set by Kubernetes on every Namespace. */
const namespaceNameLabel = 'kubernetes.io/metadata.name'

/** Reads an ExtensionConfig of runtime.cluster.x-k8s.io. */
export function extensionConfigFrom(object: unknown): ExtensionConfig {
  const { metadata, spec, status } = objectOf(object)
  const { clientConfig, namespaceSelector } = objectOf(spec)
  const namespaces = labelSelectorOf(namespaceSelector)
  const meta = objectMetaFrom(object)
  const isApplied = arrayOf(objectOf(metadata)['managedFields']).some(
    (entry) => objectOf(entry)['manager'] === fieldManager,
  )
  const isOurs = isApplied || meta.name === ownName || meta.labels[productLabel] === ownName
  return {
    ...meta,
    address: addressIn(objectOf(clientConfig)),
    caBundle: pemIn(objectOf(clientConfig)['caBundle']),
    isOurs,
    undiscovered: undiscoveredIn(arrayOf(objectOf(status)['conditions'])),
    handlers: arrayOf(objectOf(status)['handlers']).map((handler) => {
      const { name, requestHook, failurePolicy } = objectOf(handler)
      return {
        name: stringOf(name),
        hook: stringOf(objectOf(requestHook)['hook']),
        isOurs,
        isFailClosed: (nonEmptyStringOf(failurePolicy) ?? 'Fail') === 'Fail',
        namespaces,
      }
    }),
  }
}

function addressIn(clientConfig: JsonObject): ExtensionAddress | undefined {
  const url = nonEmptyStringOf(clientConfig['url'])
  if (url !== undefined) return { url }
  const { namespace, name, port } = objectOf(clientConfig['service'])
  const service = nonEmptyStringOf(name)
  return service === undefined
    ? undefined
    : { namespace: stringOf(namespace), service, port: integerOf(port) }
}

function pemIn(base64: unknown): string | undefined {
  const text = nonEmptyStringOf(base64)
  try {
    return text === undefined ? undefined : atob(text)
  } catch {
    return undefined
  }
}

function undiscoveredIn(conditions: readonly unknown[]): string | undefined {
  const { status, message } = conditions.map(objectOf).find(({ type }) => type === 'Discovered') ?? {}
  return status === 'False' ? stringOf(message) : undefined
}

/** For people: `Service namespace/name`, or the URL. */
export function describeAddress(address: ExtensionAddress | undefined): string {
  if (address === undefined) return 'nowhere'
  return 'url' in address ? address.url : `Service ${address.namespace}/${address.service}`
}

/** Whether it is called for Clusters in a namespace, as far as the name says so: other labels are not known to differ. */
export function mayBeCalledFor({ namespaces }: ExtensionHandler, namespace: string): boolean {
  const byName = namespaces.filter(({ key }) => key === namespaceNameLabel)
  return matchesLabels(byName, { [namespaceNameLabel]: namespace })
}

/** The ExtensionConfig of a handler, by the name of the handler. */
export function extensionNameIn(handler: string): string {
  return handler.slice(handler.lastIndexOf('.') + 1)
}

/** A call of a handler that has failed, as Cluster API says so of a Cluster. */
export interface FailedCall {
  readonly handler: string
  /** `unselected`: the namespaceSelector leaves the Cluster out; `no-answer`: whatever else has no answer of the extension. */
  readonly cause: 'unselected' | 'no-answer'
  readonly why: string
}

/**
 * Reads the message of a condition of a Cluster.
 *
 * @returns undefined if it says nothing of a failed call; a Failure that the extension answers is an answer
 */
export function failedCallIn(message: string): FailedCall | undefined {
  const { handler = '', why = '' } =
    /failed to call extension handler "(?<handler>[^"]+)": (?<why>.+)/s.exec(message)?.groups ?? {}
  if (handler === '' || why.startsWith('got failure response')) return undefined
  return { handler, cause: why.startsWith('namespaceSelector') ? 'unselected' : 'no-answer', why }
}
