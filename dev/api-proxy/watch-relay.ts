import { once } from 'node:events'
import type { Readable } from 'node:stream'
import type { Exchange } from './exchange.ts'
import type { ActiveFault, FaultSet, WatchFault } from './fault-set.ts'
import { pause } from './pause.ts'
import { statusObject } from './status-object.ts'

const changes: readonly unknown[] = ['ADDED', 'MODIFIED', 'DELETED']

/** An open watch on its way to its client. */
export interface WatchRelay {
  /** Lets a fault act on it from now on. */
  readonly suffer: (active: ActiveFault<WatchFault>) => void
  /** Tells the client every event as it comes, in order. Returns when the watch is over for either side. */
  readonly relay: (body: Readable) => Promise<void>
}

/** Makes a relay to a client whose answer has begun. Events are to be JSON, one a line. */
export function createWatchRelay(client: Exchange, faults: FaultSet): WatchRelay {
  /** Everything goes through one queue, so that nothing overtakes. */
  let queue: Promise<unknown> = Promise.resolve()
  let silence: Promise<unknown> = Promise.resolve()

  function inTurn(tell: () => void): void {
    queue = queue.then(silenceOver).then(tell)
  }

  /** Another silence may have begun before the first was over. */
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
    inTurn(() => client.write(`${line}\n`))
  }

  return {
    suffer: ({ fault, over }) => {
      switch (fault.kind) {
        case 'silence':
          silence = Promise.all([silence, aborted(over)])
          break
        case 'expire':
          inTurn(() => client.end(expired(client)))
          break
        case 'end-watches':
          inTurn(() => client.end())
          break
        default:
          fault satisfies never
      }
    },
    relay: async (body) => {
      for await (const line of linesOf(body)) pass(line)
      inTurn(() => client.end())
      await aborted(client.over)
    },
  }
}

/** What is cut off by the end is no line. */
async function* linesOf(body: Readable): AsyncGenerator<string> {
  let rest = ''
  for await (const text of body.setEncoding('utf8') as AsyncIterable<string>) {
    const lines = (rest + text).split('\n')
    rest = lines.pop() ?? ''
    yield* lines
  }
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
