import type { JsonObject } from '../domain/model/decode.ts'
import { fieldManager } from '../domain/names.ts'
import { discoverApiVersions } from './api-versions.ts'
import { isKubernetesError } from './errors.ts'
import { pathOf, resources, type Resource } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

/** Where a runtime extension is. It belongs to Cluster API core, whose API server without it has none. */
export const extensionConfigs: Resource = {
  group: 'runtime.cluster.x-k8s.io',
  plural: 'extensionconfigs',
  kind: 'ExtensionConfig',
  namespaced: false,
  versions: ['v1beta2', 'v1alpha1'],
  provider: resources.clusters.provider,
}

/** Writes ExtensionConfigs. Every call rejects with a KubernetesError. */
export interface ExtensionConfigs {
  /** Makes it as given, also fields that others have written: its name is ours. Sets the served apiVersion. */
  apply(config: JsonObject, name: string): Promise<void>
  /** Resolves with false if there is none. */
  delete(name: string): Promise<boolean>
}

export function createExtensionConfigs(connection: Pick<KubernetesConnection, 'request'>): ExtensionConfigs {
  const versions = discoverApiVersions(connection)
  const { plural, kind } = extensionConfigs
  return {
    async apply(config, name) {
      await versions.using(extensionConfigs, (apiVersion) =>
        connection.request({
          verb: 'patch',
          resource: plural,
          action: `apply ${kind} ${name}`,
          path: pathOf(extensionConfigs, apiVersion, { name }),
          query: { force: 'true' },
          applyAs: fieldManager,
          body: { ...config, apiVersion },
        }),
      )
    },
    async delete(name) {
      try {
        await versions.using(extensionConfigs, (apiVersion) =>
          connection.request({
            verb: 'delete',
            resource: plural,
            action: `delete ${kind} ${name}`,
            path: pathOf(extensionConfigs, apiVersion, { name }),
          }),
        )
        return true
      } catch (error) {
        if (isKubernetesError(error, 'notFound')) return false
        throw error
      }
    },
  }
}
