import { describe, expect, it } from '@jest/globals'
import { reviewPermissions } from '../../../../src/commands/doctor/access-review.ts'
import { objectOf, type JsonObject } from '../../../../src/domain/model/decode.ts'
import { neededPermissions } from '../../../../src/kubernetes/permissions.ts'

/** What is asked about Namespaces, by verb; `permitted`: in which namespace `get` is. */
async function reviewed(namespaces: readonly string[], permitted = '') {
  const asked: JsonObject[] = []
  const request = async ({ body }: { readonly body?: unknown }): Promise<JsonObject> => {
    const { resourceAttributes } = objectOf(objectOf(body)['spec'])
    const attributes = objectOf(resourceAttributes)
    asked.push(attributes)
    return { status: { allowed: attributes['verb'] === 'get' && attributes['namespace'] === permitted } }
  }
  const permissions = neededPermissions.filter(({ resource, only }) => resource === 'namespaces' && !only)
  const answers = await reviewPermissions({ request }, undefined, permissions, namespaces)
  return {
    asked,
    allowed: answers.filter(({ allowed }) => allowed).map(({ verb, namespace }) => [verb, namespace]),
  }
}

describe('the permissions on Namespaces', () => {
  const resource = { group: '', resource: 'namespaces' }

  it('are reviewed for all of them where all are served', async () => {
    const { asked } = await reviewed([])
    expect(asked).toEqual(['get', 'list', 'watch'].map((verb) => ({ verb, ...resource })))
  })

  it('are reviewed for each that is served, as a Role in it grants to get it', async () => {
    const { asked, allowed } = await reviewed(['red', 'blue'], 'blue')
    expect(asked).toEqual([
      ...['red', 'blue'].map((name) => ({ verb: 'get', ...resource, namespace: name, name })),
      ...['list', 'watch'].map((verb) => ({ verb, ...resource })),
    ])
    expect(allowed).toEqual([['get', 'blue']])
  })
})
