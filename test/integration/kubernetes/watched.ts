import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { startInformer, type InformerOptions } from '../../../src/kubernetes/informer/informer.ts'
import type { Informer, InformerTuning } from '../../../src/kubernetes/informer/informer-types.ts'
import { createJournal, type Journal } from './support.ts'

/** An informer of claims, with everything it does. */
export interface WatchedClaims {
  readonly watch: Informer<IPAddressClaim>
  /** Calls of the handler: `upsert a`, `delete a`, `listed a,b`. */
  readonly delivered: Journal<string>
  /** All requests as they were sent. */
  readonly sent: Journal<ApiRequest>
  readonly logged: Journal<readonly [string, Readonly<Record<string, unknown>>]>
  /** Stops the informer, and waits for its end. */
  readonly stop: () => Promise<void>
}

/** Short back-off, and no relist unless a test asks for it. */
const quick: Partial<InformerTuning> = {
  relistMs: 3_600_000,
  backOff: { firstMs: 10, longestMs: 50 },
}

/** Starts an informer of claims; `failOn` makes the handler throw. */
export function watchClaims(
  options: Pick<
    InformerOptions<'ipaddressclaims'>,
    'connection' | 'namespaces' | 'labelSelector' | 'tuning'
  > & {
    readonly failOn?: (delivered: string) => boolean
    readonly signal?: AbortSignal
  },
): WatchedClaims {
  const delivered = createJournal<string>()
  const sent = createJournal<ApiRequest>()
  const logged = createJournal<readonly [string, Readonly<Record<string, unknown>>]>()
  const stopping = new AbortController()
  const deliver = (line: string): void => {
    if (options.failOn?.(line) === true) throw new Error(`cannot take ${line}`)
    delivered.add(line)
  }
  const log = (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    logged.add([message, fields])
  const watch = startInformer({
    ...options,
    connection: recording(options.connection, sent),
    resource: 'ipaddressclaims',
    handler: {
      onUpsert: (claim) => deliver(`upsert ${claim.name}`),
      onDelete: (claim) => deliver(`delete ${claim.name}`),
      onListed: (claims) =>
        deliver(
          `listed ${claims
            .map((claim) => claim.name)
            .toSorted()
            .join(',')}`,
        ),
    },
    signal: options.signal ?? stopping.signal,
    log: { debug: () => undefined, info: () => undefined, warn: log, error: log },
    tuning: { ...quick, ...options.tuning },
  })
  const stop = async (): Promise<void> => {
    stopping.abort()
    await watch.done
  }
  return { watch, delivered, sent, logged, stop }
}

/** Records each request before it is sent. */
export function recording(connection: KubernetesConnection, sent: Journal<ApiRequest>): KubernetesConnection {
  return {
    ...connection,
    request: (request) => {
      sent.add(request)
      return connection.request(request)
    },
    open: (request, silenceMs) => {
      sent.add(request)
      return connection.open(request, silenceMs)
    },
  }
}

export function isWatch(request: ApiRequest): boolean {
  return request.verb === 'watch'
}

export function isList(request: ApiRequest): boolean {
  return request.verb === 'list'
}
