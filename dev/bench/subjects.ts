import { workflowIdFor } from '../../src/workflows/contract.ts'
import type { Allocator } from '../allocator.ts'
import type { ApiProxy } from '../api-proxy/api-proxy.ts'
import { logTail, type Child } from '../stack/child-process.ts'
import { applyManifests } from '../stack/manifests.ts'
import type { Bench } from './bench.ts'
import {
  addressIn,
  className,
  classStatus,
  claimObject,
  clusterObject,
  hasCondition,
  hasEndpoint,
  isBound,
  fixtureObjects,
} from './objects.ts'
import { pathIn } from '../stack/resource-path.ts'
import { startPlainController } from './start-plain-controller.ts'
import { nameOf, openSubject, type Subject } from './subject.ts'

/** The two subjects of a comparison, each with its own namespace and addresses. */
export interface Subjects {
  /** Clusters, which the allocator serves. */
  readonly ours: Subject
  /** Claims without Clusters, which only the IPAM provider serves. */
  readonly floor: Subject
  /** Deletes all objects and the namespaces. */
  readonly close: () => Promise<void>
}

/** Those of the comparison with a plain controller. */
export interface Rivals extends Subjects {
  /** Clusters, which the plain controller serves. */
  readonly plain: Subject
}

export type Side = keyof Omit<Rivals, 'close'>

/** Prefixes of addresses. They differ, because the allocator would see duplicates otherwise. */
const prefixes: Readonly<Record<Side, string>> = { ours: '10.240', plain: '10.242', floor: '10.241' }

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
      for (const subject of [subjects.ours, subjects.floor]) await closeSubject(bench, subject)
    },
  }
}

async function closeSubject(bench: Bench, subject: Subject): Promise<void> {
  await clearSubject(bench, subject)
  await subject.close()
  await bench.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${subject.namespace}` })
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
  await warmUp(bench, [subjects.floor, subjects.ours])
  const result = await work(subjects, allocator)
  await subjects.close()
  await allocator.stop()
  return result
}

/**
 * Opens all sides of a comparison: an allocator, a plain controller, and neither. Warms up, runs the work, and closes
 * everything if it succeeds.
 *
 * @throws Error if the plain controller ends
 */
export async function withRivals<T>(
  bench: Bench,
  work: (rivals: Rivals, programs: { readonly allocator: Allocator; readonly plain: Child }) => Promise<T>,
): Promise<T> {
  return withSubjects(bench, async (subjects, allocator) => {
    const plain = await openPlainSubject(bench)
    const controller = await startPlainController(bench.connection, plain.namespace)
    bench.alsoClose(() => controller.stop())
    const ended = controller.ended.then((how): never => {
      throw new Error(
        `${controller.name} ended with ${how}. The end of its log:\n${logTail(controller.logPath)}`,
      )
    })
    const rivals = { ...subjects, plain }
    const result = await Promise.race([
      ended,
      (async () => {
        await warmUp(bench, [plain])
        return work(rivals, { allocator, plain: controller })
      })(),
    ])
    await closeSubject(bench, plain)
    ended.catch(() => undefined)
    await controller.stop()
    return result
  })
}

async function openPlainSubject(bench: Bench): Promise<Subject> {
  const namespace = bench.newNamespace('plain')
  const addresses = rangeOf(prefixes.plain, mostAddresses)
  await createFixtures(bench, { namespace, addresses, hasClass: true })
  const subject = await openSubject({
    bench,
    namespace,
    plural: 'clusters',
    build: (namespace, name) => clusterObject(namespace, name),
    isDone: hasEndpoint,
    settled: (name) =>
      subject.untilMatching(1, (cluster) => nameOf(cluster) === name && hasCondition(cluster)),
  })
  return subject
}

/**
 * Gives each side a turn in every round, and clears it.
 *
 * @returns what the rounds gave, by side
 */
export async function inTurns<T>(
  bench: Bench,
  rivals: Rivals,
  turn: (subject: Subject, side: Side) => Promise<T>,
  describe: (result: T) => string,
): Promise<Readonly<Record<Side, readonly T[]>>> {
  const results: Record<Side, T[]> = { floor: [], plain: [], ours: [] }
  for (let round = 1; round <= bench.rounds; round += 1) {
    const shown: string[] = []
    for (const side of ['floor', 'plain', 'ours'] as const) {
      const result = await turn(rivals[side], side)
      await clearSubject(bench, rivals[side])
      results[side].push(result)
      shown.unshift(`${side} ${describe(result)}`)
    }
    bench.progress(`  round ${round} of ${bench.rounds}: ${shown.join(', ')}`)
  }
  return results
}

/** Exercises subjects, so that code is compiled, and caches are filled and connections open. */
export async function warmUp(bench: Bench, subjects: readonly Subject[]): Promise<void> {
  bench.progress('  warming up')
  for (const subject of subjects) {
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
