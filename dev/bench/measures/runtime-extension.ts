import { join } from 'node:path'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { inParallel } from '../../../src/domain/in-parallel.ts'
import { writeHookCertificates } from '../../hooks/hook-certificates.ts'
import { openHookClient, type CalledCluster, type HookClient } from '../../hooks/hook-client.ts'
import { freePort } from '../../stack/ports.ts'
import { pathIn } from '../../stack/resource-path.ts'
import type { Bench } from '../bench.ts'
import type { Measure } from '../measure.ts'
import { percentile } from '../statistics.ts'
import { openSubjects } from '../subjects.ts'

const defaultCount = 200
/** Calls of each round. */
const calls = 2_000
/** Workers of core's topology controller, by default. */
const atOnce = 10

/** Calls GeneratePatches for served Clusters: time until each is answered. */
export const runtimeExtension: Measure = {
  name: 'runtime-extension',
  run: async (bench) => {
    const certificates = writeHookCertificates(join(bench.connection.runDirectory, 'bench-hooks'))
    const client = openHookClient(certificates)
    const port = await freePort()
    const subjects = await openSubjects(bench)
    const { namespace } = subjects.ours
    const flags = [`--runtime-extension-bind-address=127.0.0.1:${port}`, ...certificates.flags]
    const allocator = await bench.startAllocator({ namespace, flags })
    await subjects.ours.burst(bench.countFor(defaultCount))
    await bench.untilNoRuns()
    const clusters = await clustersIn(bench, namespace)
    await timesOf(client, port, clusters)
    const rounds: number[] = []
    for (let round = 1; round <= bench.rounds; round += 1) {
      const p99 = percentile(await timesOf(client, port, clusters), 99)
      rounds.push(p99)
      bench.progress(`  round ${round} of ${bench.rounds}: p99 ${p99.toFixed(1)} ms`)
    }
    client.close()
    await subjects.close()
    await allocator.stop()
    return {
      readings: [{ figure: 'runtime-extension-p99', ours: rounds }],
      details: [`runtime-extension: ${calls} calls for ${clusters.length} Clusters, ${atOnce} at once`],
    }
  },
}

async function clustersIn(bench: Bench, namespace: string): Promise<readonly CalledCluster[]> {
  const list = await bench.api.send<JsonObject>({ method: 'GET', path: pathIn(namespace, 'clusters') })
  return arrayOf(list['items']).map((item) => {
    const { name, uid } = objectOf(objectOf(item)['metadata'])
    return { namespace, name: stringOf(name), uid: stringOf(uid) }
  })
}

/** @throws Error if a served Cluster is answered without an endpoint */
async function timesOf(
  client: HookClient,
  port: number,
  clusters: readonly CalledCluster[],
): Promise<readonly number[]> {
  const called = Array.from({ length: calls }, (_, index) => clusters[index % clusters.length])
  return inParallel(atOnce, called, async (cluster = { namespace: '', name: '', uid: '' }) => {
    const begun = performance.now()
    const answer = await client.endpointOf(port, cluster)
    if ('failure' in answer) throw new Error(`${cluster.name} is not answered: ${answer.failure}`)
    return performance.now() - begun
  })
}
