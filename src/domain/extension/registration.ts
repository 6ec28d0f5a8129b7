import type { JsonObject } from '../model/decode.ts'
import type { ExtensionAddress } from '../model/extension-config.ts'
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
}

/** The ExtensionConfig without its apiVersion, which depends on the versions that the API server has. */
export function buildExtensionConfig(
  { name, address, namespaces }: Registration,
  caBundle: string,
): JsonObject {
  return {
    kind: 'ExtensionConfig',
    metadata: { name },
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
