import { describe, expect, it } from '@jest/globals'
import { ApplicationFailure } from '@temporalio/common'
import { MockActivityEnvironment } from '@temporalio/testing'
import { DefaultLogger } from '@temporalio/worker'
import { assignVip } from '../../../../src/activities/assign-vip.ts'
import { awaitIPAddress } from '../../../../src/activities/await-ip-address.ts'
import { ensureIPAddressClaim } from '../../../../src/activities/ensure-ip-address-claim.ts'
import { selectIPPool } from '../../../../src/activities/select-ip-pool.ts'
import { planRole, type RolePlan } from '../../../../src/commands/plan/role-plan.ts'
import { takeSteps, type SequenceEnd, type Steps } from '../../../../src/domain/allocation/steps.ts'
import { addressKeyFor } from '../../../../src/domain/model/claim.ts'
import type { IPAddress } from '../../../../src/domain/model/ip-address.ts'
import type { Cluster } from '../../../../src/domain/model/cluster.ts'
import { anObservation, variables } from '../../../support/builders.ts'
import { fakeClusterApi } from '../../../support/fake-cluster-api.ts'
import {
  createFakeCluster,
  usablePools,
  type InitialObjects,
} from '../../../support/fake-management-cluster.ts'
import { randomWorlds } from '../../../support/random-worlds.ts'
import { holdsForAllAsync } from '../../../support/seeded-random.ts'

const secondName = 'vip-cp2-demo'
const settings = { defaultPort: 6443, variables, searchable: [] }
/** The writes of a plan, in the words in which the fake notes them. */
function writesOf({ steps }: RolePlan): readonly string[] {
  return steps.flatMap((step): readonly string[] => {
    const [, address = ''] = /^(?:let go of|keep) (\S+?),? /.exec(step) ?? []
    if (step.startsWith('let go of')) return [`release ${address}`]
    if (step.startsWith('keep ')) return [`reserve ${address}`, 'delete claim']
    if (step.startsWith('create IPAddress ')) return [`restore ${step.split(' ')[4] ?? ''}`]
    if (step.startsWith('create IPAddressClaim ')) return [`claim ${step.split(' ').at(-1) ?? ''}`]
    if (step.startsWith('delete IPAddress ')) return ['discard address']
    if (step.startsWith('adopt ')) return ['adopt claim']
    if (step.startsWith('label ')) return ['label claim']
    return [step.startsWith('delete ') ? 'delete claim' : 'write']
  })
}

/** Runs the steps as a workflow does, until they end or an attempt waits and writes nothing. */
async function runOver(
  world: InitialObjects,
): Promise<{ readonly writes: readonly string[]; readonly reason: string }> {
  const fake = createFakeCluster(world)
  const api = fakeClusterApi(fake.api)
  const environment = new MockActivityEnvironment({}, { logger: new DefaultLogger('ERROR') })
  const steps: Steps = {
    selectIPPool: (input) => environment.run(() => selectIPPool(api, settings, input)),
    ensureIPAddressClaim: (input) => environment.run(() => ensureIPAddressClaim(api, settings, input, false)),
    awaitIPAddress: (input) => environment.run(() => awaitIPAddress(api, settings, input, 0)),
    assignVip: (input) => environment.run(() => assignVip(api, settings, input)),
    probeAddress: () => Promise.reject(new Error('no pool asks for probes here')),
    publishDnsName: () => Promise.reject(new Error('no VIP has a name here')),
  }
  const cluster = { namespace: 'clusters', name: 'demo' }
  for (let pass = 0; pass < 20; pass += 1) {
    const before = fake.writes.length
    const end = await takeSteps(steps, { cluster, role: 'control-plane' }, 0).catch((error: unknown) => {
      if (error instanceof ApplicationFailure) return error
      throw error
    })
    if (end instanceof ApplicationFailure) {
      if (fake.writes.length === before) return { writes: fake.writes, reason: end.type ?? '' }
    } else if (end.next !== 'restart') return { writes: fake.writes, reason: reasonOf(end) }
  }
  throw new Error(`the run does not end: ${fake.writes.join(', ')}`)
}

function reasonOf(end: SequenceEnd): string {
  if (end.next === 'assigned') return end.claim === undefined ? 'EndpointAlreadySet' : 'Allocated'
  return end.next === 'end' ? end.reason : end.next
}

function planOver(world: InitialObjects): RolePlan {
  const [cluster] = world.clusters
  const [claim, usualClaim] = world.claims.filter(({ name }) => name !== secondName)
  const secondClaim = world.claims.find(({ name }) => name === secondName)
  const named = (wanted: string): IPAddress | undefined =>
    world.ipAddresses.find(({ name }) => name === wanted)
  const secondNamed = named(secondName)
  const addressUse = { clusters: world.clusters, ipAddresses: world.ipAddresses }
  const { clusterClass } = world
  const facts = anObservation({
    cluster: cluster as Cluster,
    claim,
    usualClaim,
    ipAddress: claim?.addressName === undefined ? undefined : named(claim.addressName),
    namedAddress: named(addressKeyFor(cluster as Cluster, 'control-plane', claim).name),
    pools: usablePools(world),
    addressUse,
    second: {
      claim: secondClaim,
      ipAddress: secondClaim?.addressName === undefined ? undefined : secondNamed,
      namedAddress: secondNamed,
      sameAddressUse: addressUse,
    },
  })
  return planRole({ ...facts, clusterClass } as Parameters<typeof planRole>[0], 'control-plane')
}

describe('a plan', () => {
  it('has the writes and the end of the run that it foretells, in whatever world', async () => {
    await holdsForAllAsync(randomWorlds, async (world) => {
      const plan = planOver(world)
      const { writes, reason } = await runOver(world)
      expect({ writes, reason }).toEqual({ writes: writesOf(plan), reason: plan.reason })
    })
  })
})
