import { pauseUntil, repeat, type FaultKind } from './fault-kind.ts'

/** Faults of connections to the API server, before any request is read. */
export const connectionFaults: readonly FaultKind[] = [
  {
    name: 'connections-cut',
    what: 'all connections are reset, again and again',
    place: 'connections',
    holdMs: () => 0,
    start: async ({ network }, random) =>
      repeat(async (over) => {
        await pauseUntil(200 + random.below(1_500), over)
        network.cut()
      }),
  },
  {
    name: 'connections-refused',
    what: 'new connections are reset as soon as they are made',
    place: 'connections',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ network }) => {
      network.refuse()
      return async () => network.resume()
    },
  },
  {
    name: 'network-silent',
    what: 'everything sent is acknowledged, and nothing arrives on either side',
    place: 'connections',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ network }) => {
      network.swallow()
      return async () => network.resume()
    },
  },
]
