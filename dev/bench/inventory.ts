import { setTimeout as delay } from 'node:timers/promises'
import { inParallel } from '../../src/domain/in-parallel.ts'
import { addressOfPool, buildRestoredAddress } from '../../src/domain/model/ip-address.ts'
import { clusterPatchFor, describeAllocated } from '../../src/domain/allocation/cluster-patch.ts'
import { buildIPAddressClaim, claimNameFor } from '../../src/domain/model/claim.ts'
import { clusterFrom, type Cluster } from '../../src/domain/model/cluster.ts'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { defaultApiServerPort } from '../../src/domain/names.ts'
import { appliedTo } from '../../src/domain/model/json-patch.ts'
import { inClusterPool } from '../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, poolRefTo, type IPPool } from '../../src/domain/model/pool.ts'
import type { VariableNames } from '../../src/domain/role.ts'
import { vipRoleIn } from '../../src/domain/allocation/vip-role.ts'
import { SnapshotQueries } from '../../src/domain/allocation/snapshot.ts'
import { decideCondition, lacksCondition } from '../../src/domain/allocation/vip-condition.ts'
import { connectTo } from '../../src/kubernetes/transport/connection.ts'
import { loadKubeConfig } from '../../src/kubernetes/transport/kube-config.ts'
import { readSnapshot } from '../../src/kubernetes/read-snapshot.ts'
import type { ApiProxy } from '../api-proxy/api-proxy.ts'
import type { Bench } from './bench.ts'
import { addressIn, clusterObject, poolName } from './objects.ts'
import { pathIn, apiVersions } from '../stack/resource-path.ts'
import { createFixtures, rangeOf } from './subjects.ts'

/** Many Clusters in the state after an allocation. */
export interface Inventory {
  readonly namespace: string
  /** Adds served Clusters up to this number. */
  readonly growTo: (count: number) => Promise<void>
}

const prefix = '10.242'
const mostClusters = 65_000
const atOnce = 50
const role = 'control-plane'
const variables: VariableNames = { 'control-plane': 'clusterVip', ingress: 'ingressVip' }
const quietForMs = 5_000

const inventories = new WeakMap<Bench, Promise<Inventory>>()

/**
 * The bench's inventory, which all measures share because it takes minutes to create. It stops the IPAM provider, so
 * these measures come last.
 *
 * @throws Error on a shared stack
 */
export function inventoryOf(bench: Bench): Promise<Inventory> {
  const inventory = inventories.get(bench) ?? openInventory(bench)
  inventories.set(bench, inventory)
  return inventory
}

/** Resolves when an allocator has sent no request for some seconds. */
export async function untilNoRequests(bench: Bench, proxy: ApiProxy): Promise<void> {
  for (let before = -1; before !== proxy.requests.length;) {
    before = proxy.requests.length
    await delay(quietForMs, undefined, { signal: bench.signal })
  }
}

async function openInventory(bench: Bench): Promise<Inventory> {
  if (bench.stopPart === undefined) throw new Error('a big inventory needs a stack of its own')
  const namespace = bench.newNamespace('served')
  await createFixtures(bench, { namespace, addresses: rangeOf(prefix, mostClusters), hasClass: true })
  // It would update every claim.
  await bench.stopPart('ipam-provider')
  const pool = ipPoolFrom(
    inClusterPool,
    await bench.api.send({ method: 'GET', path: pathIn(namespace, 'inclusterippools', poolName) }),
  )
  let size = 0
  return {
    namespace,
    growTo: async (count) => {
      const missing = Array.from({ length: Math.max(0, count - size) }, (_, index) => size + index + 1)
      let made = size
      await inParallel(atOnce, missing, async (index) => {
        await writeServed(bench, pool, index)
        made += 1
        if (made % 1000 === 0) bench.progress(`  ${made} served Clusters`)
        bench.signal.throwIfAborted()
      })
      size = Math.max(size, count)
      await assertServed(bench, namespace, size)
    },
  }
}

/** Writes a Cluster, its claim and its address as an allocation would. */
async function writeServed(bench: Bench, pool: IPPool, index: number): Promise<void> {
  const { namespace } = pool
  const pooled = addressOfPool(pool, addressIn(prefix, index))
  const cluster = await writeCluster(
    bench,
    namespace,
    `served-${String(index).padStart(5, '0')}`,
    pooled.address,
  )
  const name = claimNameFor(cluster, role)
  await create(bench, namespace, 'ipaddressclaims', buildIPAddressClaim(cluster, role, poolRefTo(pool)))
  await create(bench, namespace, 'ipaddresses', buildRestoredAddress(cluster, name, pooled))
  await patchStatus(bench, pathIn(namespace, 'ipaddressclaims', name), { addressRef: { name } })
  const message = describeAllocated(
    { host: pooled.address, port: defaultApiServerPort },
    { pool, claim: name },
    undefined,
  )
  const update = { isReady: true, reason: 'Allocated', message } as const
  const decision = decideCondition(cluster, role, update, new Date())
  if (decision.decision !== 'write')
    throw new Error(`the condition of ${cluster.name} is ${decision.decision}`)
  await patchStatus(bench, pathIn(namespace, 'clusters', cluster.name), { conditions: [decision.condition] })
}

async function writeCluster(
  bench: Bench,
  namespace: string,
  name: string,
  address: string,
): Promise<Cluster> {
  const bare = clusterObject(namespace, name)
  const { patch } = clusterPatchFor(clusterFrom(bare), {
    vip: vipRoleIn(clusterFrom(bare), role, variables, undefined),
    address,
    claimName: undefined,
    network: undefined,
    variables: new Map([[variables[role], address]]),
    port: defaultApiServerPort,
  })
  if (patch === undefined) throw new Error(`${name} has an endpoint already`)
  return clusterFrom(await create(bench, namespace, 'clusters', appliedTo(bare, patch)))
}

function create(
  bench: Bench,
  namespace: string,
  plural: 'clusters' | 'ipaddressclaims' | 'ipaddresses',
  object: JsonObject,
): Promise<JsonObject> {
  const body = { apiVersion: apiVersions[plural], ...object }
  return bench.api.send({ method: 'POST', path: pathIn(namespace, plural), body })
}

async function patchStatus(bench: Bench, path: string, status: JsonObject): Promise<void> {
  await bench.api.send({
    method: 'PATCH',
    path: `${path}/status`,
    body: { status },
    contentType: 'application/merge-patch+json',
  })
}

/**
 * Checks with the watcher's own queries that no Cluster needs a run.
 *
 * @throws Error if one does
 */
async function assertServed(bench: Bench, namespace: string, count: number): Promise<void> {
  const connection = connectTo({
    kubeConfig: loadKubeConfig({ kubeconfig: bench.connection.kubeconfigPath }),
    version: 'bench',
  })
  try {
    const snapshot = await readSnapshot(connection, [namespace])
    const queries = new SnapshotQueries(() => snapshot, { variables })
    const served = [...snapshot.clusters.values()].filter(
      (cluster) =>
        !queries.vipNeedsReconcile(cluster, role) &&
        !lacksCondition(cluster, queries.vipOf(cluster, role), queries.contextOf(cluster).clusterClass),
    )
    if (served.length !== count) {
      throw new Error(
        `${served.length} of ${snapshot.clusters.size} Clusters count as served, expected ${count}`,
      )
    }
  } finally {
    await connection.close()
  }
}
