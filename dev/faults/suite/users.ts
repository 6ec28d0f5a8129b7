import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, isObject, objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { claimFacts, clusterFacts } from '../invariants/facts.ts'
import {
  bothRoles,
  controlPlane,
  ipFamiliesAnnotation,
  queuePriorityAnnotation,
  reserveEndpointAnnotation,
  retainAnnotation,
} from '../invariants/names.ts'
import { dnsEndpointPath } from './dns-names.ts'
import {
  addressToAskFor,
  elasticRanges,
  movableLabels,
  namespaces,
  retainedFor,
  tenantLabel,
  tenantValues,
} from './fixtures.ts'
import { pathIn } from '../../stack/resource-path.ts'
import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { isRejection, type UserClient } from './user-client.ts'
import type { Target } from './targets.ts'

/** Users who change Clusters, claims, addresses, pools and namespaces, and give up where they fail. */
export interface Users {
  /** Number of Clusters created. */
  readonly created: () => number
  /**
   * Creates the Clusters with an endpoint by hand whose address is free. Call it only at quiet: nothing else may take
   * the address meanwhile.
   */
  readonly createWithEndpoint: (targets: readonly Target[]) => Promise<void>
  /** With policies by the random values. */
  readonly createAll: (targets: readonly Target[], random: SeededRandom) => Promise<void>
  /**
   * Acts on a Cluster, if its state allows this action.
   *
   * @returns the outcome, in words
   */
  readonly act: (kind: ActionKind, target: Target, randomValue: number) => Promise<string>
  /** Reverts changes that are for one round only. */
  readonly revert: () => Promise<void>
  /** Continues to spare these damaged Clusters; all others have been repaired. */
  readonly keepDamaged: (keys: readonly string[]) => void
}

export const actionKinds = [
  'create',
  'create asking for an address',
  'ask for an address',
  'ask for no address',
  'annotate',
  'label',
  'set a variable',
  'pause',
  'pause by annotation',
  'unpause',
  'delete',
  'delete in foreground',
  'delete and create again',
  'delete the claim',
  'delete the IPAddress',
  'delete the IPAddress with its protection',
  'apply without host',
  'apply without variables',
  'resize the elastic pool',
  'relabel the movable pool',
  'relabel the namespace',
  'change for how long addresses are kept',
  'change the queue-priority',
  'change the DNSEndpoint',
  'delete the DNSEndpoint',
] as const
export type ActionKind = (typeof actionKinds)[number]

const recreateWithinMs = 5_000

/** Of a Cluster; `null`: none. */
const queuePriorities = [null, '5', '-1', null, '0', '10']
const ipFamilies = ['IPv4,IPv6', 'IPv6,IPv4']

export function createUsers(client: UserClient): Users {
  let created = 0
  /** Clusters with a damaged VIP. Damage before the last one is repaired may cost the address, by design. */
  const damaged = new Set<string>()
  const pathOf = ({ namespace, name }: Target): string => pathIn(namespace, 'clusters', name)
  const edit = (target: Target, patch: object): Promise<void> => client.patch(pathOf(target), patch)

  async function create(target: Target, randomValue: number, address?: string): Promise<void> {
    await client.create(pathIn(target.namespace, 'clusters'), manifestOf(target, randomValue, address))
    created++
  }

  async function recreate(target: Target, randomValue: number): Promise<void> {
    await client.remove(pathOf(target))
    const deadline = Date.now() + recreateWithinMs
    for (;;) {
      try {
        await create(target, randomValue)
        return
      } catch (error) {
        if (!isRejection(error) || error.status !== 409 || Date.now() > deadline) throw error
        await delay(20)
      }
    }
  }

  async function ask(target: Target, address: string | null | undefined): Promise<boolean> {
    if (address === undefined) return false
    await edit(target, { metadata: { annotations: { [controlPlane.addressAnnotation]: address } } })
    return true
  }

  /** Damages the VIP of a served Cluster with a bound claim that is not damaged yet. */
  async function damage(
    target: Target,
    action: (addressName: string) => Promise<void>,
    claimPrefix = controlPlane.claimPrefix,
  ): Promise<boolean> {
    const key = `${target.namespace}/${target.name}`
    const cluster = clusterFacts(await client.get<JsonObject>(pathOf(target)))
    const [recorded] = (cluster.annotations[controlPlane.vipAnnotation] ?? '').split(',')
    const isServed = cluster.host !== '' && recorded === cluster.host
    if (!isServed || cluster.isPaused || cluster.isDeleting || damaged.has(key)) return false
    const claim = await client.get<JsonObject>(
      pathIn(target.namespace, 'ipaddressclaims', claimPrefix + target.name),
    )
    const addressName = stringOf(objectOf(objectOf(claim['status'])['addressRef'])['name'])
    if (addressName === '') return false
    damaged.add(key)
    await action(addressName)
    return true
  }

  /**
   * Spares the elastic pool: if it has shrunk, the address cannot be allocated again. Nor can one of a provider that cannot be asked
   * for it.
   */
  async function deleteHolder(
    target: Target,
    plural: 'ipaddressclaims' | 'ipaddresses',
    randomValue: number,
    isForced = false,
  ): Promise<boolean> {
    if (target.className === 'elastic' || target.className === 'other') return false
    const { claimPrefix, secondClaimPrefix } = controlPlane
    const isSecond = target.className === 'dual' && randomValue % 2 === 1
    const prefix = isSecond ? secondClaimPrefix : claimPrefix
    const remove = async (addressName: string): Promise<void> => {
      const name = plural === 'ipaddresses' ? addressName : prefix + target.name
      const path = pathIn(target.namespace, plural, name)
      await client.remove(path)
      if (isForced) await client.patch(path, { metadata: { finalizers: null } })
    }
    return damage(target, remove, prefix)
  }

  async function perform(kind: ActionKind, target: Target, randomValue: number): Promise<boolean> {
    switch (kind) {
      case 'create':
        await create(target, randomValue)
        return true
      case 'create asking for an address':
        await create(target, randomValue, addressToAskFor(target, randomValue))
        return true
      case 'ask for an address':
        return ask(target, addressToAskFor(target, randomValue))
      case 'ask for no address':
        return ask(target, null)
      case 'annotate':
        await edit(target, { metadata: { annotations: { 'example.com/note': String(randomValue) } } })
        return true
      case 'label':
        await edit(target, { metadata: { labels: { 'example.com/team': String(randomValue) } } })
        return true
      case 'set a variable':
        return editVariables(target, (variables) => [
          ...variables.filter(({ name }) => name !== 'note'),
          { name: 'note', value: String(randomValue) },
        ])
      case 'pause':
        return pause(target, { spec: { paused: true } })
      case 'pause by annotation':
        return pause(target, { metadata: { annotations: { 'cluster.x-k8s.io/paused': '' } } })
      case 'unpause':
        await edit(target, {
          metadata: { annotations: { 'cluster.x-k8s.io/paused': null } },
          spec: { paused: null },
        })
        return true
      case 'delete':
      case 'delete in foreground':
        await client.remove(pathOf(target), { foreground: kind === 'delete in foreground' })
        return true
      case 'delete and create again':
        await recreate(target, randomValue)
        return true
      case 'delete the claim':
        return deleteHolder(target, 'ipaddressclaims', randomValue)
      case 'delete the IPAddress':
        return deleteHolder(target, 'ipaddresses', randomValue)
      case 'delete the IPAddress with its protection':
        return deleteHolder(target, 'ipaddresses', randomValue, true)
      case 'apply without host':
        return damage(target, () => edit(target, { spec: { controlPlaneEndpoint: null } }))
      case 'apply without variables':
        return editVariables(target, () => [])
      case 'resize the elastic pool':
        await client.patch(pathIn('', 'globalinclusterippools', 'elastic'), {
          spec: { addresses: [elasticRanges[randomValue % elasticRanges.length]] },
        })
        return true
      case 'relabel the movable pool':
        await relabel(target.namespace, movableLabels[randomValue % movableLabels.length])
        return true
      case 'relabel the namespace':
        await client.patch(`/api/v1/namespaces/${target.namespace}`, {
          metadata: { labels: { [tenantLabel]: tenantValues[randomValue % tenantValues.length] } },
        })
        return true
      case 'change for how long addresses are kept': {
        const annotations = { [retainAnnotation]: retainedFor[randomValue % retainedFor.length] }
        await client.patch(pathIn('', 'globalinclusterippools', 'retained'), { metadata: { annotations } })
        return true
      }
      case 'change the queue-priority': {
        const priority = queuePriorities[randomValue % queuePriorities.length]
        await edit(target, { metadata: { annotations: { [queuePriorityAnnotation]: priority } } })
        return true
      }
      case 'change the DNSEndpoint': {
        const endpoints = [{ dnsName: 'other.example.com', recordType: 'A', targets: ['192.0.2.1'] }]
        await client.patch(dnsEndpointOf(target), { spec: { endpoints } })
        return true
      }
      case 'delete the DNSEndpoint':
        await client.remove(dnsEndpointOf(target))
        return true
      default:
        return kind satisfies never
    }
  }

  /**
   * Pauses only once the claims of the previous Cluster of this name are gone. The provider releases no claim of a
   * paused Cluster, and looks Clusters up by name, so the claims would stay during the whole pause.
   */
  async function pause(
    target: Target,
    patch: { readonly metadata?: object; readonly spec?: object },
  ): Promise<boolean> {
    const { uid, object } = clusterFacts(await client.get<JsonObject>(pathOf(target)))
    const claims = await client.get<JsonObject>(pathIn(target.namespace, 'ipaddressclaims'))
    const hasPrevious = arrayOf(claims['items'])
      .filter(isObject)
      .map(claimFacts)
      .filter(({ name }) =>
        bothRoles.some(({ claimPrefix, secondClaimPrefix }) =>
          [claimPrefix, secondClaimPrefix].some((prefix) => name === prefix + target.name),
        ),
      )
      .some(({ clusterOwners }) => !clusterOwners.includes(uid))
    if (hasPrevious) return false
    const { resourceVersion } = objectOf(object['metadata'])
    await edit(target, { ...patch, metadata: { ...patch.metadata, resourceVersion } })
    return true
  }

  async function editVariables(
    target: Target,
    change: (variables: readonly JsonObject[]) => readonly JsonObject[],
  ): Promise<boolean> {
    const object = await client.get<JsonObject>(pathOf(target))
    const topology = objectOf(objectOf(object['spec'])['topology'])
    const variables = arrayOf(topology['variables']).filter(isObject)
    const { resourceVersion } = objectOf(object['metadata'])
    await edit(target, {
      metadata: { resourceVersion },
      spec: { topology: { variables: change(variables) } },
    })
    return true
  }

  async function relabel(namespace: Target['namespace'], label: string | undefined): Promise<void> {
    const labels = { 'vip.capi.gorizond.io/cluster-class': label }
    await client.patch(pathIn(namespace, 'inclusterippools', 'movable'), { metadata: { labels } })
  }

  return {
    created: () => created,
    createWithEndpoint: async (targets) => {
      const used = await usedAddresses(client)
      for (const target of targets) {
        if (target.host !== undefined && !used.has(target.host)) await create(target, 0)
      }
    },
    createAll: async (targets, random) => {
      for (const target of targets) await create(target, random.below(1_000))
    },
    act: async (kind, target, randomValue) => {
      try {
        return (await perform(kind, target, randomValue)) ? 'done' : 'does not apply'
      } catch (error) {
        if (isRejection(error)) return `refused with ${error.status}`
        // Only a fault can be the reason.
        return `no answer: ${error instanceof Error ? error.message : String(error)}`
      }
    },
    revert: async () => {
      for (const namespace of namespaces) await relabel(namespace, movableLabels[0])
    },
    keepDamaged: (keys) => {
      for (const key of damaged) if (!keys.includes(key)) damaged.delete(key)
    },
  }
}

async function usedAddresses(client: UserClient): Promise<ReadonlySet<string>> {
  const used = new Set<string>()
  const itemsOf = async (path: string): Promise<readonly JsonObject[]> =>
    arrayOf((await client.get<JsonObject>(path))['items']).filter(isObject)
  for (const namespace of namespaces) {
    for (const item of await itemsOf(pathIn(namespace, 'ipaddresses'))) {
      used.add(stringOf(objectOf(item['spec'])['address']))
    }
    for (const item of await itemsOf(pathIn(namespace, 'clusters'))) used.add(clusterFacts(item).host)
  }
  return used
}

function dnsEndpointOf({ namespace, name }: Target): string {
  return dnsEndpointPath(namespace, controlPlane.claimPrefix + name)
}

/** A Cluster with policies by a random value. */
function manifestOf(target: Target, randomValue: number, address?: string): object {
  const { namespace, name, className, host, isReserved } = target
  const priority = queuePriorities[randomValue % queuePriorities.length]
  const annotations = {
    ...(className === 'dual' && { [ipFamiliesAnnotation]: ipFamilies[randomValue % ipFamilies.length] }),
    ...(typeof priority === 'string' && { [queuePriorityAnnotation]: priority }),
    ...(address !== undefined && { [controlPlane.addressAnnotation]: address }),
    ...(isReserved === true && { [reserveEndpointAnnotation]: 'true' }),
  }
  return {
    apiVersion: 'cluster.x-k8s.io/v1beta2',
    kind: 'Cluster',
    metadata: { namespace, name, annotations },
    spec: {
      ...(host !== undefined && { controlPlaneEndpoint: { host, port: 6443 } }),
      topology: {
        classRef: { name: className },
        version: 'v1.35.4',
        controlPlane: { replicas: 1 },
      },
    },
  }
}
