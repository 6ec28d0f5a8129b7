import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import { startAllocator, type Allocator, type AllocatorOptions } from '../../dev/allocator.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openWorld, type World } from './world.ts'

const { stack } = realParts()
const taskQueue = randomUUID()

let world: World
let temporal: TemporalView
let kubeconfigPath: string
let allocator: Allocator | undefined

/** Of the last allocator; each one gets what is left of the work of those before it. */
async function start(options: Partial<AllocatorOptions> = {}): Promise<void> {
  allocator = await startAllocator({
    stack,
    kubeconfigPath,
    taskQueue,
    flags: [`--namespace=${world.namespace}`],
    ...options,
  })
}

async function kill(): Promise<void> {
  await allocator?.kill()
  allocator = undefined
}

beforeAll(async () => {
  world = await openWorld(stack)
  temporal = await viewTemporal(stack)
  await world.createPool('10.30.0.10-10.30.0.40')
  await grant({ createClaims: true, patchClusters: true })
  kubeconfigPath = join(stack.runDirectory, `${world.namespace}.kubeconfig`)
  await createServiceAccountKubeconfig(stack, {
    namespace: world.namespace,
    name: 'allocator',
    outputPath: kubeconfigPath,
  })
})

afterAll(async () => {
  await kill()
  try {
    await world.close()
  } finally {
    await temporal.close()
  }
})

/** Gives the suite's own allocator the rules it needs, with or without the two that write. */
async function grant(rights: { createClaims: boolean; patchClusters: boolean }): Promise<void> {
  const rule = (group: string, resource: string, ...verbs: (string | false)[]): string =>
    `  - { apiGroups: [${group}], resources: [${resource}], verbs: [${verbs.filter(Boolean).join(', ')}] }`
  const ipam = 'ipam.cluster.x-k8s.io'
  const text = `
apiVersion: v1
kind: ServiceAccount
metadata: { name: allocator, namespace: ${world.namespace} }
---
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { name: allocator, namespace: ${world.namespace} }
rules:
${rule('cluster.x-k8s.io', 'clusters', 'get', 'list', 'watch', rights.patchClusters && 'patch')}
${rule('cluster.x-k8s.io', 'clusterclasses', 'get', 'list', 'watch')}
${rule(ipam, 'ipaddressclaims', 'get', 'list', 'watch', rights.createClaims && 'create')}
${rule(ipam, 'ipaddresses', 'get', 'list', 'watch')}
${rule(ipam, 'inclusterippools', 'list', 'watch')}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { name: allocator, namespace: ${world.namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: allocator }
subjects: [{ kind: ServiceAccount, name: allocator, namespace: ${world.namespace} }]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRole
metadata: { name: ${world.namespace} }
rules:
${rule(ipam, 'globalinclusterippools', 'list', 'watch')}
---
apiVersion: rbac.authorization.k8s.io/v1
kind: ClusterRoleBinding
metadata: { name: ${world.namespace} }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: ClusterRole, name: ${world.namespace} }
subjects: [{ kind: ServiceAccount, name: allocator, namespace: ${world.namespace} }]
`
  await applyManifests(stack, [{ text }])
}

describe('an allocator that is killed', () => {
  it('between any two steps goes on with the same run and the same claim', async () => {
    const cluster = { namespace: world.namespace, name: 'survivor' }
    const handle = temporal.client.workflow.getHandle(workflowIdFor(cluster))

    await start({ command: 'watcher' })
    await world.createCluster('survivor')
    const { runId } = await eventually('the run to be started', () => handle.describe())
    await kill() // started, and no step done

    await grant({ createClaims: false, patchClusters: true })
    await start()
    await temporal.untilWaiting(cluster, 'ensureIPAddressClaim', 'AllocationFailed')
    await kill() // pool selected, no claim

    await world.pausePool('vip-pool', true)
    await grant({ createClaims: true, patchClusters: false })
    await start()
    const claim = await world.untilClaim('vip-cp-survivor', (now) => now !== undefined)
    await temporal.untilWaiting(cluster, 'awaitIPAddress', 'PoolNotReady')
    await kill() // claim made, no address

    await world.pausePool('vip-pool', false)
    await world.untilClaim('vip-cp-survivor', (now) => now?.addressName !== undefined)
    await start()
    await temporal.untilWaiting(cluster, 'assignVip', 'ClusterRejected')
    await kill() // address there, not assigned

    await grant({ createClaims: true, patchClusters: true })
    await start()
    await world.untilServed('survivor')
    const after = await world.untilClaim('vip-cp-survivor', (now) => now?.addressName !== undefined)
    expect(after?.uid).toBe(claim?.uid)
    await handle.result()
    expect((await handle.describe()).runId).toBe(runId)
    await kill()
  })

  it('in the middle of a burst, again and again, leaves every Cluster with one address of its own', async () => {
    const names = Array.from({ length: 12 }, (_, index) => `storm-${index}`)
    await start()
    await Promise.all(names.map((name) => world.createCluster(name)))
    for (const name of ['storm-0', 'storm-4', 'storm-8']) {
      await world.untilClaim(`vip-cp-${name}`, (now) => now !== undefined)
      await kill()
      await start()
    }
    const clusters = await Promise.all(names.map((name) => world.untilServed(name)))
    const hosts = clusters.map(({ controlPlaneEndpoint }) => controlPlaneEndpoint.host)
    expect(new Set(hosts).size).toBe(names.length)
    const claims = (await world.claims()).filter((name) => name.startsWith('vip-cp-storm-'))
    expect(claims.toSorted()).toEqual(names.map((name) => `vip-cp-${name}`).toSorted())
    await kill()
  })
})

describe('an allocator that is asked to stop', () => {
  it('ends in order, with exit code 0', async () => {
    await start()
    await allocator?.stop()
    expect(await allocator?.ended).toBe('exit code 0')
  })

  it('gives back the step that is under way, and the next one goes on with it', async () => {
    await start()
    await world.createCluster('interrupted')
    await world.untilClaim('vip-cp-interrupted', (now) => now !== undefined)
    await allocator?.stop()
    expect(await allocator?.ended).toBe('exit code 0')
    await start()
    await world.untilServed('interrupted')
    await kill()
  })

  it('ends in order also where it never reached Temporal', async () => {
    const nowhere = { ...stack, temporal: { ...stack.temporal, address: '127.0.0.1:1' } }
    await start({ stack: nowhere, unready: true })
    const url = allocator?.readyUrl ?? ''
    const answer = await eventually('an answer of /readyz', () => fetch(url))
    expect(answer.status).toBe(503)
    expect(await answer.json()).toMatchObject({ ready: false, checks: { temporal: { ok: false } } })
    expect((await fetch(allocator?.healthUrl ?? '')).status).toBe(200)
    await allocator?.stop()
    expect(await allocator?.ended).toBe('exit code 0')
  })
})
