import { poolKindFrom } from '../../../../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, type IPPool } from '../../../../../src/domain/model/pool.ts'
import { describe, expect, it } from '@jest/globals'
import type { CheckOutcome } from '../../../../../src/commands/doctor/checks/check-result.ts'
import { checkPoolLabels } from '../../../../../src/commands/doctor/checks/pools.ts'
import type { ObjectMeta } from '../../../../../src/domain/model/object-meta.ts'
import { aClass, aClusterClass, aNamespace, aPool } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const classKey = 'vip.capi.gorizond.io/cluster-class'
const roleKey = 'vip.capi.gorizond.io/role'
const priorityKey = 'vip.capi.gorizond.io/priority'
const namespacesKey = 'vip.capi.gorizond.io/namespaces'
const selectorKey = 'vip.capi.gorizond.io/namespace-selector'

const clusterClass = aClusterClass({ declared: [], accepted: [] })
const forClass = { [classKey]: aClass }
const pool = 'GlobalInClusterIPPool/vip-pool'

function check(...pools: readonly IPPool[]): readonly CheckOutcome[] {
  return checkPoolLabels(aSnapshot({ pools, clusterClasses: [clusterClass] }), true)
}

function found(...pools: readonly IPPool[]): readonly (readonly [string, string])[] {
  return check(...pools).map((outcome) => [outcome.level, outcome.found])
}

describe('what is written on pools', () => {
  it.each([
    ['a label that names the class', { labels: forClass }],
    ['a list', { labels: { [classKey]: 'true' }, annotations: { [classKey]: `${aClass}, *` } }],
    [
      'a list with a namespace',
      { labels: { [classKey]: 'true' }, annotations: { [classKey]: `clusters/${aClass}` } },
    ],
    [
      'a role, a priority and namespaces',
      {
        labels: { ...forClass, [roleKey]: 'ingress' },
        annotations: { [priorityKey]: '-5', [namespacesKey]: 'clusters' },
      },
    ],
    ['nothing of ours', { labels: { team: 'network' }, annotations: { 'example.com/role': 'x' } }],
  ])('is in order: %s', (_, options) => {
    expect(found(aPool(options))).toEqual([['ok', 'labels and annotations of 1 pool can be read']])
  })

  it('is a fault where the ports of a probe cannot be read, and in order where they can', () => {
    const withPorts = (ports: string): IPPool =>
      aPool({ annotations: { 'vip.capi.gorizond.io/probe-ports': ports } })
    expect(check(withPorts('https'))).toEqual([
      {
        level: 'fault',
        found: `${pool}: vip.capi.gorizond.io/probe-ports is "https", expected 1 to 8 ports from 1 to 65535, such as 6443,443; the pool serves nobody`,
        fix: `correct vip.capi.gorizond.io/probe-ports on ${pool}`,
      },
    ])
    expect(found(withPorts('6443, 443'))).toEqual([['ok', 'labels and annotations of 1 pool can be read']])
  })

  it('is a warning where what is not to be probed is no address', () => {
    const annotations = { 'vip.capi.gorizond.io/probe-except': '10.0.0.7, 10.0.0.8-10.0.0.9, host' }
    expect(check(aPool({ annotations }))).toEqual([
      {
        level: 'warning',
        found: `${pool}: vip.capi.gorizond.io/probe-except has "10.0.0.8-10.0.0.9", "host", expected IP addresses; that is ignored`,
        fix: `correct vip.capi.gorizond.io/probe-except on ${pool}`,
      },
    ])
  })

  it('is a warning where the class does not exist, with the one that was meant', () => {
    expect(check(aPool({ labels: { [classKey]: 'rke2-clusterclass' } }))).toEqual([
      {
        level: 'warning',
        found: `${pool} is for ClusterClass "rke2-clusterclass", which does not exist; did you mean "${aClass}"?`,
        fix: `correct ${classKey} on ${pool}, or create the ClusterClass`,
      },
    ])
    expect(found(aPool({ labels: { [classKey]: 'True' } }))).toEqual([
      ['warning', `${pool} is for ClusterClass "True", which does not exist; did you mean "true"?`],
    ])
    expect(found(aPool({ labels: { [classKey]: 'production' } }))).toEqual([
      ['warning', `${pool} is for ClusterClass "production", which does not exist`],
    ])
  })

  it('is a fault where the time for which addresses are kept cannot be read', () => {
    const annotations = { 'vip.capi.gorizond.io/retain': '1 day' }
    expect(found(aPool({ annotations }))).toEqual([
      [
        'fault',
        `${pool}: vip.capi.gorizond.io/retain is "1 day", expected a duration such as 24h or 1h30m (units ms, s, m and h, at most 876000h), or always; the pool serves nobody`,
      ],
    ])
    expect(found(aPool({ annotations: { 'vip.capi.gorizond.io/retain': 'always' } }))).toEqual([
      ['ok', 'labels and annotations of 1 pool can be read'],
    ])
  })

  it('is looked at entry by entry in a list', () => {
    const annotations = { [classKey]: `${aClass}, rke2-cluster-clas, cluster/${aClass}` }
    expect(found(aPool({ labels: { [classKey]: 'true' }, annotations }))).toEqual([
      [
        'warning',
        `${pool} is for ClusterClass "rke2-cluster-clas", which does not exist; did you mean "${aClass}"?`,
      ],
      [
        'warning',
        `${pool} is for ClusterClass "cluster/${aClass}", which does not exist; did you mean "clusters/${aClass}"?`,
      ],
    ])
  })

  it('is a fault where the list is missing, or the label beside the list', () => {
    expect(check(aPool({ labels: { [classKey]: 'true' } }))).toEqual([
      {
        level: 'fault',
        found: `${pool}: label ${classKey} is "true", but the annotation of the same key lists no ClusterClass`,
        fix: `list ClusterClasses in its annotation ${classKey}, or name one in the label`,
      },
    ])
    expect(check(aPool({ labels: {}, annotations: { [classKey]: aClass } }))).toEqual([
      {
        level: 'fault',
        found: `${pool} has the annotation ${classKey} and no label of the same key, so it serves nobody`,
        fix: `label it with ${classKey}="true"`,
      },
    ])
  })

  it('is in order where a ClusterClass is called true', () => {
    const clusterClasses = [{ ...clusterClass, name: 'true' }]
    const pools = [aPool({ labels: { [classKey]: 'true' } })]
    expect(checkPoolLabels(aSnapshot({ pools, clusterClasses }), true)).toMatchObject([{ level: 'ok' }])
  })

  it('is a fault where a role or a priority cannot be read', () => {
    expect(check(aPool({ labels: { ...forClass, [roleKey]: 'ingres' } }))).toEqual([
      {
        level: 'fault',
        found: `${pool}: ${roleKey} is "ingres", expected control-plane or ingress; the pool serves nobody; did you mean "ingress"?`,
        fix: `correct ${roleKey} on ${pool}`,
      },
    ])
    expect(check(aPool({ labels: forClass, annotations: { [priorityKey]: 'high' } }))).toEqual([
      {
        level: 'fault',
        found: `${pool}: ${priorityKey} is "high", expected an integer; the pool serves nobody`,
        fix: `correct ${priorityKey} on ${pool}`,
      },
    ])
  })

  it.each([namespacesKey, selectorKey])('is a warning where it is read on global pools only: %s', (key) => {
    const annotations = { [key]: 'clusters' }
    expect(check(aPool({ kind: 'InClusterIPPool', labels: forClass, annotations }))).toEqual([
      {
        level: 'warning',
        found: `InClusterIPPool clusters/vip-pool has ${key}, which is read on a GlobalInClusterIPPool only; it serves namespace clusters`,
        fix: `remove ${key} from InClusterIPPool clusters/vip-pool, or make it a GlobalInClusterIPPool`,
      },
    ])
  })

  const selecting = (selector: string): IPPool =>
    aPool({ labels: forClass, annotations: { [selectorKey]: selector } })
  const checkAmong = (pool: IPPool, ...namespaces: readonly ObjectMeta[]) =>
    checkPoolLabels(aSnapshot({ pools: [pool], clusterClasses: [clusterClass], namespaces }), true)

  it('is a fault where it is no label selector', () => {
    expect(checkAmong(selecting('team in blue'), aNamespace())).toEqual([
      {
        level: 'fault',
        found: `${pool}: ${selectorKey} is "team in blue", expected a label selector such as team=blue,env in (test,prod),!legacy; the pool serves nobody`,
        fix: `correct ${selectorKey} on ${pool}`,
      },
    ])
  })

  it('is a warning where it selects no Namespace, or where none can be read', () => {
    expect(checkAmong(selecting('team=blue'), aNamespace({ labels: { team: 'blue' } }))[0]?.level).toBe('ok')
    expect(checkAmong(selecting('team=blu'), aNamespace({ labels: { team: 'blue' } }))).toEqual([
      {
        level: 'warning',
        found: `${pool}: ${selectorKey} is "team=blu", and none of 1 Namespace has such labels`,
        fix: `correct ${selectorKey} on ${pool}, or label Namespaces`,
      },
    ])
    expect(checkAmong(selecting('team=blue'))).toEqual([
      {
        level: 'warning',
        found: `${pool}: ${selectorKey} is "team=blue", and no Namespace can be read to see which ones it selects`,
        fix: 'grant get, list and watch of namespaces, as deploy/manifests/cluster-role.yaml does',
      },
    ])
  })

  it.each([
    [
      { labels: { ...forClass, 'vip.capi.gorizond.io/clusterclass': aClass } },
      `unknown label "vip.capi.gorizond.io/clusterclass"; did you mean "${classKey}"?`,
    ],
    [
      { labels: { ...forClass, 'vip.capi.gorizon.io/role': 'ingress' } },
      `unknown label "vip.capi.gorizon.io/role"; did you mean "${roleKey}"?`,
    ],
    [
      { labels: forClass, annotations: { 'vip.capi.gorizond.io/owner': 'team-a' } },
      'unknown annotation "vip.capi.gorizond.io/owner"',
    ],
    [{ labels: { ...forClass, [priorityKey]: '5' } }, `label "${priorityKey}" is read as annotation only`],
  ])('is a warning where a key is not one of ours: %j', (options, what) => {
    expect(check(aPool(options))).toEqual([
      { level: 'warning', found: `${pool}: ${what}`, fix: `correct or remove it on ${pool}` },
    ])
  })

  it('is a warning only where it is probably a slip, where classes of other namespaces are not known', () => {
    const levels = (className: string): readonly string[] => {
      const pools = [aPool({ labels: { [classKey]: className } })]
      return checkPoolLabels(aSnapshot({ pools, clusterClasses: [clusterClass] }), false).map(
        ({ level }) => level,
      )
    }
    expect(levels('production')).toEqual(['ok'])
    expect(levels('rke2-clusterclass')).toEqual(['warning'])
  })

  it('is checked pool by pool', () => {
    const wrong = { labels: { ...forClass, [roleKey]: 'x' } }
    expect(found(aPool({ ...wrong, name: 'a' }), aPool(), aPool({ ...wrong, name: 'b' }))).toHaveLength(2)
  })
})

describe('a pool of Metal3', () => {
  const metal3 = poolKindFrom('IPPool.ipam.metal3.io')
  const labels = { 'vip.capi.gorizond.io/cluster-class': 'rke2-cluster-class' }
  const named = (namespace: string, name: string): IPPool => {
    if (metal3 === undefined) throw new Error('no kind')
    return ipPoolFrom(metal3, { metadata: { namespace, name, uid: `${namespace}-${name}`, labels } })
  }

  it('must not have the name of another pool that its claims may name', () => {
    const ours = aPool({ kind: 'InClusterIPPool', namespace: 'clusters', name: 'vips' })
    const pools = [ours, named('clusters', 'vips'), named('elsewhere', 'vips'), named('clusters', 'more')]
    const snapshot = { ...aSnapshot({}), pools: pools.map((each) => new Map([[each.uid, each]])) }
    const found = checkPoolLabels(snapshot, false)
    expect(found).toEqual([
      {
        level: 'warning',
        found:
          "IPPool clusters/vips and InClusterIPPool clusters/vips have one name, and Metal3's IP Address Manager knows pools by their names alone: it binds claims on either, so that a VIP may come from the wrong one, or twice",
        fix: 'give one of them another name',
      },
    ])
  })
})
