import { once } from 'node:events'
import type { Readable } from 'node:stream'
import { setTimeout as delay } from 'node:timers/promises'
import { linesOf } from '../stack/raw-watch.ts'
import type { Exchange } from './exchange.ts'
import type { ActiveFault, FaultSet, WatchFault } from './fault-set.ts'
import { statusObject } from './status-object.ts'

const changes: readonly unknown[] = ['ADDED', 'MODIFIED', 'DELETED']

/** Relays an open watch to its client. */
export interface WatchRelay {
  /** Applies a fault from now on. */
  readonly apply: (active: ActiveFault<WatchFault>) => void
  /** Relays all events in order. Returns when either side ends the watch. */
  readonly relay: (body: Readable) => Promise<void>
}

/** Creates a relay to a client whose response has begun. Events are lines of JSON. */
export function createWatchRelay(client: Exchange, faults: FaultSet): WatchRelay {
  /** Everything goes through one queue, in order. */
  let queue: Promise<unknown> = Promise.resolve()
  let silence: Promise<unknown> = Promise.resolve()

  function enqueue(send: () => void): void {
    queue = queue.then(silenceOver).then(send)
  }

  /** Another silence may have begun before the end of the first. */
  async function silenceOver(): Promise<void> {
    for (let awaited; awaited !== silence;) {
      awaited = silence
      await awaited
    }
  }

  function pass(line: string): void {
    if (isChange(line) && faults.strike('lose-events', client.facts) !== undefined) return
    const lag = faults.strike('lag', client.facts)
    if (lag !== undefined) {
      const lagging = pause(lag.fault.ms, [lag.over, client.over])
      queue = queue.then(() => lagging)
    }
    enqueue(() => client.write(`${line}\n`))
  }

  return {
    apply: ({ fault, over }) => {
      switch (fault.kind) {
        case 'silence':
          silence = Promise.all([silence, aborted(over)])
          break
        case 'expire':
          enqueue(() => client.end(expired(client)))
          break
        case 'end-watches':
          enqueue(() => client.end())
          break
        default:
          fault satisfies never
      }
    },
    relay: async (body) => {
      for await (const line of linesOf(body)) pass(line)
      enqueue(() => client.end())
      await aborted(client.over)
    },
  }
}

/** Waits, but ends early if a signal is aborted. */
export async function pause(ms: number, until: readonly AbortSignal[]): Promise<void> {
  await delay(ms, undefined, { signal: AbortSignal.any([...until]) }).catch(() => undefined)
}

function isChange(line: string): boolean {
  const { type }: { type?: unknown } = JSON.parse(line)
  return changes.includes(type)
}

function expired({ facts }: Exchange): string {
  const message = 'too old resource version: 1 (2)'
  return `${JSON.stringify({ type: 'ERROR', object: statusObject({ code: 410, message }, facts) })}\n`
}

async function aborted(signal: AbortSignal): Promise<void> {
  if (!signal.aborted) await once(signal, 'abort')
}
