import { fieldManager } from '../names.ts'
import { arrayOf, nonEmptyStringOf, objectOf, stringOf } from './decode.ts'
import { labelSelectorOf, matchesLabels, type LabelSelector } from './label-selector.ts'
import { objectMetaFrom, type ObjectMeta } from './object-meta.ts'

/** Where Cluster API calls a runtime extension. */
export interface ExtensionConfig extends ObjectMeta {
  /** Name of the Service; `""` if a URL takes its place. */
  readonly service: string
  readonly handlers: readonly ExtensionHandler[]
}

/** A handler that the extension has named when Cluster API discovered it. */
export interface ExtensionHandler {
  /** `<handler>.<ExtensionConfig>`. */
  readonly name: string
  /** `GeneratePatches`, `BeforeClusterCreate`, … */
  readonly hook: string
  /** Its ExtensionConfig is that of this program: by its name, its label, or because we have applied it. */
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
    service: stringOf(objectOf(objectOf(clientConfig)['service'])['name']),
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

/** Whether it is called for Clusters in a namespace, as far as the name says so: other labels are not known to differ. */
export function mayBeCalledFor({ namespaces }: ExtensionHandler, namespace: string): boolean {
  const byName = namespaces.filter(({ key }) => key === namespaceNameLabel)
  return matchesLabels(byName, { [namespaceNameLabel]: namespace })
}
