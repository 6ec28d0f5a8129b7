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
  fixtureObjects,
} from './objects.ts'
import { pathIn } from '../stack/resource-path.ts'
import { openSubject, type Subject } from './subject.ts'

/** The two subjects of a comparison, each with its own namespace and addresses. */
export interface Subjects {
  /** Clusters, which the allocator serves. */
  readonly ours: Subject
  /** Claims without Clusters, which only the IPAM provider serves. */
  readonly floor: Subject
  /** Deletes all objects and the namespaces. */
  readonly close: () => Promise<void>
}

/** Prefixes of addresses. They differ, because the allocator would see duplicates otherwise. */
const prefixes = { ours: '10.240', floor: '10.241' }

/** Number of objects that each subject creates before the first round. */
const warmUpCount = 20

const mostAddresses = 65_000

/** Creates both subjects, with this number of addresses each, without an allocator. */
export async function openSubjects(
  bench: Bench,
  addresses: { readonly ours: number; readonly floor: number } = {
    ours: mostAddresses,
    floor: mostAddresses,
  },
): Promise<Subjects> {
  const [ours, floor] = [bench.newNamespace('ours'), bench.newNamespace('floor')]
  await createFixtures(bench, {
    namespace: ours,
    addresses: rangeOf(prefixes.ours, addresses.ours),
    hasClass: true,
  })
  await createFixtures(bench, {
    namespace: floor,
    addresses: rangeOf(prefixes.floor, addresses.floor),
    hasClass: false,
  })
  const subjects = {
    ours: await openSubject({
      bench,
      namespace: ours,
      plural: 'clusters',
      build: (namespace, name) => clusterObject(namespace, name),
      isDone: hasEndpoint,
      settled: async (name) => {
        const run = bench.temporal.workflow.getHandle(workflowIdFor({ namespace: ours, name }))
        await bench.temporal.withAbortSignal(bench.signal, () => run.result())
      },
    }),
    floor: await openSubject({
      bench,
      namespace: floor,
      plural: 'ipaddressclaims',
      build: claimObject,
      isDone: isBound,
    }),
  }
  return {
    ...subjects,
    close: async () => {
      for (const subject of [subjects.ours, subjects.floor]) {
        await clearSubject(bench, subject)
        await subject.close()
        await bench.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${subject.namespace}` })
      }
    },
  }
}

/** Deletes all objects of a subject, and waits until no run is left. */
export async function clearSubject(bench: Bench, subject: Subject): Promise<void> {
  await subject.clear()
  await bench.untilNoRuns()
}

/**
 * Opens both subjects and an allocator, warms up, runs the work, and closes everything if it succeeds.
 *
 * @param proxy for the allocator
 */
export async function withSubjects<T>(
  bench: Bench,
  work: (subjects: Subjects, allocator: Allocator) => Promise<T>,
  proxy?: ApiProxy,
): Promise<T> {
  const subjects = await openSubjects(bench)
  const { namespace } = subjects.ours
  const allocator = await bench.startAllocator({ namespace, ...(proxy !== undefined && { proxy }) })
  await warmUp(bench, subjects)
  const result = await work(subjects, allocator)
  await subjects.close()
  await allocator.stop()
  return result
}

/** Exercises both subjects, so that code is compiled, and caches are filled and connections open. */
export async function warmUp(bench: Bench, { ours, floor }: Subjects): Promise<void> {
  bench.progress('  warming up')
  for (const subject of [floor, ours]) {
    await subject.burst(bench.countFor(warmUpCount))
    await clearSubject(bench, subject)
  }
}

/** A range of `count` addresses. */
export function rangeOf(prefix: string, count: number): string {
  return `${addressIn(prefix, 1)}-${addressIn(prefix, count)}`
}

export async function createFixtures(
  bench: Bench,
  options: Parameters<typeof fixtureObjects>[0],
): Promise<void> {
  const { connection, api } = bench
  await applyManifests(connection, fixtureObjects(options))
  if (!options.hasClass || connection.clusterApiCore) return
  await api.send({
    method: 'PATCH',
    path: `${pathIn(options.namespace, 'clusterclasses', className)}/status`,
    body: classStatus,
    contentType: 'application/merge-patch+json',
  })
}
