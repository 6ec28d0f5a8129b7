import { once } from 'node:events'
import { repeat, type FaultKind } from './fault-kind.ts'

/** Faults of the IPAM provider. */
export const providerFaults: readonly FaultKind[] = [
  {
    name: 'ipam-provider-away',
    what: 'killed, and gone for a while',
    place: 'ipam-provider',
    holdMs: ({ longOutageMs }) => longOutageMs,
    start: async ({ stack }) => {
      await stack.part('ipam-provider').kill()
      return () => stack.part('ipam-provider').start()
    },
  },
  {
    name: 'ipam-provider-killed-binding',
    what: 'killed when a claim has just been made, again and again, and started again',
    place: 'ipam-provider',
    holdMs: () => 0,
    start: async ({ stack, proxy }) => {
      const made = { verb: 'create', resource: 'ipaddressclaims', code: 201 } as const
      const provider = stack.part('ipam-provider')
      return repeat(async (over) => {
        if (over.aborted) return
        await Promise.race([proxy.until(made, proxy.count(made) + 1), once(over, 'abort')])
        await provider.kill()
        // Fails while another fault has stopped the API server; the round starts all parts at its end.
        await provider.start().catch(() => undefined)
      })
    },
  },
]
