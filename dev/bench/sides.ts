import { workflowIdFor } from '../../src/workflows/contract.ts'
import type { Allocator } from '../allocator.ts'
import type { ApiProxy } from '../api-proxy/api-proxy.ts'
import { applyManifests } from '../stack/manifests.ts'
import type { Bench } from './bench.ts'
import {
  addressIn,
  className,
  classStatus,
  claimObject,
  clusterObject,
  hasEndpoint,
  isBound,
  landObjects,
  pathIn,
} from './objects.ts'
import { openSide, type Side } from './side.ts'

/** What is compared, each in a namespace of its own, with addresses of its own. */
export interface Sides {
  /** Clusters, of which the allocator takes care. */
  readonly ours: Side
  /** Claims of nobody, of which only the IPAM provider takes care. */
  readonly floor: Side
  /** Deletes all, with their namespaces. */
  readonly close: () => Promise<void>
}

/** What addresses of each side begin with. Where both had the same, the allocator would see duplicates. */
const prefixes = { ours: '10.240', floor: '10.241' }

/** Things that are created, of either side, before what counts. */
const warmUpCount = 20

const mostAddresses = 65_000

/** Makes both sides, with so many addresses each; there is no allocator yet. */
export async function openSides(
  bench: Bench,
  addresses: { readonly ours: number; readonly floor: number } = {
    ours: mostAddresses,
    floor: mostAddresses,
  },
): Promise<Sides> {
  const [ours, floor] = [bench.newNamespace('ours'), bench.newNamespace('floor')]
  await openLand(bench, {
    namespace: ours,
    addresses: rangeOf(prefixes.ours, addresses.ours),
    hasClass: true,
  })
  await openLand(bench, {
    namespace: floor,
    addresses: rangeOf(prefixes.floor, addresses.floor),
    hasClass: false,
  })
  const sides = {
    ours: await openSide({
      bench,
      namespace: ours,
      plural: 'clusters',
      build: clusterObject,
      isDone: hasEndpoint,
      settled: async (name) => {
        const run = bench.temporal.workflow.getHandle(workflowIdFor({ namespace: ours, name }))
        await bench.temporal.withAbortSignal(bench.signal, () => run.result())
      },
    }),
    floor: await openSide({
      bench,
      namespace: floor,
      plural: 'ipaddressclaims',
      build: claimObject,
      isDone: isBound,
    }),
  }
  return {
    ...sides,
    close: async () => {
      for (const side of [sides.ours, sides.floor]) {
        await clearSide(bench, side)
        await side.close()
        await bench.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${side.namespace}` })
      }
    },
  }
}

/** Deletes all of a side, and resolves when nobody has anything to do any more. */
export async function clearSide(bench: Bench, side: Side): Promise<void> {
  await side.clear()
  await bench.untilNoRuns()
}

/**
 * Opens both sides, with an allocator for ours, lets them warm up, and closes all when the work is done.
 *
 * @param proxy that the allocator goes through
 */
export async function onSides<T>(
  bench: Bench,
  work: (sides: Sides, allocator: Allocator) => Promise<T>,
  proxy?: ApiProxy,
): Promise<T> {
  const sides = await openSides(bench)
  const { namespace } = sides.ours
  const allocator = await bench.startAllocator({ namespace, ...(proxy !== undefined && { proxy }) })
  await warmUp(bench, sides)
  const result = await work(sides, allocator)
  await sides.close()
  await allocator.stop()
  return result
}

/** Lets both sides do once what is measured afterwards: code is compiled, caches and connections are there. */
export async function warmUp(bench: Bench, { ours, floor }: Sides): Promise<void> {
  bench.progress('  warming up')
  for (const side of [floor, ours]) {
    await side.burst(bench.size(warmUpCount))
    await clearSide(bench, side)
  }
}

/** A pool's range of so many addresses. */
export function rangeOf(prefix: string, count: number): string {
  return `${addressIn(prefix, 1)}-${addressIn(prefix, count)}`
}

/** Makes namespace, pool and class. */
export async function openLand(bench: Bench, land: Parameters<typeof landObjects>[0]): Promise<void> {
  const { connection, api } = bench
  await applyManifests(connection, landObjects(land))
  if (!land.hasClass || connection.clusterApiCore) return
  await api.send({
    method: 'PATCH',
    path: `${pathIn(land.namespace, 'clusterclasses', className)}/status`,
    body: classStatus,
    contentType: 'application/merge-patch+json',
  })
}
