import type { IPAddressClaim } from '../../../src/domain/model/claim.ts'
import type { ApiRequest } from '../../../src/kubernetes/transport/api-request.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'
import { startInformer, type InformerOptions } from '../../../src/kubernetes/informer/informer.ts'
import type { Informer, InformerTuning } from '../../../src/kubernetes/informer/informer-types.ts'
import { createJournal, type Journal } from './support.ts'

/** A watch of claims under test, and everything it does. */
export interface WatchedClaims {
  readonly watch: Informer<IPAddressClaim>
  /** What the handler was told: `upsert a`, `delete a`, `listed a,b`. */
  readonly told: Journal<string>
  /** Every page, watch and question that was sent, as it was sent. */
  readonly sent: Journal<ApiRequest>
  /** Warnings and errors, with their fields. */
  readonly logged: Journal<readonly [string, Readonly<Record<string, unknown>>]>
  /** Ends the watch and waits for its end. */
  readonly stop: () => Promise<void>
}

/** Fails fast, so that tests need not wait; relists only where a test says so. */
const quick: Partial<InformerTuning> = {
  relistMs: 3_600_000,
  backOff: { firstMs: 10, longestMs: 50 },
}

/** Starts a watch of claims; `failOn`: what the handler throws at. */
export function watchClaims(
  options: Pick<
    InformerOptions<'ipaddressclaims'>,
    'connection' | 'namespaces' | 'labelSelector' | 'tuning'
  > & {
    readonly failOn?: (told: string) => boolean
    readonly signal?: AbortSignal
  },
): WatchedClaims {
  const told = createJournal<string>()
  const sent = createJournal<ApiRequest>()
  const logged = createJournal<readonly [string, Readonly<Record<string, unknown>>]>()
  const stopping = new AbortController()
  const tell = (line: string): void => {
    if (options.failOn?.(line) === true) throw new Error(`cannot take ${line}`)
    told.add(line)
  }
  const log = (message: string, fields: Readonly<Record<string, unknown>> = {}): void =>
    logged.add([message, fields])
  const watch = startInformer({
    ...options,
    connection: recording(options.connection, sent),
    resource: 'ipaddressclaims',
    handler: {
      onUpsert: (claim) => tell(`upsert ${claim.name}`),
      onDelete: (claim) => tell(`delete ${claim.name}`),
      onListed: (claims) =>
        tell(
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
  return { watch, told, sent, logged, stop }
}

/** The connection, with everything that is sent over it written down before it is sent. */
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
