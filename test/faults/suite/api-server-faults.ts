import type { FaultKind } from './fault-kind.ts'
import { grantAllBut, takeableRights } from './rights.ts'
import type { Stage } from './stage.ts'

/** Faults of the API server itself. */
export const apiServerFaults: readonly FaultKind[] = [
  {
    name: 'api-server-away',
    what: 'killed, and gone for a while',
    place: 'api-server',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ stack }) => {
      await stack.part('kube-apiserver').kill()
      return () => stack.part('kube-apiserver').start()
    },
  },
  {
    name: 'api-server-restarted',
    what: 'killed, and started again at once',
    place: 'api-server',
    holdMs: () => 0,
    start: async ({ stack }) => {
      await stack.part('kube-apiserver').kill()
      await stack.part('kube-apiserver').start()
      return nothing
    },
  },
  {
    name: 'right-revoked',
    what: 'one right of the ServiceAccount is taken away and given back',
    place: 'api-server',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ stack }: Stage, random) => {
      await grantAllBut(stack.connection, random.pick(takeableRights))
      return () => grantAllBut(stack.connection)
    },
  },
]

async function nothing(): Promise<void> {}
