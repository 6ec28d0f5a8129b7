import type { RegistrationOwner } from '../domain/extension/registration.ts'
import { objectOf, type JsonObject } from '../domain/model/decode.ts'
import { extensionConfigFrom, type ExtensionConfig } from '../domain/model/extension-config.ts'
import { objectMetaFrom } from '../domain/model/object-meta.ts'
import { discoverApiVersions } from './api-versions.ts'
import { createObjectClient, unlessNotFound } from './objects.ts'
import { pathOf, resources, type DecodedResource } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/** Where a runtime extension is. It belongs to Cluster API core, whose API server without it has none. */
export const extensionConfigs: DecodedResource<ExtensionConfig> = {
  group: 'runtime.cluster.x-k8s.io',
  plural: 'extensionconfigs',
  kind: 'ExtensionConfig',
  namespaced: false,
  versions: ['v1beta2', 'v1alpha1'],
  provider: resources.clusters.provider,
  decode: extensionConfigFrom,
}

const clusterRoles = {
  group: 'rbac.authorization.k8s.io',
  plural: 'clusterroles',
  kind: 'ClusterRole',
  namespaced: false,
  versions: ['v1'],
  provider: 'Kubernetes',
  decode: objectMetaFrom,
} as const

/** Reads and writes ExtensionConfigs. Every call rejects with a KubernetesError. */
export interface ExtensionConfigs {
  /** Undefined if there is none. */
  get(name: string): Promise<ExtensionConfig | undefined>
  /**
   * Makes it as given, also fields that others have written: its name is ours. Sets the served apiVersion.
   *
   * @param resourceVersion of the object that `config` was made for: rejects with `conflict` if it has changed since
   */
  apply(config: JsonObject, name: string, resourceVersion: string | undefined): Promise<void>
  /** Resolves with false if there is none. */
  delete(name: string): Promise<boolean>
  /** The ClusterRole that is to own one; undefined if there is none, or it is being deleted. */
  ownerOf(name: string): Promise<RegistrationOwner | undefined>
}

export function createExtensionConfigs(connection: KubernetesConnection): ExtensionConfigs {
  const versions = discoverApiVersions(connection)
  const { plural, kind } = extensionConfigs
  const { get, apply } = createObjectClient({ connection, versions }, extensionConfigs)
  const roles = createObjectClient({ connection, versions }, clusterRoles)
  return {
    get: (name) => get({ namespace: '', name }),
    async apply(config, name, resourceVersion) {
      const metadata = { ...objectOf(config['metadata']), ...(resourceVersion && { resourceVersion }) }
      await apply({ ...config, metadata: { ...metadata, name } })
    },
    async delete(name) {
      const deleted = await unlessNotFound(
        versions.using(extensionConfigs, (apiVersion) =>
          connection.request({
            verb: 'delete',
            resource: plural,
            action: `delete ${kind} ${name}`,
            path: pathOf(extensionConfigs, apiVersion, { name }),
          }),
        ),
      )
      return deleted !== undefined
    },
    async ownerOf(name) {
      const role = await roles.get({ namespace: '', name })
      return role === undefined || role.isDeleting ? undefined : { name, uid: role.uid }
    },
  }
}
