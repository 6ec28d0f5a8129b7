import { objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { clusterClassKey, clusterNameLabel } from '../../../src/domain/names.ts'
import { applyManifests } from '../../stack/manifests.ts'
import { startRawWatch, type RawWatch } from '../../stack/raw-watch.ts'
import { apiVersions, pathIn } from '../../stack/resource-path.ts'
import type { Bench } from '../bench.ts'
import { eventually } from '../eventually.ts'
import { gateWays, type GateWay } from '../gate-ways.ts'
import type { Measure } from '../measure.ts'
import { clusterObject, hasEndpoint, poolName } from '../objects.ts'
import { median } from '../statistics.ts'
import { clearNamespace, nameOf } from '../subject.ts'
import { rangeOf } from '../subjects.ts'

const defaultCount = 6
const addresses = rangeOf('10.243', 65_000)

/** Milliseconds of one Cluster. */
interface Times {
  /** From the request that creates the Cluster to its VIP. */
  readonly toVip: number
  /** From the VIP to the infrastructure cluster. */
  readonly toInfrastructure: number
}

/** Creates one Cluster after another of each way: time from the VIP until Cluster API has created the infrastructure cluster. */
export const gates: Measure = {
  name: 'gates',
  needsCore: true,
  run: async (bench) => {
    const namespace = bench.newNamespace('gates')
    await createFixtures(bench, namespace)
    const observer = await openObserver(bench, namespace)
    const allocator = await bench.startAllocator({ namespace })
    bench.progress('  warming up')
    for (const way of gateWays) await observer.timesOf(way)
    const rounds: (readonly Times[])[][] = gateWays.map(() => [])
    for (let round = 1; round <= bench.rounds; round += 1) {
      for (const [index, way] of gateWays.entries()) {
        const times: Times[] = []
        for (let each = 0; each < bench.countFor(defaultCount); each += 1) {
          times.push(await observer.timesOf(way))
        }
        rounds[index]?.push(times)
      }
      await clearNamespace(bench.api, namespace, bench.signal)
      await bench.untilNoRuns()
      bench.progress(`  round ${round} of ${bench.rounds}`)
    }
    await observer.close()
    await allocator.stop()
    await bench.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
    return {
      readings: gateWays.map(({ figure }, index) => ({
        figure,
        ours: (rounds[index] ?? []).map((times) =>
          median(times.map(({ toInfrastructure }) => toInfrastructure)),
        ),
      })),
      details: gateWays.map(({ figure }, index) => describe(figure, (rounds[index] ?? []).flat())),
    }
  },
}

async function createFixtures(bench: Bench, namespace: string): Promise<void> {
  const annotations = { [clusterClassKey]: '*' }
  const pool = {
    apiVersion: apiVersions.inclusterippools,
    kind: 'InClusterIPPool',
    metadata: { namespace, name: poolName, labels: { [clusterClassKey]: 'true' }, annotations },
    spec: { addresses: [addresses], prefix: 16 },
  }
  await applyManifests(bench.connection, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    pool,
    ...gateWays.flatMap(({ objects }) => objects(namespace)),
  ])
}

interface Observer {
  /** Creates a Cluster of this way. @throws Error if its infrastructure cluster comes without the VIP */
  readonly timesOf: (way: GateWay) => Promise<Times>
  readonly close: () => Promise<unknown>
}

/** Watches Clusters and infrastructure clusters. */
async function openObserver(bench: Bench, namespace: string): Promise<Observer> {
  /** When the VIP of a Cluster was first observed, by its name. */
  const vips = new Map<string, number>()
  /** When its infrastructure cluster was, and the host in that version. */
  const infrastructures = new Map<string, { readonly at: number; readonly host: string }>()
  let serial = 0

  const watch = (
    path: string,
    onVersion: (object: JsonObject) => void,
  ): Pick<RawWatch, 'listed' | 'close'> => {
    const started = startRawWatch({
      stack: bench.connection,
      path,
      onVersion: ({ object, isGone }) => {
        if (!isGone) onVersion(object)
      },
    })
    let closing: Promise<void> | undefined
    const close = (): Promise<void> => (closing ??= started.close())
    bench.alsoClose(close)
    return { listed: started.listed, close }
  }
  const watches = [
    watch(pathIn(namespace, 'clusters'), (cluster) => {
      const name = nameOf(cluster)
      if (hasEndpoint(cluster) && !vips.has(name)) vips.set(name, performance.now())
    }),
    watch(infrastructurePath(namespace), (object) => {
      const name = stringOf(objectOf(objectOf(object['metadata'])['labels'])[clusterNameLabel])
      const { host } = objectOf(objectOf(object['spec'])['controlPlaneEndpoint'])
      if (!infrastructures.has(name)) {
        infrastructures.set(name, { at: performance.now(), host: stringOf(host) })
      }
    }),
  ]
  await Promise.all(watches.map(({ listed }) => listed))

  return {
    timesOf: async ({ figure, className }) => {
      serial += 1
      const name = `g${String(serial).padStart(4, '0')}`
      const begun = performance.now()
      const body = clusterObject(namespace, name, className)
      await bench.api.send({ method: 'POST', path: pathIn(namespace, 'clusters'), body })
      await eventually(`the infrastructure cluster of ${name}`, bench.signal, async () =>
        Promise.resolve(vips.has(name) && infrastructures.has(name)),
      )
      const vip = vips.get(name) ?? Number.NaN
      const { at, host } = infrastructures.get(name) ?? { at: Number.NaN, host: '' }
      if (host === '')
        throw new Error(`${figure}: the infrastructure cluster of ${name} came without the VIP`)
      return { toVip: vip - begun, toInfrastructure: at - vip }
    },
    close: () => Promise.all(watches.map((each) => each.close())),
  }
}

/** Of the kind in examples/demo-infrastructure-crds.yaml. */
function infrastructurePath(namespace: string): string {
  return `/apis/infrastructure.demo.vip.capi.gorizond.io/v1alpha1/namespaces/${namespace}/democlusters`
}

function describe(figure: string, times: readonly Times[]): string {
  const shown = (of: (each: Times) => number): string => {
    const values = times.map(of)
    const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)]
    return `${middle.toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`
  }
  return [
    `${figure}, ${times.length} Clusters: from creation to VIP ${shown(({ toVip }) => toVip)}`,
    `from VIP to infrastructure cluster ${shown(({ toInfrastructure }) => toInfrastructure)}`,
    `from creation to infrastructure cluster ${shown(({ toVip, toInfrastructure }) => toVip + toInfrastructure)}`,
  ].join(', ')
}
