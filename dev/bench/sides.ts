import { workflowIdFor } from '../../src/workflows/contract.ts'
import { applyManifests } from '../stack/manifests.ts'
import type { Bench } from './bench.ts'
import {
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

/** Addresses of either side. Where both had the same, the allocator would see duplicates. */
const ranges = { ours: '10.240.0.1-10.240.255.254', floor: '10.241.0.1-10.241.255.254' }

/** Things that are created, of either side, before what counts. */
const warmUpCount = 20

/** Makes both sides; there is no allocator yet. `addresses` in place of the 65,000 that each side has. */
export async function openSides(
  bench: Bench,
  addresses: { readonly ours: string; readonly floor: string } = ranges,
): Promise<Sides> {
  const [ours, floor] = [bench.newNamespace('ours'), bench.newNamespace('floor')]
  await openLand(bench, { namespace: ours, addresses: addresses.ours, hasClass: true })
  await openLand(bench, { namespace: floor, addresses: addresses.floor, hasClass: false })
  const sides = {
    ours: await openSide({
      bench,
      namespace: ours,
      plural: 'clusters',
      build: clusterObject,
      isDone: hasEndpoint,
      settled: async (name) => {
        await bench.temporal.workflow.getHandle(workflowIdFor({ namespace: ours, name })).result()
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

/** Lets both sides do once what is measured afterwards: code is compiled, caches and connections are there. */
export async function warmUp(bench: Bench, { ours, floor }: Sides): Promise<void> {
  bench.progress('  warming up')
  for (const side of [floor, ours]) {
    await side.burst(bench.size(warmUpCount))
    await clearSide(bench, side)
  }
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
