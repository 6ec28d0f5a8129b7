import { describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { readForeignPool, scopeOfKind } from '../../../src/kubernetes/foreign-kinds.ts'
import type { KubernetesConnection } from '../../../src/kubernetes/transport/connection.ts'

const group = 'ipam.example.test'
const pool = { apiGroup: group, kind: 'CorpIPPool', name: 'corp' }

/** A server with one group, whose kind is in its second version. */
const discovery: Readonly<Record<string, JsonObject>> = {
  [`/apis/${group}`]: { versions: [{ version: 'v2' }, { version: 'v1' }] },
  [`/apis/${group}/v2`]: { resources: [] },
  [`/apis/${group}/v1`]: {
    resources: [
      { name: 'corpippools/status', kind: 'CorpIPPool', namespaced: true },
      { name: 'corpippools', kind: 'CorpIPPool', namespaced: true },
      { name: 'widepools', kind: 'WidePool', namespaced: false },
    ],
  },
}

function serverOf(
  paths: Readonly<Record<string, JsonObject>>,
  otherwise: KubernetesError['kind'] = 'notFound',
): Pick<KubernetesConnection, 'request'> {
  return {
    request: async ({ path }) => {
      const answer = paths[path]
      if (answer === undefined) throw new KubernetesError(path, { kind: otherwise, status: 400 })
      return answer
    },
  }
}

describe('a kind of another IPAM provider', () => {
  it('is served if a version of its group has it', async () => {
    expect(await scopeOfKind(serverOf(discovery), pool)).toBe('namespaced')
    expect(await scopeOfKind(serverOf(discovery), { apiGroup: group, kind: 'CorpIPPol' })).toBe('not-served')
    expect(await scopeOfKind(serverOf(discovery), { ...pool, apiGroup: 'ipam.example.net' })).toBe(
      'not-served',
    )
    expect(await scopeOfKind(serverOf({}, 'notServed'), pool)).toBe('not-served')
  })

  it('has the scope that the API server says', async () => {
    expect(await scopeOfKind(serverOf(discovery), { apiGroup: group, kind: 'WidePool' })).toBe('cluster')
  })

  it('is unknown if the API server does not say it', async () => {
    expect(await scopeOfKind(serverOf({}, 'forbidden'), pool)).toBeUndefined()
    expect(await scopeOfKind(serverOf({}, 'unavailable'), pool)).toBeUndefined()
  })
})

describe('a pool of another IPAM provider', () => {
  const place = `/apis/${group}/v1/namespaces/clusters/corpippools/corp`

  it('is looked up where its kind is', async () => {
    expect(await readForeignPool(serverOf({ ...discovery, [place]: {} }), pool, 'clusters')).toBe('present')
    const wide = { ...pool, kind: 'WidePool' }
    const served = serverOf({ ...discovery, [`/apis/${group}/v1/widepools/corp`]: {} })
    expect(await readForeignPool(served, wide, 'clusters')).toBe('present')
  })

  it('is absent, of a kind that is not served, or unknown', async () => {
    expect(await readForeignPool(serverOf(discovery), pool, 'clusters')).toBe('absent')
    expect(await readForeignPool(serverOf({}), pool, 'clusters')).toBe('kind-not-served')
    expect(await readForeignPool(serverOf(discovery, 'forbidden'), pool, 'clusters')).toBe('unknown')
    expect(await readForeignPool(serverOf({}, 'forbidden'), pool, 'clusters')).toBe('unknown')
  })
})
