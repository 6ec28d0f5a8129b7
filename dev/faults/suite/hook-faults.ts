import { arrayOf, objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { openHookClient, type HookClient, type HookEndpoint } from '../../hooks/hook-client.ts'
import { pathIn } from '../../stack/resource-path.ts'
import { pauseUntil, repeat, type FaultKind } from './fault-kind.ts'
import { namespaces } from './fixtures.ts'
import type { Harness } from './harness.ts'

/** Faults of the runtime extension, with a client in the place of Cluster API core. */
export const hookFaults: readonly FaultKind[] = [
  {
    name: 'hooks-killed-and-cut',
    what: 'hooks are called for all Clusters, some calls are cut, and the processes are killed during them',
    place: 'hooks',
    holdMs: ({ outageMs }) => outageMs,
    start: async (harness, random) => {
      const client = openHookClient(harness.hooks)
      /** By uid: a living endpoint must never move. */
      const answered = new Map<string, string>()
      const endCalls = repeat((over) => callAll(harness, client, answered, over))
      const endCuts = repeat(async (over) => {
        await pauseUntil(300 + random.below(1_200), over)
        await cutCall(harness, client, 1 + random.below(40))
      })
      const endKills = repeat(async (over) => {
        await pauseUntil(1_500 + random.below(3_000), over)
        if (over.aborted) return
        await harness.fleet.kill()
        await harness.fleet.fill()
      })
      return async () => {
        try {
          await Promise.all([endCalls(), endCuts(), endKills()])
        } finally {
          client.close()
        }
      }
    },
  },
]

interface StoredCluster {
  readonly namespace: string
  readonly name: string
  readonly uid: string
  readonly host: string
}

/** @throws Error if an answer contradicts the Cluster, or an earlier answer */
async function callAll(
  harness: Harness,
  client: HookClient,
  answered: Map<string, string>,
  over: AbortSignal,
): Promise<void> {
  for (const cluster of await clustersOf(harness)) {
    const port = harness.fleet.hookPorts()[0]
    if (over.aborted || port === undefined) break
    const answer = await client.endpointOf(port, cluster).catch(() => undefined)
    if (answer === undefined || 'failure' in answer) continue
    await expectTrue(harness, cluster, answer)
    const { uid, namespace, name } = cluster
    const before = answered.get(uid)
    if (before !== undefined && before !== answer.host) {
      throw new Error(`the hook answered ${before} for ${namespace}/${name}, and ${answer.host} later`)
    }
    answered.set(uid, answer.host)
  }
  await pauseUntil(100, over)
}

/** The endpoint in the answer is the Cluster's, which may have come after the list. */
async function expectTrue(
  { client }: Harness,
  { namespace, name, uid, host }: StoredCluster,
  answer: Exclude<HookEndpoint, { readonly failure: string }>,
): Promise<void> {
  if (answer.host === host) return
  const now = await client.get<JsonObject>(pathIn(namespace, 'clusters', name)).catch(() => undefined)
  if (now === undefined) return
  const stored = storedCluster(now)
  if (stored.uid === uid && stored.host !== answer.host) {
    throw new Error(`the hook answered ${answer.host} for ${namespace}/${name}, which has "${stored.host}"`)
  }
}

async function clustersOf({ client }: Harness): Promise<readonly StoredCluster[]> {
  const lists = await Promise.all(
    namespaces.map((namespace) =>
      client.get<JsonObject>(pathIn(namespace, 'clusters')).catch(() => ({ items: [] })),
    ),
  )
  return lists.flatMap(({ items }) => arrayOf(items)).map(storedCluster)
}

function storedCluster(object: unknown): StoredCluster {
  const { metadata, spec } = objectOf(object)
  const { namespace, name, uid } = objectOf(metadata)
  const { host } = objectOf(objectOf(spec)['controlPlaneEndpoint'])
  return { namespace: stringOf(namespace), name: stringOf(name), uid: stringOf(uid), host: stringOf(host) }
}

/** Calls, and breaks the connection off before the answer. */
async function cutCall(harness: Harness, client: HookClient, afterMs: number): Promise<void> {
  const port = harness.fleet.hookPorts()[0]
  if (port === undefined) return
  const cluster = { namespace: namespaces[0], name: 'cut', uid: 'cut' }
  await client.endpointOf(port, cluster, AbortSignal.timeout(afterMs)).catch(() => undefined)
}
