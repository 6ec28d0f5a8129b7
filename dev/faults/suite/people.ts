import { setTimeout as delay } from 'node:timers/promises'
import { arrayOf, isObject, objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { claimFacts, clusterFacts } from '../invariants/facts.ts'
import { bothRoles, controlPlane } from '../invariants/names.ts'
import { elasticRanges, movableLabels } from './land.ts'
import { globalPoolPath, isRefusal, pathIn, type Site } from './site.ts'
import type { Subject } from './subjects.ts'

/** People who change Clusters, claims, addresses and pools. */
export interface People {
  /** Clusters that they have created. */
  readonly created: () => number
  /** Types the endpoints that are missing, where nobody has the address. To be asked for at quiet: nobody can race for it then. */
  readonly typeEndpoints: (subjects: readonly Subject[]) => Promise<void>
  /** Creates Clusters that do not exist yet. */
  readonly settle: (subjects: readonly Subject[]) => Promise<void>
  /**
   * Does one deed to a Cluster, if it is as the deed needs it.
   *
   * @returns what came of it, for people
   */
  readonly act: (deed: Deed, subject: Subject, dice: number) => Promise<string>
  /** Takes back what is for one round only. */
  readonly tidyUp: () => Promise<void>
  /** Which harmed Clusters are to be spared from now on; the harm to all others is mended. */
  readonly spareHarmed: (keys: readonly string[]) => void
}

export const deeds = [
  'create',
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
] as const
export type Deed = (typeof deeds)[number]

const againWithinMs = 5_000

export function peopleAt(site: Site): People {
  let created = 0
  /** Clusters whose VIP a person has harmed. A second harm before the first is mended may cost the address by design. */
  const harmed = new Set<string>()
  const pathOf = ({ namespace, name }: Subject): string => pathIn(namespace, 'clusters', name)
  const edit = (subject: Subject, patch: object): Promise<void> => site.patch(pathOf(subject), patch)

  async function create(subject: Subject): Promise<void> {
    await site.create(pathIn(subject.namespace, 'clusters'), manifestOf(subject))
    created++
  }

  async function createAgain(subject: Subject): Promise<void> {
    await site.remove(pathOf(subject))
    const deadline = Date.now() + againWithinMs
    for (;;) {
      try {
        await create(subject)
        return
      } catch (error) {
        if (!isRefusal(error) || error.status !== 409 || Date.now() > deadline) throw error
        await delay(20)
      }
    }
  }

  /** Does harm to the VIP of a Cluster that is served, whose VIP is held, and who has not been harmed yet. */
  async function harm(subject: Subject, deed: (addressName: string) => Promise<void>): Promise<boolean> {
    const key = `${subject.namespace}/${subject.name}`
    const cluster = clusterFacts(await site.get<JsonObject>(pathOf(subject)))
    const isServed = cluster.host !== '' && cluster.annotations[controlPlane.vipAnnotation] === cluster.host
    if (!isServed || cluster.isPaused || cluster.isDeleting || harmed.has(key)) return false
    const claim = await site.get<JsonObject>(
      pathIn(subject.namespace, 'ipaddressclaims', controlPlane.claimPrefix + subject.name),
    )
    const addressName = stringOf(objectOf(objectOf(claim['status'])['addressRef'])['name'])
    if (addressName === '') return false
    harmed.add(key)
    await deed(addressName)
    return true
  }

  /** A shrunk pool does not have the address any more, so that it could not be had again. */
  async function harmHolding(
    subject: Subject,
    plural: 'ipaddressclaims' | 'ipaddresses',
    isForced = false,
  ): Promise<boolean> {
    if (subject.className === 'elastic') return false
    return harm(subject, async (addressName) => {
      const name = plural === 'ipaddresses' ? addressName : controlPlane.claimPrefix + subject.name
      const path = pathIn(subject.namespace, plural, name)
      await site.remove(path)
      if (isForced) await site.patch(path, { metadata: { finalizers: null } })
    })
  }

  async function carryOut(deed: Deed, subject: Subject, dice: number): Promise<boolean> {
    switch (deed) {
      case 'create':
        await create(subject)
        return true
      case 'annotate':
        await edit(subject, { metadata: { annotations: { 'example.com/note': String(dice) } } })
        return true
      case 'label':
        await edit(subject, { metadata: { labels: { 'example.com/team': String(dice) } } })
        return true
      case 'set a variable':
        return editVariables(subject, (variables) => [
          ...variables.filter(({ name }) => name !== 'note'),
          { name: 'note', value: String(dice) },
        ])
      case 'pause':
        return pause(subject, { spec: { paused: true } })
      case 'pause by annotation':
        return pause(subject, { metadata: { annotations: { 'cluster.x-k8s.io/paused': '' } } })
      case 'unpause':
        await edit(subject, {
          metadata: { annotations: { 'cluster.x-k8s.io/paused': null } },
          spec: { paused: null },
        })
        return true
      case 'delete':
      case 'delete in foreground':
        await site.remove(pathOf(subject), { foreground: deed === 'delete in foreground' })
        return true
      case 'delete and create again':
        await createAgain(subject)
        return true
      case 'delete the claim':
        return harmHolding(subject, 'ipaddressclaims')
      case 'delete the IPAddress':
        return harmHolding(subject, 'ipaddresses')
      case 'delete the IPAddress with its protection':
        return harmHolding(subject, 'ipaddresses', true)
      case 'apply without host':
        return harm(subject, () => edit(subject, { spec: { controlPlaneEndpoint: null } }))
      case 'apply without variables':
        return editVariables(subject, () => [])
      case 'resize the elastic pool':
        await site.patch(globalPoolPath('elastic'), {
          spec: { addresses: [elasticRanges[dice % elasticRanges.length]] },
        })
        return true
      case 'relabel the movable pool':
        await relabel(subject.namespace, movableLabels[dice % movableLabels.length])
        return true
      default:
        return deed satisfies never
    }
  }

  /**
   * The provider lets go of no claim whose Cluster is paused, and knows Clusters by name: a former Cluster's claims
   * would stay as long as the present one is paused. So people wait until they are gone.
   */
  async function pause(
    subject: Subject,
    patch: { readonly metadata?: object; readonly spec?: object },
  ): Promise<boolean> {
    const { uid, object } = clusterFacts(await site.get<JsonObject>(pathOf(subject)))
    const claims = await site.get<JsonObject>(pathIn(subject.namespace, 'ipaddressclaims'))
    const hasFormer = arrayOf(claims['items'])
      .filter(isObject)
      .map(claimFacts)
      .filter(({ name }) => bothRoles.some(({ claimPrefix }) => name === claimPrefix + subject.name))
      .some(({ clusterOwners }) => !clusterOwners.includes(uid))
    if (hasFormer) return false
    const { resourceVersion } = objectOf(object['metadata'])
    await edit(subject, { ...patch, metadata: { ...patch.metadata, resourceVersion } })
    return true
  }

  async function editVariables(
    subject: Subject,
    change: (variables: readonly JsonObject[]) => readonly JsonObject[],
  ): Promise<boolean> {
    const object = await site.get<JsonObject>(pathOf(subject))
    const topology = objectOf(objectOf(object['spec'])['topology'])
    const variables = arrayOf(topology['variables']).filter(isObject)
    const { resourceVersion } = objectOf(object['metadata'])
    await edit(subject, {
      metadata: { resourceVersion },
      spec: { topology: { variables: change(variables) } },
    })
    return true
  }

  async function relabel(namespace: Subject['namespace'], label: string | undefined): Promise<void> {
    const labels = { 'vip.capi.gorizond.io/cluster-class': label }
    await site.patch(pathIn(namespace, 'inclusterippools', 'movable'), { metadata: { labels } })
  }

  return {
    created: () => created,
    typeEndpoints: async (subjects) => {
      const used = await usedAddresses(site)
      for (const subject of subjects) {
        if (subject.host !== undefined && !used.has(subject.host)) await create(subject)
      }
    },
    settle: async (subjects) => {
      for (const subject of subjects) await create(subject)
    },
    act: async (deed, subject, dice) => {
      try {
        return (await carryOut(deed, subject, dice)) ? 'done' : 'does not apply'
      } catch (error) {
        if (isRefusal(error)) return `refused with ${error.status}`
        // Only the faults can be the reason, and people cannot do more than give up.
        return `not heard: ${error instanceof Error ? error.message : String(error)}`
      }
    },
    tidyUp: async () => {
      for (const namespace of ['faults-a', 'faults-b'] as const) await relabel(namespace, movableLabels[0])
    },
    spareHarmed: (keys) => {
      for (const key of harmed) if (!keys.includes(key)) harmed.delete(key)
    },
  }
}

async function usedAddresses(site: Site): Promise<ReadonlySet<string>> {
  const used = new Set<string>()
  const itemsOf = async (path: string): Promise<readonly JsonObject[]> =>
    arrayOf((await site.get<JsonObject>(path))['items']).filter(isObject)
  for (const namespace of ['faults-a', 'faults-b'] as const) {
    for (const item of await itemsOf(pathIn(namespace, 'ipaddresses'))) {
      used.add(stringOf(objectOf(item['spec'])['address']))
    }
    for (const item of await itemsOf(pathIn(namespace, 'clusters'))) used.add(clusterFacts(item).host)
  }
  return used
}

function manifestOf({ namespace, name, className, host }: Subject): object {
  return {
    apiVersion: 'cluster.x-k8s.io/v1beta2',
    kind: 'Cluster',
    metadata: { namespace, name },
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
