import { errors } from 'undici'
import { objectOf, stringOf } from '../../domain/model/decode.ts'
import type { ApiRequest } from '../transport/api-request.ts'
import type { KubernetesConnection } from '../transport/connection.ts'
import { toKubernetesError } from '../transport/to-kubernetes-error.ts'

/** One line of a watch. The `object` of an `ERROR` is a Status. */
export interface WatchEvent {
  readonly type: string
  readonly object: unknown
}

export interface WatchListener {
  readonly onOpen: () => void
  /** May throw, which ends the watch with that error. */
  readonly onEvent: (event: WatchEvent) => void
}

/**
 * How a watch ended without a failure: the server ended it regularly, it was silent for too long (a quiet kind, or a
 * connection that died unnoticed), or our signal was aborted.
 */
export type WatchEnd = 'ended' | 'silent' | 'stopped'

/**
 * Reads one watch to its end. The listener gets no event after the promise has settled.
 *
 * @returns rejects with a KubernetesError if the watch cannot be opened or breaks
 */
export async function readWatch(
  connection: Pick<KubernetesConnection, 'open'>,
  request: ApiRequest & { readonly signal: AbortSignal },
  silenceMs: number,
  listener: WatchListener,
): Promise<WatchEnd> {
  try {
    const watch = await connection.open(request, silenceMs)
    try {
      listener.onOpen()
      for await (const line of linesOf(watch.body)) listener.onEvent(eventFrom(line))
      return 'ended'
    } finally {
      await watch.close()
    }
  } catch (error) {
    if (request.signal.aborted) return 'stopped'
    if (error instanceof errors.BodyTimeoutError) return 'silent'
    throw toKubernetesError(error, request.action)
  }
}

/** The network can cut a line anywhere, even within a character. */
async function* linesOf(body: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  const decoder = new TextDecoder()
  let rest = ''
  for await (const chunk of body) {
    const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
}

function eventFrom(line: string): WatchEvent {
  const event = objectOf(JSON.parse(line))
  return { type: stringOf(event['type']), object: event['object'] }
}
