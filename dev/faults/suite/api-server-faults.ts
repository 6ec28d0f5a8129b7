import type { Stack } from '../../stack/stack.ts'
import type { FaultKind } from './fault-kind.ts'
import { grantAllExcept, revocablePermissions } from './permissions.ts'
import type { Harness } from './harness.ts'

/** Faults of the API server itself. */
export const apiServerFaults: readonly FaultKind[] = [
  {
    name: 'api-server-away',
    what: 'killed, and gone for a while',
    place: 'api-server',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ stack }) => {
      await stack.part('kube-apiserver').kill()
      return async () => {
        await stack.part('kube-apiserver').start()
        await restartGarbageCollector(stack)
      }
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
      return () => restartGarbageCollector(stack)
    },
  },
  {
    name: 'right-revoked',
    what: 'one right of the ServiceAccount is taken away and given back',
    place: 'api-server',
    holdMs: ({ outageMs }) => outageMs,
    start: async ({ stack }: Harness, random) => {
      await grantAllExcept(stack.connection, random.pick(revocablePermissions))
      return () => grantAllExcept(stack.connection)
    },
  },
]

/**
 * If a Cluster was deleted and recreated while the garbage collector could not watch, the collector's next list shows
 * one changed object, and it never collects the dependents of the previous Cluster. A new collector does.
 */
async function restartGarbageCollector(stack: Stack): Promise<void> {
  await stack.part('kube-controller-manager').kill()
  await stack.part('kube-controller-manager').start()
}
