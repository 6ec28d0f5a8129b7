import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Allocator } from '../../dev/allocator.ts'
import type { CustomResourceDefinition } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { startStack, type Stack } from '../../dev/stack/stack.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import type { PoolsReport } from '../../src/commands/pools/pools-report.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { inClusterPoolKinds } from '../../src/domain/model/pool-kinds.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { bindCorpClaim, corpPool, corpPools } from './corp-provider.ts'
import { runCommand } from './run-program.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const address = '10.167.0.10'
const definitions = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'

// Its own stack, whose API server has no definitions of the in-cluster provider.
let stack: Stack
let testbed: Testbed
let allocator: Allocator | undefined
/** What has been taken away. */
let removed: readonly CustomResourceDefinition[]

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  const { connection } = stack
  testbed = await openTestbed(connection)
  await stack.part('ipam-provider').stop()
  removed = await Promise.all(
    inClusterPoolKinds.map(({ resource, apiGroup }) => removeDefinition(`${resource}.${apiGroup}`)),
  )
  await applyManifests(connection, [corpPools])
  allocator = await startAllocator({
    stack: connection,
    kubeconfigPath: connection.kubeconfigPath,
    namespaces: [],
  })
})

afterAll(async () => {
  try {
    await allocator?.stop()
    await testbed.leave()
  } finally {
    await stack.stop()
  }
})

/** Deletes a definition, and waits until nothing serves its kind. Resolves with the definition, to be created again. */
async function removeDefinition(name: string): Promise<CustomResourceDefinition> {
  const path = `${definitions}/${name}`
  const { apiVersion, kind, metadata, spec } = await testbed.api.send<CustomResourceDefinition>({
    method: 'GET',
    path,
  })
  await testbed.api.send({ method: 'DELETE', path })
  await eventually(`${name} to be gone`, async () => {
    const { items } = await testbed.api.send<{ items: readonly CustomResourceDefinition[] }>({
      method: 'GET',
      path: definitions,
    })
    return items.some((each) => each.metadata.name === name) ? undefined : true
  })
  return { apiVersion, kind, metadata: { name, ...(metadata.labels && { labels: metadata.labels }) }, spec }
}

async function readiness(): Promise<{ readonly status: number; readonly page: string }> {
  const answer = await fetch(allocator?.readyUrl ?? '')
  return { status: answer.status, page: await answer.text() }
}

async function outputOf(command: string): Promise<unknown> {
  const { connection } = stack
  const { stdout } = await runCommand(
    [command, `--kubeconfig=${connection.kubeconfigPath}`, '--output=json'],
    { TEMPORAL_ADDRESS: connection.temporal.address },
  )
  return JSON.parse(stdout)
}

/** The checks of kinds and pools in which `doctor` finds faults. */
async function faultsOfPools(): Promise<readonly string[]> {
  const { findings } = (await outputOf('doctor')) as Report
  return findings
    .filter(({ check, level }) => level === 'fault' && ['api-versions', 'pools'].includes(check))
    .map(({ check }) => check)
}

describe('without the definitions of the in-cluster provider', () => {
  it('the allocator is ready, and says which kinds are not served', async () => {
    const { status, page } = await readiness()
    expect(status).toBe(200)
    for (const { resource } of inClusterPoolKinds) expect(page).toContain(resource)
  })

  it('a Cluster that names a pool of another provider is served', async () => {
    await testbed.createCluster('corp', {
      annotations: { 'vip.capi.gorizond.io/control-plane-pool': corpPool },
    })
    await testbed.untilClaim('vip-cp-corp', (now) => now !== undefined)
    await bindCorpClaim(testbed, 'vip-cp-corp', address)
    expect(await testbed.hostOf('corp')).toBe(address)
  })

  it('nothing is wrong while no Cluster waits for a pool of it', async () => {
    expect(await faultsOfPools()).toEqual([])
  })

  it('a Cluster that names none waits and says why, and is served once the provider is installed', async () => {
    await testbed.createCluster('plain')
    const waiting = await testbed.untilCluster(
      'plain',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane') !== undefined,
    )
    expect(waiting && vipConditionOf(waiting, 'control-plane')).toMatchObject({
      status: 'False',
      reason: 'PoolNotReady',
      message: expect.stringContaining('install the in-cluster IPAM provider'),
    })
    expect(await faultsOfPools()).toEqual(['api-versions', 'pools'])
    const { forecast } = (await outputOf('pools')) as PoolsReport
    expect(forecast.expectations).toMatchObject([
      {
        cluster: { name: 'plain' },
        gets: 'nothing',
        reason: 'PoolNotReady',
        message: expect.stringContaining('install the in-cluster IPAM provider'),
      },
    ])

    await applyManifests(stack.connection, removed)
    await stack.part('ipam-provider').start()
    await testbed.createPool('10.167.1.10-10.167.1.12')
    expect(await testbed.hostOf('plain')).toBe('10.167.1.10')
  })
})
