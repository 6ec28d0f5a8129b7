import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import type { IPPool } from '../../../../src/domain/model/pool.ts'
import {
  isPoolVerdict,
  mostRelevant,
  selectIPPool,
  type PoolRequest,
  type PoolVerdict,
} from '../../../../src/domain/allocation/pool-selection.ts'
import { poolsUsableBy } from '../../../../src/domain/allocation/snapshot.ts'
import { aClass, anUncountedPool, aPool } from '../../../support/builders.ts'
import { holdsForAll } from '../../../support/seeded-random.ts'

const classKey = 'vip.capi.gorizond.io/cluster-class'
const roleKey = 'vip.capi.gorizond.io/role'
const priorityKey = 'vip.capi.gorizond.io/priority'
const namespacesKey = 'vip.capi.gorizond.io/namespaces'
const selectorKey = 'vip.capi.gorizond.io/namespace-selector'

const request: PoolRequest = {
  namespace: 'clusters',
  role: 'control-plane',
  clusterClass: { namespace: 'clusters', name: aClass },
  explicitPool: undefined,
}

function chosen(pools: readonly IPPool[], overrides: Partial<PoolRequest> = {}): string | undefined {
  const selection = selectIPPool({ ...request, ...overrides }, pools)
  return selection.outcome === 'selected' ? selection.pool.name : undefined
}

function whyNot(pool: IPPool, overrides: Partial<PoolRequest> = {}): string | undefined {
  return selectIPPool({ ...request, ...overrides }, [pool]).considered[0]?.because
}

describe('the ClusterClass of a pool', () => {
  it.each([
    ['the label names it', { labels: { [classKey]: aClass } }],
    [
      'the annotation lists it',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: `other, ${aClass}` } },
    ],
    ['the annotation lists *', { labels: { [classKey]: 'true' }, annotations: { [classKey]: 'other, *' } }],
    [
      'the annotation lists it among spaces',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: ` other , ${aClass}` } },
    ],
    [
      'the annotation lists it with its namespace',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: `clusters/${aClass}` } },
    ],
    [
      'the label names it beside a list of others',
      { labels: { [classKey]: aClass }, annotations: { [classKey]: 'other' } },
    ],
  ])('matches where %s', (_, pool) => {
    expect(chosen([aPool(pool)])).toBe('vip-pool')
  })

  it.each([
    ['no label', { labels: {} }, `has no label ${classKey}`],
    [
      'another class',
      { labels: { [classKey]: 'other' } },
      `is for ClusterClass other, not clusters/${aClass}`,
    ],
    [
      'the class of another namespace',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: `elsewhere/${aClass}` } },
      `is for ClusterClass elsewhere/${aClass}, not clusters/${aClass}`,
    ],
    [
      'a list that is missing',
      { labels: { [classKey]: 'true' } },
      `label ${classKey} is "true", but the annotation of the same key lists no ClusterClass`,
    ],
    [
      'a list of others',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: 'a, b' } },
      `is for ClusterClass a, b, not clusters/${aClass}`,
    ],
    [
      'a list of others whose names end like it',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: `not-${aClass}` } },
      `is for ClusterClass not-${aClass}, not clusters/${aClass}`,
    ],
    [
      'a list without the label "true"',
      { labels: { [classKey]: 'other' }, annotations: { [classKey]: aClass } },
      `is for ClusterClass other, not clusters/${aClass}`,
    ],
  ])('rejects %s and says so', (_, pool, because) => {
    expect(whyNot(aPool(pool))).toBe(because)
  })

  it('can be called "true"', () => {
    const clusterClass = { namespace: 'clusters', name: 'true' }
    expect(chosen([aPool({ labels: { [classKey]: 'true' } })], { clusterClass })).toBe('vip-pool')
  })

  it('can be called "true" beside those of a list', () => {
    const pool = aPool({ labels: { [classKey]: 'true' }, annotations: { [classKey]: 'other' } })
    expect(chosen([pool], { clusterClass: { namespace: 'clusters', name: 'true' } })).toBe('vip-pool')
  })

  it.each<[string, Record<string, string>, string]>([
    ['names one', {}, `is for ClusterClass ${aClass}, and the Cluster has none`],
    [
      'lists some',
      { [classKey]: `${aClass}, other` },
      `is for ClusterClass ${aClass}, other, and the Cluster has none`,
    ],
    [
      'lists none',
      { [classKey]: ' , ' },
      `label ${classKey} is "true", but the annotation of the same key lists no ClusterClass`,
    ],
  ])('matches no Cluster without one where the pool %s', (_, annotations, because) => {
    const label = classKey in annotations ? 'true' : aClass
    const pool = aPool({ labels: { [classKey]: label }, annotations })
    expect(whyNot(pool, { clusterClass: undefined })).toBe(because)
  })

  it('matches a Cluster without one where the annotation lists *, by the role that it names', () => {
    const pool = (role: string): IPPool =>
      aPool({
        labels: { [classKey]: 'true', [roleKey]: role },
        annotations: { [classKey]: `${aClass}, *` },
      })
    const clusterClass = undefined
    expect(chosen([pool('control-plane')], { clusterClass })).toBe('vip-pool')
    expect(chosen([pool('ingress')], { clusterClass })).toBeUndefined()
    expect(chosen([pool('ingress')], { clusterClass, role: 'ingress' })).toBe('vip-pool')
  })
})

describe('the role of a pool', () => {
  const withRole = (role: string): IPPool => aPool({ labels: { [classKey]: aClass, [roleKey]: role } })
  const both = aPool({ annotations: { [roleKey]: 'control-plane, ingress' } })

  it('is control-plane where none is named', () => {
    expect(chosen([aPool()])).toBe('vip-pool')
    expect(whyNot(aPool(), { role: 'ingress' })).toBe('is for role control-plane, not ingress')
  })

  it('is the label’s', () => {
    expect(chosen([withRole('ingress')], { role: 'ingress' })).toBe('vip-pool')
    expect(whyNot(withRole('ingress'))).toBe('is for role ingress, not control-plane')
  })

  it('is every one that the annotation lists', () => {
    expect(chosen([both])).toBe('vip-pool')
    expect(chosen([both], { role: 'ingress' })).toBe('vip-pool')
  })

  it.each([
    ['the annotation’s', 'control-plane', 'control-plane'],
    ['the label’s where the annotation is empty', ' , ', 'ingress'],
  ] as const)('is %s, not both', (_, annotation, role) => {
    const pool = aPool({
      labels: { [classKey]: aClass, [roleKey]: 'ingress' },
      annotations: { [roleKey]: annotation },
    })
    expect(chosen([pool], { role })).toBe('vip-pool')
    expect(chosen([pool], { role: role === 'ingress' ? 'control-plane' : 'ingress' })).toBeUndefined()
  })

  it('is what the annotation lists, whatever the label says', () => {
    const labels = { [classKey]: aClass }
    const listed = aPool({
      name: 'z',
      labels: { ...labels, [roleKey]: 'ingress' },
      annotations: { [roleKey]: 'control-plane, ingress' },
    })
    const labeled = aPool({
      name: 'a',
      labels: { ...labels, [roleKey]: 'control-plane' },
      annotations: { [roleKey]: 'ingress' },
    })
    expect(chosen([labeled, listed])).toBe('z')
    expect(chosen([labeled, listed], { role: 'ingress' })).toBe('a')
  })

  it('is refused where it is no role, with the words that are', () => {
    expect(whyNot(withRole('controlplane'))).toBe(
      `${roleKey} is "controlplane", expected control-plane or ingress`,
    )
    expect(whyNot(aPool({ annotations: { [roleKey]: ' ,x y,' } }))).toBe(
      `${roleKey} is "x y", expected control-plane or ingress`,
    )
  })
})

describe('a pool that is meant for the Cluster', () => {
  it.each([
    ['being deleted', { deleting: true }, 'PoolNotReady', 'is being deleted'],
    ['paused', { annotations: { 'cluster.x-k8s.io/paused': '' } }, 'PoolNotReady', 'is paused'],
    [
      'exhausted',
      { capacity: { total: 11, used: 11, free: 0, outOfRange: 0 } },
      'PoolExhausted',
      '0 of 11 addresses free',
    ],
  ])('is left out while %s, and the reason is kept', (_, pool, reason, because) => {
    const selection = selectIPPool(request, [aPool(pool)])
    expect(selection).toMatchObject({
      outcome: 'none',
      reason,
      considered: [{ verdict: 'rejected', because }],
    })
  })

  it('still has room where addresses out of range are counted as used', () => {
    expect(chosen([aPool({ capacity: { total: 3, used: 4, free: -1, outOfRange: 2 } })])).toBe('vip-pool')
  })

  it('has no room where all that is left is out of range and in use', () => {
    const pool = aPool({ capacity: { total: 3, used: 4, free: -1, outOfRange: 1 } })
    expect(whyNot(pool)).toBe('0 of 3 addresses free')
  })

  it('may have room while its addresses are not counted', () => {
    expect(chosen([anUncountedPool()])).toBe('vip-pool')
  })

  it('is closed to namespaces that it does not list', () => {
    const pool = aPool({ annotations: { [namespacesKey]: 'prod, stage' } })
    expect(whyNot(pool)).toBe(`is closed to namespace clusters (${namespacesKey}: "prod, stage")`)
    expect(chosen([pool], { namespace: 'stage' })).toBe('vip-pool')
  })

  it('that is namespaced is open to its namespace, whatever it lists', () => {
    const pool = aPool({ kind: 'InClusterIPPool', annotations: { [namespacesKey]: 'prod' } })
    expect(chosen([pool])).toBe('vip-pool')
  })

  it.each(['', ' ,,, ,'])('is closed to all namespaces by a list of none: "%s"', (list) => {
    expect(whyNot(aPool({ annotations: { [namespacesKey]: list } }))).toBe(
      `is closed to namespace clusters (${namespacesKey}: "${list}")`,
    )
  })

  it.each(['high', '', '1.5', '1e3', '1e999', 'NaN', '0x10', '5 apples', 'no 5', '+-5'])(
    'is left out with the priority "%s", which is no integer',
    (priority) => {
      expect(whyNot(aPool({ annotations: { [priorityKey]: priority } }))).toBe(
        `${priorityKey} is "${priority}", expected an integer`,
      )
    },
  )

  it.each(['10', '+10', ' 10 ', '010'])('goes before priority 9 with "%s"', (priority) => {
    const nine = aPool({ name: 'a', annotations: { [priorityKey]: '9' } })
    expect(chosen([nine, aPool({ name: 'z', annotations: { [priorityKey]: priority } })])).toBe('z')
  })
})

describe('a pool with a namespace selector', () => {
  /** Why the pool is not for a Cluster in namespace `clusters`; undefined if it is. */
  const closed = (pool: IPPool, labels: Readonly<Record<string, string>> | undefined): string | undefined => {
    const selection = selectIPPool(request, poolsUsableBy('clusters', [pool], labels))
    return selection.outcome === 'selected' ? undefined : selection.considered[0]?.because
  }
  const selecting = (selector: string, annotations: Record<string, string> = {}): IPPool =>
    aPool({ annotations: { ...annotations, [selectorKey]: selector } })
  const [blue, red] = [{ team: 'blue' }, { team: 'red' }]

  it('is open to the Namespaces that it selects', () => {
    expect(closed(selecting('team=blue'), blue)).toBeUndefined()
    expect(closed(selecting('team=blue'), red)).toBe(
      `is closed to namespace clusters (${selectorKey}: "team=blue")`,
    )
    expect(closed(selecting(' '), red)).toBeUndefined()
  })

  it('is open to those that it lists, too', () => {
    expect(closed(selecting('team=blue', { [namespacesKey]: 'clusters' }), red)).toBeUndefined()
    expect(closed(selecting('team=blue', { [namespacesKey]: 'clusters' }), undefined)).toBeUndefined()
    expect(closed(selecting('team=blue', { [namespacesKey]: 'elsewhere' }), blue)).toBeUndefined()
    expect(closed(selecting('team=blue', { [namespacesKey]: '' }), red)).toBe(
      `is closed to namespace clusters (${namespacesKey}: "", ${selectorKey}: "team=blue")`,
    )
  })

  it('is closed to a Namespace whose labels nobody can read, and says so', () => {
    expect(closed(selecting('!team'), undefined)).toBe(
      `is closed to namespace clusters, whose labels cannot be read (${selectorKey}: "!team")`,
    )
  })

  it.each(['team in blue', 'team=a b', 'Team Blue', '{"team":"blue"}'])(
    'is closed to everybody by a selector that cannot be read: %s',
    (text) => {
      const because = `${selectorKey} is ${JSON.stringify(text)}, expected a label selector such as team=blue,env in (test,prod),!legacy`
      expect(closed(selecting(text), blue)).toBe(because)
      expect(closed(selecting(text, { [namespacesKey]: 'clusters' }), blue)).toBe(because)
    },
  )

  it('that is namespaced is open to its namespace, whatever it selects', () => {
    for (const text of ['team=blue', 'team in blue']) {
      const pool = aPool({ kind: 'InClusterIPPool', annotations: { [selectorKey]: text } })
      expect(closed(pool, red)).toBeUndefined()
    }
  })

  it('is open exactly by its list, its selector, or neither, in whatever world', () => {
    const world = fc.record({
      list: fc.option(fc.subarray(['clusters', 'elsewhere'] as const)),
      selector: fc.option(fc.constantFrom('team=blue', 'team!=blue', 'team', '!team', '', 'team in blue')),
      labels: fc.constantFrom(blue, red, {}, undefined),
    })
    const selects = (selector: string, { team }: { readonly team?: string }): boolean =>
      ({
        'team=blue': team === 'blue',
        'team!=blue': team !== 'blue',
        team: team !== undefined,
        '!team': team === undefined,
      })[selector] ?? selector === ''
    holdsForAll(world, ({ list, selector, labels }) => {
      const annotations = {
        ...(list !== null && { [namespacesKey]: list.join(', ') }),
        ...(selector !== null && { [selectorKey]: selector }),
      }
      const isNeither = list === null && selector === null
      const isListed = list?.includes('clusters') === true
      const isSelected = selector !== null && labels !== undefined && selects(selector, labels)
      const isReadable = selector !== 'team in blue'
      expect(closed(aPool({ annotations }), labels) === undefined).toBe(
        isReadable && (isNeither || isListed || isSelected),
      )
    })
  })
})

describe('the order of pools', () => {
  const exact = { [classKey]: aClass, [roleKey]: 'control-plane' }
  it.each<[string, IPPool, IPPool]>([
    [
      'an exact role before none',
      aPool({ name: 'z', labels: exact }),
      aPool({ name: 'a', kind: 'InClusterIPPool' }),
    ],
    [
      'namespaced before global',
      aPool({ name: 'z', kind: 'InClusterIPPool' }),
      aPool({ name: 'a', annotations: { [priorityKey]: '9' } }),
    ],
    [
      'an exact role before a high priority',
      aPool({ name: 'z', labels: exact }),
      aPool({ name: 'a', annotations: { [priorityKey]: '100' } }),
    ],
    [
      'one whose priority can be read before one whose cannot',
      aPool({ name: 'z', annotations: { [priorityKey]: '-5' } }),
      aPool({ name: 'a', annotations: { [priorityKey]: 'high' } }),
    ],
    [
      'open to the namespace before closed to it',
      aPool({ name: 'z', annotations: { [namespacesKey]: 'elsewhere, clusters' } }),
      aPool({ name: 'a', annotations: { [namespacesKey]: 'elsewhere' } }),
    ],
    [
      'open to all namespaces before open to none',
      aPool({ name: 'z' }),
      aPool({ name: 'a', annotations: { [namespacesKey]: '' } }),
    ],
    [
      'one that works before a paused one',
      aPool({ name: 'z' }),
      aPool({ name: 'a', annotations: { 'cluster.x-k8s.io/paused': '' } }),
    ],
    [
      'a high priority before a low one',
      aPool({ name: 'z', annotations: { [priorityKey]: '1' } }),
      aPool({ name: 'a', annotations: { [priorityKey]: '-1' } }),
    ],
    [
      'a high priority before one that is less high',
      aPool({ name: 'z', annotations: { [priorityKey]: '9' } }),
      aPool({ name: 'a', annotations: { [priorityKey]: '2' } }),
    ],
    [
      'a priority above 0 before none',
      aPool({ name: 'z', annotations: { [priorityKey]: '1' } }),
      aPool({ name: 'a' }),
    ],
    [
      'none before a priority below 0',
      aPool({ name: 'z' }),
      aPool({ name: 'a', annotations: { [priorityKey]: '-1' } }),
    ],
    ['the name in the end', aPool({ name: 'a' }), aPool({ name: 'b' })],
  ])('is %s', (_, first, second) => {
    expect(chosen([second, first])).toBe(first.name)
    expect(chosen([first, second])).toBe(first.name)
  })

  it('comes with a word on every pool', () => {
    const labels = {}
    const free = { total: 4, used: 1, free: 3, outOfRange: 0 }
    const pools = [
      aPool({ name: 'd', labels }),
      anUncountedPool({ name: 'c' }),
      aPool({ name: 'b', capacity: free }),
      aPool({ name: 'a', deleting: true }),
    ]
    expect(selectIPPool(request, pools)).toEqual({
      outcome: 'selected',
      pool: pools[2],
      considered: [
        { kind: 'GlobalInClusterIPPool', name: 'a', verdict: 'rejected', because: 'is being deleted' },
        { kind: 'GlobalInClusterIPPool', name: 'b', verdict: 'selected', because: '3 of 4 addresses free' },
        {
          kind: 'GlobalInClusterIPPool',
          name: 'c',
          verdict: 'eligible',
          because: 'not counted yet; another pool goes first',
        },
        {
          kind: 'GlobalInClusterIPPool',
          name: 'd',
          verdict: 'rejected',
          because: `has no label ${classKey}`,
        },
      ],
    })
  })

  it('is the order in which they are used up, however they were created', () => {
    const global = 'GlobalInClusterIPPool' as const
    const namespaced = 'InClusterIPPool' as const
    const labels = { [classKey]: aClass }
    const ranking = [
      aPool({ name: 'z', kind: namespaced, labels: exact, annotations: { [priorityKey]: '5' } }),
      aPool({ name: 'e', kind: namespaced, labels, annotations: { [roleKey]: 'ingress,control-plane' } }),
      aPool({ name: 'f', kind: namespaced, labels: exact }),
      aPool({ name: 'd', kind: global, labels: exact, annotations: { [priorityKey]: '100' } }),
      aPool({ name: 'y', kind: namespaced, labels, annotations: { [priorityKey]: '+7' } }),
      aPool({ name: 'c', kind: namespaced, labels, annotations: { [priorityKey]: '-1' } }),
      aPool({ name: 'b', kind: global, labels }),
      aPool({ name: 'a', kind: global, labels, annotations: { [priorityKey]: '-10' } }),
    ]
    const full = { total: 1, used: 1, free: 0, outOfRange: 0 }
    const orders = fc.shuffledSubarray(ranking, { minLength: ranking.length })
    holdsForAll(orders, (created) => {
      let pools: readonly IPPool[] = created
      const used = ranking.map(() => {
        const name = chosen(pools)
        pools = pools.map((pool) => (pool.name === name ? { ...pool, capacity: full } : pool))
        return name
      })
      expect(used).toEqual(ranking.map(({ name }) => name))
    })
  })

  it('falls to the next where the first is exhausted', () => {
    const full = aPool({ name: 'a', capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })
    expect(chosen([full, aPool({ name: 'b' })])).toBe('b')
  })

  it('does not depend on the order in which the pools were read', () => {
    const pools = fc.uniqueArray(
      fc.record({
        name: fc.stringMatching(/^[a-e]{1,2}$/),
        kind: fc.constantFrom('InClusterIPPool' as const, 'GlobalInClusterIPPool' as const),
        priority: fc.integer({ min: -2, max: 2 }),
        role: fc.constantFrom('control-plane', 'ingress', undefined),
        free: fc.integer({ min: 0, max: 1 }),
      }),
      { selector: ({ kind, name }) => `${kind}/${name}` },
    )
    fc.assert(
      fc.property(pools, fc.infiniteStream(fc.nat()), (facts, keys) => {
        const all = facts.map(({ name, kind, priority, role, free }) =>
          aPool({
            name,
            kind,
            labels: { [classKey]: aClass, ...(role && { [roleKey]: role }) },
            annotations: { [priorityKey]: String(priority) },
            capacity: { total: 1, used: 1 - free, free, outOfRange: 0 },
          }),
        )
        const shuffled = all
          .map((pool) => ({ pool, at: Number(keys.next().value) }))
          .toSorted((a, b) => a.at - b.at)
          .map(({ pool }) => pool)
        expect(selectIPPool(request, shuffled)).toEqual(selectIPPool(request, all))
      }),
    )
  })
})

describe('a pool that the Cluster names', () => {
  it.each(['mine', 'GlobalInClusterIPPool/mine'])('is taken as %s without any label', (explicitPool) => {
    const pools = [aPool({ name: 'mine', labels: {} }), aPool({ name: 'a' })]
    expect(chosen(pools, { explicitPool })).toBe('mine')
  })

  it('goes before one of the right class and role and a high priority', () => {
    const pools = [
      aPool({ name: 'a', annotations: { [priorityKey]: '100' } }),
      aPool({ name: 'mine', labels: { [classKey]: 'another-class', [roleKey]: 'ingress' } }),
    ]
    expect(chosen(pools, { explicitPool: 'mine' })).toBe('mine')
  })

  it('is the global one of two where the Cluster names its kind', () => {
    const kinds = ['InClusterIPPool', 'GlobalInClusterIPPool'] as const
    const pools = kinds.map((kind) => aPool({ name: 'mine', kind }))
    expect(selectIPPool({ ...request, explicitPool: 'GlobalInClusterIPPool/mine' }, pools)).toMatchObject({
      outcome: 'selected',
      pool: { kind: 'GlobalInClusterIPPool' },
    })
  })

  it('is taken by kind and name', () => {
    const pools = [aPool({ name: 'mine', labels: {}, kind: 'InClusterIPPool' })]
    expect(chosen(pools, { explicitPool: 'GlobalInClusterIPPool/mine' })).toBeUndefined()
  })

  it.each(['mine', ' mine ', 'InClusterIPPool/mine', ' InClusterIPPool/mine '])(
    'is the namespaced one of two as "%s"',
    (explicitPool) => {
      const kinds = ['GlobalInClusterIPPool', 'InClusterIPPool'] as const
      const pools = kinds.map((kind) => aPool({ name: 'mine', kind }))
      expect(selectIPPool({ ...request, explicitPool }, pools)).toMatchObject({
        outcome: 'selected',
        pool: { kind: 'InClusterIPPool' },
      })
    },
  )

  it.each([
    ['ingress', 'control-plane'],
    ['no-role', 'control-plane'],
    ['control-plane', 'ingress'],
  ] as const)('is taken with the label of role %s for role %s', (label, role) => {
    const pools = [aPool({ name: 'mine', labels: { [roleKey]: label } })]
    expect(chosen(pools, { explicitPool: 'mine', role })).toBe('mine')
  })

  it.each([
    ['other', 'control-plane', 'control-plane-pool'],
    ['other', 'ingress', 'ingress-pool'],
    ['InClusterIPPrefixPool/mine', 'control-plane', 'control-plane-pool'],
    ['a/b/mine', 'control-plane', 'control-plane-pool'],
    ['/', 'control-plane', 'control-plane-pool'],
    ['InClusterIPPool/', 'control-plane', 'control-plane-pool'],
    ['../..', 'control-plane', 'control-plane-pool'],
    ['InClusterIPPool/name with spaces', 'control-plane', 'control-plane-pool'],
    ['GlobalInClusterIPPool/mine/more', 'control-plane', 'control-plane-pool'],
    ['GlobalInClusterIPPool/../mine', 'control-plane', 'control-plane-pool'],
    ['globalinclusterippool/mine', 'control-plane', 'control-plane-pool'],
    ['{kind: InClusterIPPool}', 'control-plane', 'control-plane-pool'],
    ['%s${x}{{ . }}', 'control-plane', 'control-plane-pool'],
  ] as const)('is not another one: %s for role %s', (explicitPool, role, annotation) => {
    expect(whyNot(aPool({ name: 'mine' }), { explicitPool, role })).toBe(
      `the Cluster asks for "${explicitPool}" by its annotation vip.capi.gorizond.io/${annotation}`,
    )
  })

  it('is the only one, also while it is exhausted', () => {
    const full = aPool({ name: 'mine', capacity: { total: 1, used: 1, free: 0, outOfRange: 0 } })
    const selection = selectIPPool({ ...request, explicitPool: 'mine' }, [full, aPool({ name: 'other' })])
    expect(selection).toMatchObject({
      outcome: 'none',
      reason: 'PoolExhausted',
      message:
        'GlobalInClusterIPPool/mine: 0 of 1 addresses free; add addresses or name another pool in the annotation vip.capi.gorizond.io/control-plane-pool',
    })
  })
})

describe('the message where no pool serves', () => {
  it('says how to make one where there is none', () => {
    expect(selectIPPool(request, [])).toEqual({
      outcome: 'none',
      isAfterOthers: false,
      reason: 'NoMatchingPool',
      message: `there is no pool at all; label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with ${classKey}=${aClass}`,
      considered: [],
    })
  })

  it.each<[string, Partial<PoolRequest>, string]>([
    ['a role beside the usual one', { role: 'ingress' }, `${classKey}=${aClass} and ${roleKey}=ingress`],
    [
      'a Cluster without class',
      { clusterClass: undefined },
      `${classKey}="true", and list * in the annotation ${classKey}; or name a pool in the Cluster's annotation vip.capi.gorizond.io/control-plane-pool`,
    ],
    [
      'the ingress of a Cluster without class',
      { clusterClass: undefined, role: 'ingress' },
      `${classKey}="true" and ${roleKey}=ingress, and list * in the annotation ${classKey}; or name a pool in the Cluster's annotation vip.capi.gorizond.io/ingress-pool`,
    ],
  ])('says how to make one for %s', (_, overrides, label) => {
    expect(selectIPPool({ ...request, ...overrides }, [])).toMatchObject({
      message: `there is no pool at all; label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with ${label}`,
    })
  })

  const pausedPool = aPool({ name: 'c', annotations: { 'cluster.x-k8s.io/paused': '' } })
  const leavingPool = aPool({ name: 'b', deleting: true })

  it.each<[string, readonly IPPool[], string]>([
    ['one is paused', [pausedPool], 'GlobalInClusterIPPool/c: is paused; unpause it, or label a '],
    ['one is being deleted', [leavingPool], 'GlobalInClusterIPPool/b: is being deleted; label a '],
    [
      'there are both',
      [leavingPool, pausedPool],
      'GlobalInClusterIPPool/b: is being deleted; GlobalInClusterIPPool/c: is paused; unpause a paused one, or label a ',
    ],
  ])('names only those that match where they are not ready, and what helps where %s', (_, pools, words) => {
    expect(selectIPPool(request, [aPool({ name: 'a', labels: {} }), ...pools])).toMatchObject({
      reason: 'PoolNotReady',
      message: expect.stringMatching(new RegExp(`^${words}`)),
    })
  })

  it('names the exhausted ones before those that are not ready', () => {
    const full = aPool({ name: 'z', capacity: { total: 2, used: 2, free: 0, outOfRange: 0 } })
    expect(selectIPPool(request, [aPool({ name: 'a', deleting: true }), full])).toMatchObject({
      reason: 'PoolExhausted',
      message: expect.stringMatching(
        /^GlobalInClusterIPPool\/z: 0 of 2 addresses free; GlobalInClusterIPPool\/a: is being deleted; add addresses or /,
      ),
    })
  })

  it('names the exhausted ones before those that do not match', () => {
    const full = aPool({ name: 'full', capacity: { total: 2, used: 2, free: 0, outOfRange: 0 } })
    const selection = selectIPPool(request, [aPool({ name: 'a', labels: {} }), full])
    expect(selection).toMatchObject({
      reason: 'PoolExhausted',
      message: `GlobalInClusterIPPool/full: 0 of 2 addresses free; add addresses or label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with ${classKey}=${aClass}`,
    })
  })

  it.each([
    [8, ''],
    [9, '; and 1 more'],
    [20, '; and 12 more'],
  ])('lists eight of %d pools, and counts the rest', (length, more) => {
    const pools = Array.from({ length }, (_, index) => aPool({ name: `p${index + 10}`, labels: {} }))
    const selection = selectIPPool(request, pools)
    const listed = Array.from(
      { length: 8 },
      (_, index) => `GlobalInClusterIPPool/p${index + 10}: has no label ${classKey}`,
    )
    expect(selection).toMatchObject({
      reason: 'NoMatchingPool',
      message: `${listed.join('; ')}${more}; label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters, with ${classKey}=${aClass}`,
    })
    expect(selection.considered).toHaveLength(length)
  })
})

describe('the verdicts on pools', () => {
  const verdict = (name: string, of: PoolVerdict['verdict']): PoolVerdict => ({
    kind: 'InClusterIPPool',
    name,
    verdict: of,
    because: 'x',
  })
  const selected = verdict('a', 'selected')

  it.each<[string, unknown, boolean]>([
    ['whole', selected, true],
    ['without a kind', { ...selected, kind: undefined }, false],
    ['without a name', { ...selected, name: undefined }, false],
    ['with a verdict that is no text', { ...selected, verdict: 1 }, false],
    ['without its reason', { ...selected, because: null }, false],
    ['that is no object', 'InClusterIPPool', false],
    ['that is nothing', null, false],
  ])('are read if they are whole: one %s', (_, value, is) => {
    expect(isPoolVerdict(value)).toBe(is)
  })

  it('come with the rejected ones last', () => {
    const all = [
      verdict('a', 'rejected'),
      verdict('b', 'eligible'),
      verdict('c', 'rejected'),
      verdict('d', 'selected'),
    ]
    expect(mostRelevant(10_000, all).map(({ name }) => name)).toEqual(['b', 'd', 'a', 'c'])
  })

  it('are as many as fit, and at least one', () => {
    const all = [verdict('a', 'rejected'), verdict('b', 'eligible'), selected]
    const size = JSON.stringify(all[0]).length
    expect(mostRelevant(1, all)).toEqual([all[1]])
    expect(mostRelevant(size + 1, all)).toEqual([all[1], selected])
  })
})

describe('a pool that the Cluster names', () => {
  const pools = ['a', 'b', 'c'].map((name) => aPool({ name }))
  const annotation = 'vip.capi.gorizond.io/control-plane-pool'
  const messageFor = (explicitPool: string, among: readonly IPPool[]): string => {
    const selection = selectIPPool({ ...request, explicitPool }, among)
    return selection.outcome === 'none' ? selection.message : 'selected'
  }

  it('and that does not exist is named once, whatever pools there are', () => {
    expect(messageFor('CorpIPPool/corp', pools)).toBe(
      `the Cluster asks for "CorpIPPool/corp" by its annotation ${annotation}, and no pool that it can use has this name (there is GlobalInClusterIPPool/a, GlobalInClusterIPPool/b, GlobalInClusterIPPool/c); create "CorpIPPool/corp" as InClusterIPPool or GlobalInClusterIPPool, or correct the annotation ${annotation}; Kind.group/name names a pool of another IPAM provider`,
    )
    expect(messageFor('gold', [])).toBe(
      `the Cluster asks for "gold" by its annotation ${annotation}, and there is no pool at all; create "gold" as InClusterIPPool or GlobalInClusterIPPool, or correct the annotation ${annotation}`,
    )
  })

  it('and that is closed is not to be created, but to be opened', () => {
    const gold = aPool({ name: 'gold', annotations: { [namespacesKey]: 'other' } })
    expect(messageFor('gold', [...pools, gold])).toBe(
      `GlobalInClusterIPPool/gold: is closed to namespace clusters (${namespacesKey}: "other"); correct that on the pool, or name another pool in the annotation ${annotation}`,
    )
  })

  it('and whose addresses come back later says so', () => {
    const capacity = { total: 5, used: 5, free: 0, outOfRange: 0 }
    expect(messageFor('gold', [aPool({ name: 'gold', graceSeconds: 600, capacity })])).toContain(
      'gold: 0 of 5 addresses free, and addressReuseGracePeriodSeconds keeps each for 600 s after its Cluster is deleted; add addresses',
    )
  })

  it('and that has no room is not to be created either', () => {
    const capacity = { total: 5, used: 5, free: 0, outOfRange: 0 }
    expect(messageFor('gold', [...pools, aPool({ name: 'gold', capacity })])).toBe(
      `GlobalInClusterIPPool/gold: 0 of 5 addresses free; add addresses or name another pool in the annotation ${annotation}`,
    )
  })
})
