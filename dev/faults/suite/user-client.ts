import type { StackConnection } from '../../stack/connection.ts'
import { ApiError, kubernetesApi } from '../../stack/kubernetes-api.ts'

/** The users' access to the API server: as administrator, not through the proxy. */
export interface UserClient {
  readonly get: <T>(path: string) => Promise<T>
  readonly create: (path: string, object: object) => Promise<void>
  readonly patch: (path: string, patch: object) => Promise<void>
  readonly remove: (path: string, options?: { readonly foreground: boolean }) => Promise<void>
  readonly close: () => Promise<void>
}

const fieldManager = 'person'

export function openUserClient(stack: StackConnection): UserClient {
  const api = kubernetesApi(stack)
  return {
    get: (path) => api.send({ method: 'GET', path }),
    create: async (path, body) => {
      await api.send({ method: 'POST', path: `${path}?fieldManager=${fieldManager}`, body })
    },
    patch: async (path, body) => {
      await api.send({
        method: 'PATCH',
        path: `${path}?fieldManager=${fieldManager}`,
        body,
        contentType: 'application/merge-patch+json',
      })
    },
    remove: async (path, { foreground } = { foreground: false }) => {
      const propagationPolicy = foreground ? 'Foreground' : 'Background'
      await api.send({ method: 'DELETE', path, body: { propagationPolicy } })
    },
    close: api.close,
  }
}

/** Whether the API server rejected a request, as opposed to being unavailable. */
export function isRejection(error: unknown): error is ApiError {
  return error instanceof ApiError && error.status < 500 && error.status !== 429
}
