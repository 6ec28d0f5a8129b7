import { inClusterPool } from '../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, type IPPool } from '../../src/domain/model/pool.ts'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ipAddressFrom, type IPAddress } from '../../src/domain/model/ip-address.ts'
import { ipAddressClaimFrom, type IPAddressClaim } from '../../src/domain/model/claim.ts'
import { arrayOf } from '../../src/domain/model/decode.ts'
import { clusterFrom, isValidEndpoint, type Cluster } from '../../src/domain/model/cluster.ts'
import { clusterClassKey } from '../../src/domain/names.ts'
import { formatKey, type NamespacedName, type ObjectMeta } from '../../src/domain/model/object-meta.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { applyObjects, readManifests } from '../../dev/stack/manifests.ts'
import { startRawWatch } from '../../dev/stack/raw-watch.ts'
import { pathIn, type Plural } from '../../dev/stack/resource-path.ts'
import { longestWaitMs } from '../support/eventually.ts'
import { offerEvidence, timeoutError } from '../support/evidence.ts'
import { objectEvidence } from '../support/object-evidence.ts'
import { isShared } from '../support/real-parts.ts'
import { runEvidence } from '../support/run-evidence.ts'

const goneWithinMs = 100_000

const examples = join(import.meta.dirname, '..', '..', 'examples')
const exampleClass = 'rke2-cluster-class'

/** Options of a pool besides its addresses. */
export interface PoolOptions {
  /** Name; that of a global pool gets the namespace as prefix. */
  readonly name?: string
  /** ClusterClass in the pool's label. */
  readonly className?: string
  readonly kind?: 'InClusterIPPool' | 'GlobalInClusterIPPool'
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** A namespace of one suite, with a ClusterClass, and functions that create objects in it and wait for changes. */
export interface Testbed {
  readonly namespace: string
  readonly api: KubernetesApi
  /** Applies an example in this namespace, after the given textual replacements. */
  applyExample(name: string, ...replacements: readonly (readonly [string, string])[]): Promise<void>
  /** Creates a copy of the examples' ClusterClass, so that its Clusters and pools are separate from all others. */
  createClass(name: string): Promise<void>
  /** Creates a class `<name>-class` with a pool `<name>-pool`. Resolves with the name of the class. */
  createClassWithPool(name: string, addresses: string): Promise<string>
  /** Creates a pool with one address, or a range `a-b`, in a /24; an InClusterIPPool by default. Resolves with its name. */
  createPool(addresses: string, options?: PoolOptions): Promise<string>
  /** Creates a Cluster like that of the examples; `spec`: lines of YAML to add to its spec. */
  createCluster(
    name: string,
    options?: {
      readonly className?: string
      readonly classNamespace?: string
      readonly annotations?: Readonly<Record<string, string>>
      readonly spec?: string
    },
  ): Promise<void>
  /** Applies a merge patch to the object at a path. */
  patch(at: string, body: object): Promise<void>
  /** Applies a merge patch to a Cluster's spec. */
  editCluster(name: string, spec: object): Promise<void>
  pausePool(name: string, paused: boolean): Promise<void>
  deleteCluster(name: string): Promise<void>
  delete(plural: Plural, name: string): Promise<void>
  /** Resolves with the Cluster as soon as a watch shows that it matches; undefined stands for a missing Cluster. */
  untilCluster(name: string, is: (cluster: Cluster | undefined) => boolean): Promise<Cluster | undefined>
  /** Waits for a valid endpoint. Resolves with the Cluster. */
  untilServed(name: string): Promise<Cluster>
  /** Waits for the endpoint. Resolves with its host. */
  hostOf(name: string): Promise<string>
  untilClaim(
    name: string,
    is: (claim: IPAddressClaim | undefined) => boolean,
  ): Promise<IPAddressClaim | undefined>
  untilPool(name: string, is: (pool: IPPool | undefined) => boolean): Promise<IPPool | undefined>
  ipAddresses(): Promise<readonly IPAddress[]>
  /** Names of all IPAddressClaims in the namespace. */
  claims(): Promise<readonly string[]>
  /** Names of all IPAddresses in the namespace. */
  addresses(): Promise<readonly string[]>
  keyOf(name: string): NamespacedName
  /** Path of a collection in the namespace, or of an object in it. */
  path(plural: Plural, name?: string): string
  /**
   * Deletes all Clusters, waits until their claims are gone too, and deletes the namespace and its global pools.
   *
   * @throws Error with the objects that are left
   */
  close(): Promise<void>
  /** Closes connections and leaves all objects, to be removed with the suite's own stack. */
  leave(): Promise<void>
}

/** Opens a testbed; `close` it at the end. @param namespace of the same name as another management cluster's */
export async function openTestbed(
  stack: StackConnection,
  namespace = `e2e-${randomBytes(4).toString('hex')}`,
): Promise<Testbed> {
  const api = kubernetesApi(stack)
  const evidence = [objectEvidence(stack, namespace), runEvidence(stack.temporal, namespace)].map(
    offerEvidence,
  )

  const applyExample: Testbed['applyExample'] = async (name, ...replacements) => {
    let text = readFileSync(join(examples, `${name}.yaml`), 'utf8').replaceAll(
      /(namespace|name): clusters$/gm,
      `$1: ${namespace}`,
    )
    for (const [from, to] of replacements) text = text.replaceAll(from, to)
    await applyObjects(api, readManifests({ text }))
  }
  await applyExample('namespace')
  // Without core, nothing reconciles a class, and nothing requires one.
  if (stack.clusterApiCore) await applyExample('cluster-class')

  const path = (plural: Plural, name?: string): string => pathIn(namespace, plural, name)
  const clusters = watched('Cluster', stack, path('clusters'), clusterFrom)
  const claims = watched('IPAddressClaim', stack, path('ipaddressclaims'), ipAddressClaimFrom)
  const pools = watched('InClusterIPPool', stack, path('inclusterippools'), (pool) =>
    ipPoolFrom(inClusterPool, pool),
  )
  const list = async (plural: Plural): Promise<readonly unknown[]> => {
    const answer = await api.send<{ items: unknown }>({ method: 'GET', path: path(plural) })
    return arrayOf(answer.items)
  }
  const names = async (plural: Plural): Promise<readonly string[]> =>
    (await list(plural)).map((item) => (item as { metadata: { name: string } }).metadata.name)
  /** Waits until all current objects are gone. */
  const untilGone = async (
    plural: Plural,
    until: (name: string, is: (now: unknown) => boolean) => Promise<unknown>,
  ): Promise<void> => {
    const left = await names(plural)
    const done = new AbortController()
    const overdue = delay(goneWithinMs, undefined, { signal: done.signal }).then(async () => {
      throw await timeoutError(`the end of all ${plural} of ${namespace}`)
    })
    try {
      const gone = left.map((name) => until(name, (now) => now === undefined))
      await Promise.race([Promise.all(gone), overdue])
    } finally {
      done.abort()
    }
  }
  const patch = async (at: string, body: object): Promise<void> => {
    await api.send({ method: 'PATCH', path: at, body, contentType: 'application/merge-patch+json' })
  }
  const testbed: Testbed = {
    namespace,
    api,
    applyExample,
    createClass: (name) =>
      applyExample('cluster-class', [`name: ${exampleClass}\n`, `name: ${JSON.stringify(name)}\n`]),
    createClassWithPool: async (name, addresses) => {
      const className = `${name}-class`
      await testbed.createClass(className)
      await testbed.createPool(addresses, { name: `${name}-pool`, className })
      return className
    },
    createPool: async (addresses, options = {}) => {
      const { name = 'vip-pool', className = exampleClass, kind = 'InClusterIPPool', annotations } = options
      if (kind !== 'InClusterIPPool' && className === exampleClass && isShared(stack)) {
        throw new Error(`a global pool for ${exampleClass} would serve the Clusters of other suites too`)
      }
      const metadata = {
        ...(kind === 'InClusterIPPool' ? { name, namespace } : { name: `${namespace}-${name}` }),
        labels: { [clusterClassKey]: className, ...options.labels },
        ...(annotations && { annotations }),
      }
      const spec = { addresses: [addresses], prefix: 24 }
      const pool = { apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2', kind, metadata, spec }
      await applyObjects(api, [pool])
      return metadata.name
    },
    createCluster: (name, { className = exampleClass, classNamespace, annotations, spec = '' } = {}) =>
      applyExample(
        'cluster-v1beta2',
        ['name: demo-cluster', `name: ${name}`],
        [
          `name: ${exampleClass}`,
          `name: ${JSON.stringify(className)}${classNamespace === undefined ? '' : `\n      namespace: ${classNamespace}`}`,
        ],
        [
          'metadata:\n',
          `metadata:\n${annotations === undefined ? '' : `  annotations: ${JSON.stringify(annotations)}\n`}`,
        ],
        ['spec:\n', `spec:\n${spec === '' ? '' : `  ${spec}\n`}`],
      ),
    patch,
    editCluster: (name, spec) => patch(path('clusters', name), { spec }),
    pausePool: (name, paused) =>
      patch(path('inclusterippools', name), {
        metadata: { annotations: { 'cluster.x-k8s.io/paused': paused ? 'true' : null } },
      }),
    deleteCluster: (name) => testbed.delete('clusters', name),
    delete: async (plural, name) => {
      await api.send({ method: 'DELETE', path: path(plural, name) })
    },
    untilCluster: (name, is) => clusters.until(`${namespace}/${name}`, is),
    untilServed: async (name) => {
      const cluster = await clusters.until(
        `${namespace}/${name}`,
        (now) => now !== undefined && isValidEndpoint(now.controlPlaneEndpoint),
      )
      if (cluster === undefined) throw new Error(`${name} is gone`)
      return cluster
    },
    hostOf: async (name) => (await testbed.untilServed(name)).controlPlaneEndpoint.host,
    untilClaim: (name, is) => claims.until(`${namespace}/${name}`, is),
    untilPool: (name, is) => pools.until(`${namespace}/${name}`, is),
    ipAddresses: async () => (await list('ipaddresses')).map(ipAddressFrom),
    claims: () => names('ipaddressclaims'),
    addresses: () => names('ipaddresses'),
    keyOf: (name) => ({ namespace, name }),
    path,
    close: async () => {
      try {
        const left = await names('clusters')
        await Promise.all(left.map((name) => testbed.deleteCluster(name)))
        await untilGone('clusters', testbed.untilCluster)
        await untilGone('ipaddressclaims', testbed.untilClaim)
        await api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
        const globalPools = (await names('globalinclusterippools')).filter((name) =>
          name.startsWith(namespace),
        )
        await Promise.all(globalPools.map((name) => testbed.delete('globalinclusterippools', name)))
      } finally {
        await testbed.leave()
      }
    },
    leave: async () => {
      for (const end of evidence) end()
      await Promise.all([clusters, claims, pools, api].map((each) => each.close()))
    },
  }
  return testbed
}

/**
 * Waits for states of a watched kind. If no event fulfills the condition in time, the error shows the last state of the
 * object.
 */
function watched<T extends ObjectMeta>(
  kind: string,
  stack: StackConnection,
  path: string,
  decode: (object: unknown) => T,
): {
  until(key: string, is: (object: T | undefined) => boolean): Promise<T | undefined>
  close(): Promise<void>
} {
  const objects = new Map<string, T>()
  const listeners = new Set<(key: string, now: T | undefined) => void>()
  const watch = startRawWatch({
    stack,
    path,
    onVersion({ object, isGone }) {
      const version = decode(object)
      const key = formatKey(version)
      if (!isGone) objects.set(key, version)
      else if (objects.get(key)?.uid === version.uid) objects.delete(key)
      for (const listener of listeners) listener(key, isGone ? undefined : version)
    },
  })
  return {
    close: watch.close,
    until: (key, is) =>
      new Promise((resolve, reject) => {
        const current = objects.get(key)
        const overdue = setTimeout(() => {
          listeners.delete(listener)
          const last = JSON.stringify(objects.get(key)) ?? 'not there'
          void timeoutError(`an event of ${kind} ${key}, which is ${last}`).then(reject)
        }, longestWaitMs).unref()
        const listener = (changed: string, now: T | undefined): void => {
          if (changed !== key || !is(now)) return
          clearTimeout(overdue)
          listeners.delete(listener)
          resolve(now)
        }
        listeners.add(listener)
        listener(key, current)
      }),
  }
}
