import type { JsonObject } from '../model/decode.ts'
import { describeAddress, type ExtensionAddress, type ExtensionConfig } from '../model/extension-config.ts'
import type { LabelSelector } from '../model/label-selector.ts'

/** The name of our ExtensionConfig, unless a flag gives another one. Handlers are called `patch.<name>`. */
export const defaultExtensionConfigName = 'capi-vip-allocator'

/** What a flag says: `https://HOST:PORT`, or `NAMESPACE/SERVICE[:PORT]`; undefined if it is neither. */
export function extensionAddressFrom(text: string): ExtensionAddress | undefined {
  if (URL.parse(text)?.protocol === 'https:') return { url: text }
  const [, namespace = '', service = '', port] =
    /^([a-z0-9][-a-z0-9]*)\/([a-z][-a-z0-9]*)(?::(\d{1,5}))?$/.exec(text) ?? []
  if (service === '') return undefined
  return { namespace, service, port: port === undefined ? undefined : Number(port) }
}

export interface Registration {
  readonly name: string
  readonly address: ExtensionAddress
  /** PEM. */
  readonly authority: string
  /** Core calls for Clusters in these Namespaces only. */
  readonly namespaces: LabelSelector
  /** Name of the ClusterRole with which the ExtensionConfig goes; undefined: it stays until somebody deletes it. */
  readonly owner: string | undefined
}

/** The ClusterRole that owns an ExtensionConfig, as it is now: one of the same name that is created later has another uid. */
export interface RegistrationOwner {
  readonly name: string
  readonly uid: string
}

/**
 * Whether the ExtensionConfig is that of another installation, and in which words: whatever has our owner or leads to our
 * address is ours.
 *
 * @param existing undefined if there is none
 */
export function conflictWith(
  existing: ExtensionConfig | undefined,
  { name, address }: Pick<Registration, 'name' | 'address'>,
  owner: RegistrationOwner | undefined,
): string | undefined {
  if (existing === undefined || isSameTarget(existing.address, address)) return undefined
  if (existing.ownerReferences.some(({ uid }) => uid === owner?.uid)) return undefined
  return `ExtensionConfig ${name} is that of another installation: it leads to ${describeAddress(existing.address)}, not to ${describeAddress(address)}`
}

function isSameTarget(existing: ExtensionAddress | undefined, ours: ExtensionAddress): boolean {
  return describeAddress(existing) === describeAddress(ours)
}

/** The ExtensionConfig without its apiVersion, which depends on the versions that the API server has. */
export function buildExtensionConfig(
  { name, address, namespaces }: Registration,
  caBundle: string,
  owner: RegistrationOwner | undefined,
): JsonObject {
  return {
    kind: 'ExtensionConfig',
    metadata: { name, ...(owner && { ownerReferences: [referenceTo(owner)] }) },
    spec: {
      clientConfig: { ...clientConfigOf(address), caBundle },
      namespaceSelector: {
        matchExpressions: namespaces.map(({ key, operator, values }) => ({
          key,
          operator,
          ...(values.length > 0 && { values: [...values] }),
        })),
      },
    },
  }
}

/** By which the garbage collector deletes the ExtensionConfig with its owner. */
function referenceTo({ name, uid }: RegistrationOwner): JsonObject {
  return { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name, uid }
}

function clientConfigOf(address: ExtensionAddress): JsonObject {
  if ('url' in address) return { url: address.url }
  const { namespace, service: name, port } = address
  return { service: { namespace, name, ...(port !== undefined && { port }) } }
}

/** The Namespaces of an installation that serves some only; all, if there are none. */
export function namespacesNamed(names: readonly string[]): LabelSelector {
  return names.length === 0
    ? []
    : [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: [...names] }]
}
