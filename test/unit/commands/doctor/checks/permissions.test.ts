import { describe, expect, it } from '@jest/globals'
import {
  checkPermissions,
  type ReviewedPermission,
} from '../../../../../src/commands/doctor/checks/permissions.ts'

const subject = 'ServiceAccount system/allocator'
const fix = expect.stringContaining('deploy/manifests/cluster-role.yaml')

function reviewed(
  verb: string,
  resource: string,
  options: Partial<ReviewedPermission> = {},
): ReviewedPermission {
  return { verb, resource, group: 'cluster.x-k8s.io', namespace: '', allowed: false, ...options }
}

describe('permissions', () => {
  it('are in order where all are granted', () => {
    const all = [
      reviewed('get', 'clusters', { allowed: true }),
      reviewed('list', 'clusters', { allowed: true }),
    ]
    expect(checkPermissions({ subject, reviewed: all })).toEqual([
      { level: 'ok', found: 'ServiceAccount system/allocator may do all 2 things that the allocator does' },
    ])
  })

  it('that are refused are a fault, by resource and namespace', () => {
    const some = [
      reviewed('get', 'clusters'),
      reviewed('list', 'clusters', { allowed: true }),
      reviewed('patch', 'clusters'),
      reviewed('list', 'clusterclasses', { namespace: 'staging' }),
    ]
    expect(checkPermissions({ subject, reviewed: some })).toEqual([
      {
        level: 'fault',
        found:
          'ServiceAccount system/allocator may not get/patch clusters.cluster.x-k8s.io, list clusterclasses.cluster.x-k8s.io in staging',
        fix,
      },
    ])
  })

  it('without which all else works are a warning that says what is lost', () => {
    const some = [
      reviewed('patch', 'clusters/status', { optional: 'Clusters get no conditions' }),
      reviewed('get', 'clusters'),
      reviewed('get', 'events', { group: 'events.k8s.io', optional: 'Clusters get no events' }),
      reviewed('create', 'events', { group: 'events.k8s.io', optional: 'Clusters get no events' }),
    ]
    expect(checkPermissions({ subject, reviewed: some }).map(({ level, found }) => [level, found])).toEqual([
      [
        'warning',
        'ServiceAccount system/allocator may not patch clusters.cluster.x-k8s.io/status: Clusters get no conditions',
      ],
      ['fault', 'ServiceAccount system/allocator may not get clusters.cluster.x-k8s.io'],
      [
        'warning',
        'ServiceAccount system/allocator may not get/create events.events.k8s.io: Clusters get no events',
      ],
    ])
  })

  it('on the classes of Clusters in other namespaces are granted by another file', () => {
    const some = [
      reviewed('get', 'clusterclasses', { namespace: 'tenant-a' }),
      reviewed('get', 'clusterclasses', { namespace: 'platform', isElsewhere: true }),
    ]
    expect(checkPermissions({ subject, reviewed: some }).map((each) => [each.found, each.fix])).toEqual([
      [expect.stringContaining('clusterclasses.cluster.x-k8s.io in tenant-a'), fix],
      [
        'ServiceAccount system/allocator may not get clusterclasses.cluster.x-k8s.io in platform',
        expect.stringMatching(/^apply deploy\/namespaced\/class-role.yaml in every such namespace/),
      ],
    ])
  })

  it('for one object name it', () => {
    const only = { namespace: 'kube-system', name: 'kube-system' }
    const permission = reviewed('get', 'namespaces', { group: '', namespace: 'kube-system', only })
    expect(checkPermissions({ subject, reviewed: [permission] })[0]?.found).toBe(
      'ServiceAccount system/allocator may not get namespaces kube-system',
    )
  })

  /** As `doctor` reviews them for a Role in one namespace. */
  const pools = (allowed: readonly string[]): ReviewedPermission[] =>
    (['inclusterippools', 'globalinclusterippools'] as const).flatMap((resource) =>
      (['list', 'watch'] as const).map((verb) => ({
        verb,
        resource,
        group: 'ipam.cluster.x-k8s.io',
        namespace: resource === 'inclusterippools' ? 'tenant-a' : '',
        allowed: allowed.includes(`${verb} ${resource}`),
        optional: verb === 'list' ? `no ${resource}` : `${resource} are late`,
        alternative: 'pools',
      })),
    )

  it('on one kind of pool are enough, and a watch is no loss of its own where the list is refused', () => {
    const role = pools(['list inclusterippools', 'watch inclusterippools'])
    expect(checkPermissions({ subject, reviewed: role }).map(({ level, found }) => [level, found])).toEqual([
      [
        'warning',
        'ServiceAccount system/allocator may not list/watch globalinclusterippools.ipam.cluster.x-k8s.io: no globalinclusterippools',
      ],
    ])
  })

  it('on no kind of pool are a fault', () => {
    expect(
      checkPermissions({ subject, reviewed: pools([]) }).map(({ level, found }) => [level, found]),
    ).toEqual([
      [
        'fault',
        'ServiceAccount system/allocator may not list/watch inclusterippools.ipam.cluster.x-k8s.io in tenant-a, list/watch globalinclusterippools.ipam.cluster.x-k8s.io',
      ],
    ])
  })

  it('to watch what may be listed are a warning', () => {
    const role = pools([
      'list inclusterippools',
      'list globalinclusterippools',
      'watch globalinclusterippools',
    ])
    expect(checkPermissions({ subject, reviewed: role }).map(({ level, found }) => [level, found])).toEqual([
      [
        'warning',
        'ServiceAccount system/allocator may not watch inclusterippools.ipam.cluster.x-k8s.io in tenant-a: inclusterippools are late',
      ],
    ])
  })
})
