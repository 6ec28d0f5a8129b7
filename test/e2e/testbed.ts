import type { IPPoolKind } from '../../src/domain/model/pool-kind.ts'
import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ipAddressFrom, type IPAddress } from '../../src/domain/model/ip-address.ts'
import type { IPAddressClaim } from '../../src/domain/model/claim.ts'
import { arrayOf } from '../../src/domain/model/decode.ts'
import { isValidEndpoint, type Cluster } from '../../src/domain/model/cluster.ts'
import { clusterClassKey } from '../../src/domain/names.ts'
import type { NamespacedName } from '../../src/domain/model/object-meta.ts'
import type { IPPool } from '../../src/domain/model/pool.ts'
import { connectTo } from '../../src/kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../src/kubernetes/transport/kube-config.ts'
import { startInformer } from '../../src/kubernetes/informer/informer.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { kubernetesApi, type KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { pathIn, type Plural } from '../../dev/stack/resource-path.ts'
import { longestWaitMs } from '../support/eventually.ts'
import { offerEvidence, timeoutError } from '../support/evidence.ts'
import { objectEvidence } from '../support/object-evidence.ts'
import { isShared } from '../support/real-parts.ts'
import { runEvidence } from '../support/run-evidence.ts'
import { silentLog } from '../support/silent-log.ts'

/** Milliseconds in which a suite's Clusters, and then their claims, have to be gone at its end. */
const goneWithinMs = 100_000

const examples = join(import.meta.dirname, '..', '..', 'examples')
/** The ClusterClass of the examples. */
const exampleClass = 'rke2-cluster-class'

/** What a pool is, besides its addresses. */
export interface PoolOptions {
  /** Of a global pool: what follows the testbed's namespace in its name. */
  readonly name?: string
  /** The value of the label that names the ClusterClass. */
  readonly className?: string
  readonly kind?: IPPoolKind
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
}

/** A namespace of a suite's own on the shared stack, with a ClusterClass and a pool, and eyes on what happens in it. */
export interface Testbed {
  readonly namespace: string
  readonly api: KubernetesApi
  /** Applies an example with its namespace replaced by this one, and other names where given. */
  applyExample(name: string, ...replacements: readonly (readonly [string, string])[]): Promise<void>
  /**
   * Makes a ClusterClass of another name, like the example's, so that its Clusters and pools have nothing to do with
   * others.
   */
  createClass(name: string): Promise<void>
  /**
   * Makes a pool of addresses in a /24: one, or `a-b`; an InClusterIPPool if nothing else is said. Resolves with its
   * name.
   */
  createPool(addresses: string, options?: PoolOptions): Promise<string>
  /** Makes a Cluster like the example's; `spec`: lines to put into its spec. */
  createCluster(
    name: string,
    options?: {
      readonly className?: string
      readonly classNamespace?: string
      readonly annotations?: Readonly<Record<string, string>>
      readonly spec?: string
    },
  ): Promise<void>
  /** Changes the object at a path by a merge patch. */
  patch(at: string, body: object): Promise<void>
  /** Changes a Cluster's spec, or a pool's annotations, by a merge patch. */
  editCluster(name: string, spec: object): Promise<void>
  pausePool(name: string, paused: boolean): Promise<void>
  deleteCluster(name: string): Promise<void>
  delete(plural: Plural, name: string): Promise<void>
  /** Resolves with the Cluster as soon as a watch shows it so; a name that is gone is undefined. */
  untilCluster(name: string, is: (cluster: Cluster | undefined) => boolean): Promise<Cluster | undefined>
  /** Resolves with the Cluster once its endpoint is valid. */
  untilServed(name: string): Promise<Cluster>
  /** Waits for the endpoint. Resolves with its host. */
  hostOf(name: string): Promise<string>
  untilClaim(
    name: string,
    is: (claim: IPAddressClaim | undefined) => boolean,
  ): Promise<IPAddressClaim | undefined>
  /** The same for an InClusterIPPool. */
  untilPool(name: string, is: (pool: IPPool | undefined) => boolean): Promise<IPPool | undefined>
  /** All IPAddresses in the namespace now. */
  ipAddresses(): Promise<readonly IPAddress[]>
  /** Names of all IPAddressClaims, and of all IPAddresses, in the namespace now. */
  claims(): Promise<readonly string[]>
  addresses(): Promise<readonly string[]>
  keyOf(name: string): NamespacedName
  /** Path of a collection in the namespace, or of an object in it. */
  path(plural: Plural, name?: string): string
  /**
   * Deletes all Clusters and waits until nothing is left of them, then removes the namespace and its global pools.
   *
   * @throws Error that shows what stays
   */
  close(): Promise<void>
  /** Ends what this process has open, and leaves all objects: to be gone with a stack of the suite's own. */
  leave(): Promise<void>
}

/** Opens a testbed for one suite; `close` it at the end. */
export async function openTestbed(stack: StackConnection): Promise<Testbed> {
  const namespace = `e2e-${randomBytes(4).toString('hex')}`
  const api = kubernetesApi(stack)
  const over = new AbortController()
  const kubeConfig = loadKubeConfig({ kubeconfig: stack.kubeconfigPath })
  const connection = connectTo({ kubeConfig, version: 'test' })
  const watch = { connection, namespaces: [namespace], signal: over.signal, log: silentLog }
  const evidence = [objectEvidence(stack, namespace), runEvidence(stack.temporal, namespace)].map(
    offerEvidence,
  )

  const applyExample: Testbed['applyExample'] = async (name, ...replacements) => {
    let text = readFileSync(join(examples, `${name}.yaml`), 'utf8').replaceAll(
      /(namespace|name): clusters$/gm,
      `$1: ${namespace}`,
    )
    for (const [from, to] of replacements) text = text.replaceAll(from, to)
    await applyManifests(stack, [{ text }])
  }
  await applyExample('namespace')
  await applyManifests(stack, [{ path: join(examples, 'demo-infrastructure-crds.yaml') }])
  // Without core nobody takes in the variables of a class, and nobody asks for a class either.
  if (stack.clusterApiCore) await applyExample('cluster-class')

  const clusters = watched<Cluster>(
    'Cluster',
    (handler) => startInformer({ ...watch, resource: 'clusters', handler }).objects,
  )
  const claims = watched<IPAddressClaim>(
    'IPAddressClaim',
    (handler) => startInformer({ ...watch, resource: 'ipaddressclaims', handler }).objects,
  )
  const pools = watched<IPPool>(
    'InClusterIPPool',
    (handler) => startInformer({ ...watch, resource: 'inclusterippools', handler }).objects,
  )
  const path = (plural: Plural, name?: string): string => pathIn(namespace, plural, name)
  const list = async (plural: Plural): Promise<readonly unknown[]> => {
    const answer = await api.send<{ items: unknown }>({ method: 'GET', path: path(plural) })
    return arrayOf(answer.items)
  }
  const names = async (plural: Plural): Promise<readonly string[]> =>
    (await list(plural)).map((item) => (item as { metadata: { name: string } }).metadata.name)
  /** Resolves when all that are there now are gone. Where one stays, the error shows what holds it. */
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
      await applyManifests(stack, [pool])
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
      over.abort()
      await Promise.all([connection.close(), api.close()])
    },
  }
  return testbed
}

interface Handler<T> {
  onUpsert(object: T): void
  onDelete(object: T): void
}

/**
 * Answers questions about a watched kind as soon as an event decides them. One that no event decides in time is an
 * error that says how the object stood last.
 */
function watched<T extends { readonly namespace: string; readonly name: string }>(
  kind: string,
  open: (handler: Handler<T>) => ReadonlyMap<string, T>,
): { until(key: string, is: (object: T | undefined) => boolean): Promise<T | undefined> } {
  const questions = new Set<(key: string, now: T | undefined) => void>()
  const told = (object: T, now: T | undefined): void => {
    for (const question of questions) question(`${object.namespace}/${object.name}`, now)
  }
  const objects = open({
    onUpsert: (object) => told(object, object),
    onDelete: (object) => told(object, undefined),
  })
  return {
    until: (key, is) =>
      new Promise((resolve, reject) => {
        const known = objects.get(key)
        const overdue = setTimeout(() => {
          questions.delete(question)
          const last = JSON.stringify(objects.get(key)) ?? 'not there'
          void timeoutError(`an event of ${kind} ${key}, which is ${last}`).then(reject)
        }, longestWaitMs).unref()
        const question = (about: string, now: T | undefined): void => {
          if (about !== key || !is(now)) return
          clearTimeout(overdue)
          questions.delete(question)
          resolve(now)
        }
        questions.add(question)
        question(key, known)
      }),
  }
}
