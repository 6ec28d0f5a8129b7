import { withKubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { pathIn } from '../../dev/stack/resource-path.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { ownPrefix } from '../../src/domain/names.ts'
import type { EvidenceSource } from './evidence.ts'

/** Maximum length of one object. */
const objectLength = 4_000

const plurals = ['clusters', 'ipaddressclaims', 'ipaddresses', 'inclusterippools'] as const

/** Clusters, claims, addresses and pools of a namespace; those that the wait names come first. */
export function objectEvidence(
  stack: Pick<StackConnection, 'apiServerUrl' | 'caPath' | 'token'>,
  namespace: string,
): EvidenceSource {
  return {
    title: `objects in namespace ${namespace}`,
    collect: (about) =>
      withKubernetesApi(stack, async (api) => {
        const lists = await Promise.all(
          plurals.map(async (plural) => {
            const path = pathIn(namespace, plural)
            const { items } = await api.send<{ items: unknown }>({ method: 'GET', path })
            return arrayOf(items).map((item) => ({ plural, object: objectOf(item) }))
          }),
        )
        const isNamed = (name: string): boolean => about.includes(name.replace(/^vip-(cp|ingress)-/, ''))
        return lists
          .flat()
          .map(({ plural, object }) => ({ name: nameOf(object), line: lineOf(plural, object) }))
          .toSorted((one, other) => Number(isNamed(other.name)) - Number(isNamed(one.name)))
          .map(({ line }) => line)
          .join('\n')
      }),
  }
}

function nameOf(object: JsonObject): string {
  return stringOf(objectOf(object['metadata'])['name'])
}

/** The object without `managedFields`. Our conditions come first, because Cluster API has twenty of its own. */
function lineOf(plural: string, object: JsonObject): string {
  const { managedFields: _, ...metadata } = objectOf(object['metadata'])
  const { conditions, ...status } = objectOf(object['status'])
  const isOurs = (condition: unknown): boolean =>
    stringOf(objectOf(condition)['type']).startsWith(`${ownPrefix}/`)
  const oursFirst = arrayOf(conditions).toSorted((one, other) => Number(isOurs(other)) - Number(isOurs(one)))
  const text = JSON.stringify({
    metadata,
    spec: object['spec'],
    status: { ...status, conditions: oursFirst },
  })
  return `${plural}/${nameOf(object)} ${text.slice(0, objectLength)}`
}
