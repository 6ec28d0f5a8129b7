import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, isObject, type JsonObject } from '../../../src/domain/model/decode.ts'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { pathIn } from '../../stack/resource-path.ts'
import { clusterFacts, type ClusterFacts } from '../invariants/facts.ts'
import { namespaces } from './fixtures.ts'
import type { Harness } from './harness.ts'

/** Addresses that are freed after a round. */
const turns = 3
const servedWithinMs = 30_000
const pollMs = 100

/**
 * Frees addresses for which Clusters wait, each once the one before has gone to somebody. Call it at quiet: then nothing else
 * changes, and I13 says who had to be next.
 *
 * @returns whether any was freed
 */
export async function freeQueuedAddresses(
  { client }: Pick<Harness, 'client'>,
  random: SeededRandom,
  note: (line: string) => void,
): Promise<boolean> {
  for (let turn = 0; turn < turns; turn++) {
    const clusters = await readQueued(client)
    const waiting = clusters.filter(({ host }) => host === '')
    const [holder] = random.shuffled(clusters.filter(({ host }) => host !== ''))
    if (holder === undefined || waiting.length === 0) return turn > 0
    note(`${holder.key} gives its address to who is first of ${waiting.length}`)
    await client.remove(pathIn(holder.namespace, 'clusters', holder.name))
    await untilServed(client, waiting)
  }
  return true
}

/** Gives up after a time; then the checks of all invariants say what is wrong. */
async function untilServed(client: Harness['client'], waiting: readonly ClusterFacts[]): Promise<void> {
  const uids = waiting.map(({ uid }) => uid)
  const deadline = Date.now() + servedWithinMs
  while (Date.now() < deadline) {
    const clusters = await readQueued(client)
    if (clusters.some(({ uid, host }) => uids.includes(uid) && host !== '')) return
    await delay(pollMs)
  }
}

/** The Clusters of the class that can be served, or are. */
async function readQueued(client: Harness['client']): Promise<readonly ClusterFacts[]> {
  const lists = await Promise.all(
    namespaces.map((namespace) => client.get<JsonObject>(pathIn(namespace, 'clusters'))),
  )
  return lists
    .flatMap(({ items }) => arrayOf(items).filter(isObject))
    .map(clusterFacts)
    .filter(({ className, isPaused, isDeleting }) => className === 'queued' && !isPaused && !isDeleting)
}
