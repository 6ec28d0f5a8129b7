import { randomBytes } from 'node:crypto'
import { closeAll } from '../../../dev/stack/close-all.ts'
import type { StackConnection } from '../../../dev/stack/connection.ts'
import { kubernetesApi, type KubernetesApi } from '../../../dev/stack/kubernetes-api.ts'
import {
  connectTo,
  type ConnectionOptions,
  type KubernetesConnection,
} from '../../../src/kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../../src/kubernetes/transport/kube-config.ts'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import { ipamGroup } from '../../../src/domain/names.ts'
import { realParts } from '../../support/real-parts.ts'

/** Access to an API server. */
export type ServerAccess = Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token' | 'kubeconfigPath'>

/** The shared API server. */
export function connection(): ServerAccess {
  return realParts().stack
}

/** Connects as the product does; `port`: that of a proxy in front of the server. */
export function connectAs(
  server: Pick<ServerAccess, 'kubeconfigPath'>,
  options: Partial<ConnectionOptions> & { readonly port?: number } = {},
): KubernetesConnection {
  const { port } = options
  const loaded = loadKubeConfig({ kubeconfig: server.kubeconfigPath })
  const through = port === undefined ? {} : { server: `https://127.0.0.1:${port}` }
  const kubeConfig = {
    ...loaded,
    clusters: loaded.clusters.map((cluster) => ({ ...cluster, ...through })),
  }
  return connectTo({ kubeConfig, version: '0.0.0-test', ...options })
}

export function portOf(server: Pick<ServerAccess, 'apiServerUrl'>): number {
  return Number(new URL(server.apiServerUrl).port)
}

/** Changes objects independently of the product. */
export interface Admin {
  readonly api: KubernetesApi
  readonly create: (path: string, object: JsonObject) => Promise<JsonObject>
  readonly patch: (path: string, patch: JsonObject) => Promise<JsonObject>
  readonly remove: (path: string) => Promise<void>
  /** Creates a namespace, which `close` deletes. */
  readonly namespace: () => Promise<string>
  readonly close: () => Promise<void>
}

export function adminOf(server: ServerAccess): Admin {
  const api = kubernetesApi(server)
  const namespaces: string[] = []
  const remove = async (path: string): Promise<void> => {
    await api.send({ method: 'DELETE', path })
  }
  return {
    api,
    create: (path, body) => api.send({ method: 'POST', path, body }),
    patch: (path, body) =>
      api.send({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' }),
    remove,
    namespace: async () => {
      const name = uniqueName('kubernetes-test')
      const body = { apiVersion: 'v1', kind: 'Namespace', metadata: { name } }
      await api.send({ method: 'POST', path: '/api/v1/namespaces', body })
      namespaces.push(name)
      return name
    },
    close: async () => {
      await Promise.all(namespaces.map((name) => remove(`/api/v1/namespaces/${name}`)))
      await api.close()
    },
  }
}

export function uniqueName(prefix: string): string {
  return `${prefix}-${randomBytes(4).toString('hex')}`
}

/** Path of all claims in a namespace, or of one. */
export function claimPath(namespace: string, name?: string, version = 'v1beta2'): string {
  const collection = `/apis/${ipamGroup}/${version}/namespaces/${namespace}/ipaddressclaims`
  return name === undefined ? collection : `${collection}/${name}`
}

/** A claim that no provider handles: its Cluster does not exist. */
export function claimObject(
  namespace: string,
  name: string,
  labels: Record<string, string> = {},
): JsonObject {
  return {
    apiVersion: `${ipamGroup}/v1beta2`,
    kind: 'IPAddressClaim',
    metadata: { namespace, name, labels },
    spec: {
      clusterName: 'no-such-cluster',
      poolRef: { apiGroup: ipamGroup, kind: 'GlobalInClusterIPPool', name: 'no-such-pool' },
    },
  }
}

export function createClaim(
  admin: Pick<Admin, 'create'>,
  namespace: string,
  name: string,
  labels?: Record<string, string>,
): Promise<JsonObject> {
  return admin.create(claimPath(namespace), claimObject(namespace, name, labels))
}

/** Recorded entries in order, and a way to await one. */
export interface Journal<T> {
  readonly entries: readonly T[]
  readonly add: (entry: T) => void
  /** Resolves with the first matching entry, past or future. */
  readonly until: (predicate: (entry: T) => boolean) => Promise<T>
}

export function createJournal<T>(): Journal<T> {
  const entries: T[] = []
  const waiting = new Set<(entry: T) => void>()
  return {
    entries,
    add: (entry) => {
      entries.push(entry)
      for (const offer of waiting) offer(entry)
    },
    until: (predicate) =>
      new Promise((resolve) => {
        const offer = (entry: T): void => {
          if (!predicate(entry)) return
          waiting.delete(offer)
          resolve(entry)
        }
        waiting.add(offer)
        for (const entry of entries) offer(entry)
      }),
  }
}

/** Closes what a test has opened, in reverse order. */
export interface Cleanup {
  readonly after: (close: () => unknown) => void
  readonly run: () => Promise<void>
}

export function createCleanup(): Cleanup {
  const closers: (() => unknown)[] = []
  return {
    after: (close) => void closers.push(close),
    run: () => closeAll(closers),
  }
}
