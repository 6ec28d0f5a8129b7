import { identifyingNamespace } from '../../domain/management-cluster.ts'
import { messageOf } from '../../domain/quote.ts'
import { isKubernetesError } from '../../kubernetes/errors.ts'
import type { Log } from '../../observability/log.ts'

/** Which management cluster this is. */
export interface ManagementClusterIdentity {
  /**
   * The uid of its namespace kube-system; undefined if it may not be read, or is not there, which is logged once.
   *
   * @throws KubernetesError if the API server does not answer
   */
  uid(): Promise<string | undefined>
  /** Why the uid may not be read; undefined if it was, or if nobody knows yet. */
  readonly trouble: () => string | undefined
}

export interface IdentityOptions {
  readonly read: () => Promise<string>
  readonly log: Pick<Log, 'warn'>
  /** Milliseconds. */
  readonly now: () => number
}

/** Milliseconds for which a refusal holds: somebody may grant the permission, or a new API server may not be complete yet. */
const refusedForMs = 60_000

/** Reads the uid when it is first needed, and keeps it. Requests at the same time are one. */
export function createManagementClusterIdentity({
  read,
  log,
  now,
}: IdentityOptions): ManagementClusterIdentity {
  let known: string | undefined
  let refused: { readonly at: number; readonly why: string } | undefined
  let reading: Promise<string | undefined> | undefined

  const readOnce = async (): Promise<string | undefined> => {
    try {
      known = await read()
      refused = undefined
    } catch (error) {
      if (!isKubernetesError(error, 'forbidden', 'notFound', 'notServed', 'invalid')) throw error
      const why = messageOf(error)
      if (refused === undefined) {
        log.warn(
          `Cannot tell which management cluster this is; runs name none, so no other management cluster may use this Temporal namespace without --management-cluster. Permission to get Namespace ${identifyingNamespace} is missing`,
          { error: why },
        )
      }
      refused = { at: now(), why }
    }
    return known
  }

  return {
    async uid() {
      if (known !== undefined) return known
      if (refused !== undefined && now() - refused.at < refusedForMs) return undefined
      reading ??= readOnce().finally(() => (reading = undefined))
      return reading
    },
    trouble: () => refused?.why,
  }
}
