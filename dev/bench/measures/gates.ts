import { join } from 'node:path'
import { handlerNames, type HandlerName } from '../../../src/domain/extension/hooks.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { clusterClassKey, clusterNameLabel } from '../../../src/domain/names.ts'
import type { Allocator } from '../../allocator.ts'
import { extensionConfigObject } from '../../hooks/extension-objects.ts'
import { writeHookCertificates } from '../../hooks/hook-certificates.ts'
import { ApiError } from '../../stack/kubernetes-api.ts'
import { applyManifests } from '../../stack/manifests.ts'
import { freePort } from '../../stack/ports.ts'
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
/** Of each namespace: on one network the allocator takes no address twice. */
const addresses: Readonly<Record<HandlerName, string>> = {
  patch: rangeOf('10.243', 60_000),
  gate: rangeOf('10.244', 60_000),
}

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
    const sites = await openSites(bench)
    const timesOf = (way: GateWay): Promise<Times> => siteOf(sites, way).observer.timesOf(way)
    bench.progress('  warming up')
    await Promise.all(gateWays.map((way) => timesOf(way)))
    const rounds: (readonly Times[])[][] = gateWays.map(() => [])
    for (let round = 1; round <= bench.rounds; round += 1) {
      for (const [index, way] of gateWays.entries()) {
        const times: Times[] = []
        for (let each = 0; each < bench.countFor(defaultCount); each += 1) times.push(await timesOf(way))
        rounds[index]?.push(times)
      }
      for (const { namespace } of sites) await clearNamespace(bench.api, namespace, bench.signal)
      await bench.untilNoRuns()
      bench.progress(`  round ${round} of ${bench.rounds}`)
    }
    await closeSites(bench, sites)
    return {
      readings: gateWays.flatMap(({ figure, figureCreated }, index) => [
        { figure, ours: mediansOf(rounds[index], ({ toInfrastructure }) => toInfrastructure) },
        { figure: figureCreated, ours: mediansOf(rounds[index], sinceCreation) },
      ]),
      details: gateWays.map(({ name }, index) => describe(name, (rounds[index] ?? []).flat())),
    }
  },
}

/**
 * A namespace with an allocator of its own, which is its runtime extension. One handler in each: `gate` would hold back the
 * Clusters of the other ways, too.
 */
interface Site {
  readonly handler: HandlerName
  /** Also the name of its ExtensionConfig. */
  readonly namespace: string
  readonly allocator: Allocator
  readonly observer: Observer
}

async function openSites(bench: Bench): Promise<readonly Site[]> {
  const sites: Site[] = []
  for (const handler of handlerNames) sites.push(await openSite(bench, handler))
  return sites
}

function siteOf(sites: readonly Site[], way: GateWay): Site {
  const site = sites.find(({ handler }) => handler === way.handler)
  if (site === undefined) throw new Error(`no allocator serves the handler ${way.handler}`)
  return site
}

async function openSite(bench: Bench, handler: HandlerName): Promise<Site> {
  const namespace = bench.newNamespace('gates')
  await createFixtures(bench, namespace, handler)
  const observer = await openObserver(bench, namespace)
  const certificates = writeHookCertificates(join(bench.connection.runDirectory, namespace), {
    isOpenToAll: true,
  })
  const port = await freePort()
  const flags = [
    `--runtime-extension-bind-address=127.0.0.1:${port}`,
    `--runtime-extension-handlers=${handler}`,
    ...certificates.flags,
  ]
  const allocator = await bench.startAllocator({ namespace, ownTaskQueue: true, flags })
  const { authority } = certificates
  const url = `https://127.0.0.1:${port}`
  bench.alsoClose(() => unregister(bench, namespace))
  await applyManifests(bench.connection, [
    extensionConfigObject({ name: namespace, url, authority, namespace }),
  ])
  await eventually(`the handler of ${namespace} to be discovered`, bench.signal, async () => {
    const config = await bench.api.send<JsonObject>({ method: 'GET', path: extensionPath(namespace) })
    return arrayOf(objectOf(config['status'])['handlers']).length > 0
  })
  return { handler, namespace, allocator, observer }
}

async function closeSites(bench: Bench, sites: readonly Site[]): Promise<void> {
  for (const { namespace, allocator, observer } of sites) {
    await observer.close()
    await unregister(bench, namespace)
    await allocator.stop()
    await bench.api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
  }
}

/** Before its allocator ends: core starts no more while an extension is away. */
async function unregister(bench: Bench, name: string): Promise<void> {
  const path = extensionPath(name)
  await bench.api.send({ method: 'DELETE', path }).catch((error: unknown) => {
    if (!(error instanceof ApiError && error.status === 404)) throw error
  })
}

function extensionPath(name: string): string {
  return `/apis/runtime.cluster.x-k8s.io/v1beta2/extensionconfigs/${name}`
}

async function createFixtures(bench: Bench, namespace: string, handler: HandlerName): Promise<void> {
  const annotations = { [clusterClassKey]: '*' }
  const pool = {
    apiVersion: apiVersions.inclusterippools,
    kind: 'InClusterIPPool',
    metadata: { namespace, name: poolName, labels: { [clusterClassKey]: 'true' }, annotations },
    spec: { addresses: [addresses[handler]], prefix: 16 },
  }
  await applyManifests(bench.connection, [
    { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } },
    pool,
    ...gateWays.filter((way) => way.handler === handler).flatMap(({ objects }) => objects(namespace)),
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
    timesOf: async ({ name: way, className }) => {
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
      if (host === '') throw new Error(`${way}: the infrastructure cluster of ${name} came without the VIP`)
      return { toVip: vip - begun, toInfrastructure: at - vip }
    },
    close: () => Promise.all(watches.map((each) => each.close())),
  }
}

/** Of the kind in examples/demo-infrastructure-crds.yaml. */
function infrastructurePath(namespace: string): string {
  return `/apis/infrastructure.demo.vip.capi.gorizond.io/v1alpha1/namespaces/${namespace}/democlusters`
}

function sinceCreation({ toVip, toInfrastructure }: Times): number {
  return toVip + toInfrastructure
}

/** The median of each round. */
function mediansOf(
  rounds: readonly (readonly Times[])[] = [],
  of: (times: Times) => number,
): readonly number[] {
  return rounds.map((times) => median(times.map(of)))
}

function describe(way: string, times: readonly Times[]): string {
  const shown = (of: (each: Times) => number): string => {
    const values = times.map(of)
    const [least, middle, most] = [Math.min(...values), median(values), Math.max(...values)]
    return `${middle.toFixed(0)} ms (${least.toFixed(0)} to ${most.toFixed(0)})`
  }
  return [
    `${way}, ${times.length} Clusters: from creation to VIP ${shown(({ toVip }) => toVip)}`,
    `from VIP to infrastructure cluster ${shown(({ toInfrastructure }) => toInfrastructure)}`,
    `from creation to infrastructure cluster ${shown(sinceCreation)}`,
  ].join(', ')
}
