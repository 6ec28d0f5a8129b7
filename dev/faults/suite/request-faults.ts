import type { Fault, FaultOptions } from '../../api-proxy/fault-set.ts'
import type { RequestMatch } from '../../api-proxy/request-facts.ts'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { unitRandom, type FaultKind } from './fault-kind.ts'
import type { Profile } from './profile.ts'

const writes: RequestMatch = { verb: ['create', 'update', 'patch', 'delete'] }

/** Faults of requests to the API server and of their responses. */
export const requestFaults: readonly FaultKind[] = [
  injected('slow-requests', 'every request takes two seconds longer', { kind: 'latency', ms: 2_000 }),
  injected(
    'cut-requests',
    'every third connection is reset before its request is heard',
    { kind: 'cut' },
    {},
    often(3),
  ),
  injected(
    'lost-answers',
    'half of the writes are done, and the connection is reset before the answer',
    { kind: 'cut-after' },
    writes,
    often(2),
  ),
  // The connections stay dead after its end: the client has to give up by itself.
  injected(
    'half-open',
    'connections stay open, and nothing is answered',
    { kind: 'hang' },
    {},
    undefined,
    ({ outageMs }) => outageMs,
  ),
  injected(
    'throttled',
    'half of the requests are answered with 429 and Retry-After',
    { kind: 'status', code: 429, retryAfterSeconds: 1 },
    {},
    often(2),
  ),
  injected(
    'server-errors',
    'half of the requests are answered with 500',
    { kind: 'status', code: 500 },
    {},
    often(2),
  ),
  injected(
    'unavailable',
    'half of the requests are answered with 503',
    { kind: 'status', code: 503 },
    {},
    often(2),
  ),
  injected(
    'conflicts',
    'every second write is answered with 409',
    {
      kind: 'status',
      code: 409,
      message: 'the object has been modified; please apply your changes to the latest version',
    },
    writes,
    everySecond,
  ),
  injected(
    'token-expired',
    'every request is answered with 401',
    { kind: 'status', code: 401 },
    {},
    undefined,
    ({ outageMs }) => outageMs,
  ),
]

type Frequency = (random: SeededRandom) => FaultOptions

function often(one: number): Frequency {
  return (random) => ({ probability: 1 / one, random: unitRandom(random) })
}

function everySecond(): FaultOptions {
  let count = 0
  return { probability: 0.5, random: () => (count++ % 2) / 2 }
}

function injected(
  name: string,
  what: string,
  fault: Fault,
  match: RequestMatch = {},
  frequency: Frequency = () => ({}),
  holdMs: (profile: Profile) => number = () => 0,
): FaultKind {
  return {
    ...{ name, what, place: 'requests', holdMs },
    start: async ({ proxy }, random) => {
      const end = proxy.inject(fault, match, frequency(random))
      return async () => end()
    },
  }
}
