import { describe, expect, it } from '@jest/globals'
import type { Snapshot } from '../../../../src/domain/allocation/snapshot.ts'
import { concerns } from '../../../../src/commands/status/problems/problem.ts'
import { problemsIn } from '../../../../src/commands/status/problems/problems.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  aPool,
  ownerReference,
  variables,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { aSnapshot, type SnapshotObjects } from '../../../support/snapshot.ts'

const recorded = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const ourLabel = { 'vip.capi.gorizond.io/role': 'control-plane' }
const endpoint = { host: '10.0.0.10', port: 6443 }
const elsewhere = { host: '10.9.9.9', port: 6443 }
const served: ClusterOptions = { endpoint, annotations: recorded, rendered: true }
const bound = aClaim({ addressName: 'vip-cp-demo', labels: ourLabel })
const gone = [ownerReference({ name: 'demo', uid: 'gone' })]
const reserved = { 'vip.capi.gorizond.io/reserved-by': 'demo' }
/** When everything that the builders delete has been on its way out for a minute. */
const now = Date.parse('2026-01-02T04:01:00Z')

/** A Cluster that is served, with all that belongs to it; `things` take the place of what they name. */
function found(things: SnapshotObjects, at = now): ReturnType<typeof problemsIn> {
  return problemsIn(servedWithout(things), { variables }, at)
}

function servedWithout(things: SnapshotObjects): Snapshot {
  const all = {
    clusters: [aCluster(served)],
    claims: [bound],
    ipAddresses: [anIPAddress()],
    pools: [aPool()],
  }
  return aSnapshot({ ...all, ...things })
}

function kindsOf(things: SnapshotObjects, at = now): readonly string[] {
  return found(things, at).map(({ kind }) => kind)
}

describe('nothing is found', () => {
  it.each<[string, SnapshotObjects]>([
    ['about a Cluster that is served', {}],
    ['where there is nothing', { clusters: [], claims: [], ipAddresses: [], pools: [] }],
    ['about one that waits', { clusters: [aCluster()], claims: [], ipAddresses: [] }],
    [
      'about one with an endpoint of its own',
      { clusters: [aCluster({ endpoint })], claims: [], ipAddresses: [] },
    ],
    [
      'about a claim of nobody under the name of a Cluster, which is adopted',
      {
        clusters: [aCluster()],
        claims: [aClaim({ owners: [], labels: ourLabel, addressName: 'vip-cp-demo' })],
      },
    ],
    [
      'about claims of others',
      {
        claims: [
          bound,
          aClaim({ name: 'theirs', owners: [], poolName: 'unknown' }),
          aClaim({ name: 'of-a-former-cluster', owners: gone }),
        ],
      },
    ],
    [
      'about IPAddresses of others',
      {
        ipAddresses: [
          anIPAddress(),
          anIPAddress({ name: 'theirs', claimName: 'theirs', address: '10.0.0.15' }),
        ],
      },
    ],
    [
      'about a claim of another provider',
      {
        claims: [
          bound,
          {
            ...aClaim({ name: 'vip-cp-other', owners: [] }),
            poolRef: { apiGroup: 'x', kind: 'Subnet', name: 'y' },
          },
        ],
      },
    ],
    [
      'about an IPAddress that is made before its claim, so that a VIP is had again',
      {
        clusters: [aCluster({ annotations: recorded })],
        claims: [],
        ipAddresses: [anIPAddress({ owners: [ownerReference(aCluster())] })],
      },
    ],
    [
      'about a reservation for an address that another Cluster has',
      {
        clusters: [aCluster(served), aCluster({ name: 'other', endpoint: elsewhere })],
        ipAddresses: [
          anIPAddress(),
          anIPAddress({
            name: 'kept',
            labels: reserved,
            address: '10.9.9.9',
            owners: [ownerReference(aCluster())],
          }),
        ],
      },
    ],
  ])('%s', (_, things) => {
    expect(found(things)).toEqual([])
  })

  it('about the claim that goes with a Cluster being deleted', () => {
    const deleting = aClaim({ addressName: 'vip-cp-demo', labels: ourLabel, deleting: true })
    const justNow = Date.parse('2026-01-02T04:00:01Z')
    expect(
      found({ clusters: [aCluster({ ...served, deleting: true })], claims: [deleting] }, justNow),
    ).toEqual([])
    expect(found({ clusters: [], claims: [deleting] }, justNow)).toEqual([])
  })
})

describe('nothing is found yet', () => {
  const justNow = Date.parse('2026-01-02T04:00:01Z')

  it('about a reservation that is on its way out', () => {
    const kept = anIPAddress({ name: 'kept', labels: reserved, owners: gone, deleting: true })
    expect(found({ ipAddresses: [anIPAddress(), kept] }, justNow)).toEqual([])
  })
})

describe('a duplicate', () => {
  const other = aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })

  it('is an address on two Clusters', () => {
    expect(found({ clusters: [aCluster(served), other] })).toEqual([
      {
        kind: 'DuplicateAddress',
        objects: [
          { kind: 'Cluster', namespace: 'clusters', name: 'demo' },
          { kind: 'Cluster', namespace: 'clusters', name: 'other' },
          { kind: 'IPAddress', namespace: 'clusters', name: 'vip-cp-demo' },
        ],
        message:
          '10.0.0.10 is the endpoint of Cluster clusters/demo and the endpoint of Cluster clusters/other and IPAddress clusters/vip-cp-demo of GlobalInClusterIPPool/vip-pool for claim vip-cp-demo',
        next: 'give all Clusters but one another address by hand, or create them anew; an endpoint that is set is never changed here',
      },
    ])
  })

  it.each<[string, SnapshotObjects]>([
    [
      'in two spellings of IPv6',
      {
        clusters: [
          aCluster({ endpoint: { host: 'fd00::10', port: 6443 } }),
          aCluster({ name: 'other', endpoint: { host: 'FD00:0:0::10', port: 6443 } }),
        ],
        claims: [],
        ipAddresses: [],
      },
    ],
    [
      'for both roles of one Cluster',
      {
        clusters: [
          aCluster({
            ...served,
            annotations: { ...recorded, 'vip.capi.gorizond.io/ingress-vip': '10.0.0.10' },
          }),
        ],
      },
    ],
    ['on a Cluster that is being deleted', { clusters: [aCluster(served), { ...other, isDeleting: true }] }],
    [
      'in two IPAddresses',
      { ipAddresses: [anIPAddress(), anIPAddress({ name: 'second', claimName: 'theirs' })] },
    ],
  ])('is found %s', (_, things) => {
    expect(kindsOf(things)).toContain('DuplicateAddress')
  })

  it('in two IPAddresses of one VIP is a matter of their pools', () => {
    const ipAddresses = [anIPAddress(), anIPAddress({ name: 'second', claimName: 'theirs' })]
    expect(found({ ipAddresses })[0]?.next).toBe(
      'take the address out of all pools but one (spec.excludedAddresses), and delete the claims that nobody uses it for',
    )
  })

  it('is not made by a reservation', () => {
    const reservation = anIPAddress({ name: 'kept', labels: reserved, owners: [ownerReference(aCluster())] })
    expect(kindsOf({ ipAddresses: [anIPAddress(), reservation] })).not.toContain('DuplicateAddress')
  })
})

describe('an endpoint that no claim holds', () => {
  it('is found, with the way to see what keeps it', () => {
    expect(found({ claims: [], ipAddresses: [] })).toEqual([
      {
        kind: 'UnheldEndpoint',
        objects: [{ kind: 'Cluster', namespace: 'clusters', name: 'demo' }],
        message:
          'Cluster clusters/demo has endpoint 10.0.0.10:6443 from us, but IPAddressClaim vip-cp-demo does not hold it: claim is gone',
        next: 'capi-vip-allocator status clusters/demo',
      },
    ])
  })

  it('names the way out where no run can have the address again', () => {
    expect(found({ claims: [], ipAddresses: [], pools: [] })[0]?.next).toBe(
      'Cluster clusters/demo keeps endpoint 10.0.0.10:6443, but its claim is lost and no pool has 10.0.0.10 (there is no pool); add it to a pool to have it reserved again',
    )
  })

  it('leaves a claim that is there to its run', () => {
    expect(found({ claims: [aClaim()], ipAddresses: [], pools: [] })[0]?.next).toBe(
      'capi-vip-allocator status clusters/demo',
    )
  })

  it('is found on a paused Cluster too, which nobody mends', () => {
    const clusters = [aCluster({ ...served, paused: true })]
    expect(found({ clusters, claims: [], ipAddresses: [] })[0]?.next).toBe(
      'unpause the Cluster; nothing is done before',
    )
  })

  it.each<[string, SnapshotObjects]>([
    ['is not bound', { claims: [aClaim()] }],
    ['lost its IPAddress', { ipAddresses: [] }],
    ['holds another address', { ipAddresses: [anIPAddress({ address: '10.0.0.11' })] }],
  ])('is found beside a claim that %s', (_, things) => {
    expect(kindsOf(things)).toEqual(['UnheldEndpoint'])
  })

  it('is not looked for before everything is known, nor on a Cluster that is being deleted', () => {
    expect(found({ claims: [], isComplete: false, ipAddresses: [] })).toEqual([])
    expect(
      found({ clusters: [aCluster({ ...served, deleting: true })], claims: [], ipAddresses: [] }),
    ).toEqual([])
  })
})

describe('a claim for a Cluster that has another host', () => {
  it.each([
    ['replaced ours', recorded],
    ['was there first', {}],
  ])('is found where the host %s', (_, annotations) => {
    expect(found({ clusters: [aCluster({ endpoint: elsewhere, annotations })] })).toEqual([
      {
        kind: 'StrayClaim',
        objects: [
          { kind: 'IPAddressClaim', namespace: 'clusters', name: 'vip-cp-demo' },
          { kind: 'Cluster', namespace: 'clusters', name: 'demo' },
        ],
        message:
          'IPAddressClaim clusters/vip-cp-demo holds 10.0.0.10, but Cluster clusters/demo has endpoint 10.9.9.9:6443',
        next: 'once nothing uses 10.0.0.10: kubectl --namespace clusters delete ipaddressclaim vip-cp-demo',
      },
    ])
  })

  it('is found where the host that was there first has no port', () => {
    expect(kindsOf({ clusters: [aCluster({ endpoint: { host: '10.9.9.9', port: 0 } })] })).toEqual([
      'StrayClaim',
    ])
  })

  it('is none while the Cluster is being deleted, with which it goes', () => {
    expect(found({ clusters: [aCluster({ endpoint: elsewhere, deleting: true })] })).toEqual([])
  })

  it('is none while it holds no address', () => {
    const clusters = [aCluster({ endpoint: elsewhere })]
    expect(found({ clusters, claims: [aClaim()], ipAddresses: [] })).toEqual([])
  })

  it('is none where somebody typed the very address that it holds', () => {
    expect(found({ clusters: [aCluster({ endpoint })] })).toEqual([])
  })

  it("is not ours to judge where it is somebody else's", () => {
    const theirs = aClaim({ addressName: 'vip-cp-demo', owners: [] })
    expect(found({ clusters: [aCluster({ endpoint: elsewhere })], claims: [theirs] })).toEqual([])
  })
})

describe('a leak', () => {
  it('is a claim whose Cluster is gone', () => {
    expect(found({ clusters: [], claims: [aClaim({ addressName: 'vip-cp-demo', owners: gone })] })).toEqual([
      {
        kind: 'LeakedClaim',
        objects: [{ kind: 'IPAddressClaim', namespace: 'clusters', name: 'vip-cp-demo' }],
        message:
          'IPAddressClaim clusters/vip-cp-demo is left over from a Cluster (uid gone) that does not exist and keeps IPAddress vip-cp-demo of GlobalInClusterIPPool/vip-pool',
        next: 'kubectl --namespace clusters delete ipaddressclaim vip-cp-demo',
      },
    ])
  })

  it('is a claim with our label that belongs to nobody, and whose Cluster is not there', () => {
    const claims = [aClaim({ owners: [], labels: ourLabel })]
    expect(found({ clusters: [], claims, ipAddresses: [] })).toMatchObject([
      {
        kind: 'LeakedClaim',
        message:
          'IPAddressClaim clusters/vip-cp-demo is left over from a Cluster that does not exist and waits for an address',
      },
    ])
  })

  it('is a claim of the former Cluster of a name', () => {
    expect(kindsOf({ clusters: [aCluster()], claims: [aClaim({ owners: gone })], ipAddresses: [] })).toEqual([
      'LeakedClaim',
    ])
  })

  it('that cannot go says how to see what holds it', () => {
    expect(
      found({ clusters: [], claims: [aClaim({ owners: gone, deleting: true })], ipAddresses: [] }),
    ).toMatchObject([
      {
        kind: 'LeakedClaim',
        next: "see what holds it: kubectl --namespace clusters get ipaddressclaim vip-cp-demo --output jsonpath='{.metadata.finalizers}'",
      },
    ])
  })

  it('is no claim that the grace period of its pool keeps, as long as that lasts', () => {
    const claims = [aClaim({ owners: gone, deleting: true, addressName: 'vip-cp-demo' })]
    const kinds = (graceSeconds: number): readonly string[] =>
      kindsOf({ clusters: [], claims, pools: [aPool({ graceSeconds })] })
    expect(kinds(86_400)).toEqual([])
    expect(kinds(1)).toEqual(['LeakedClaim'])
  })

  it('is an IPAddress for a claim of ours that is not there', () => {
    expect(found({ clusters: [], claims: [] })).toEqual([
      {
        kind: 'LeakedAddress',
        objects: [{ kind: 'IPAddress', namespace: 'clusters', name: 'vip-cp-demo' }],
        message:
          'IPAddress clusters/vip-cp-demo keeps 10.0.0.10 of GlobalInClusterIPPool/vip-pool for claim vip-cp-demo, which does not exist',
        next: 'kubectl --namespace clusters delete ipaddress vip-cp-demo',
      },
    ])
    expect(found({ clusters: [aCluster()], claims: [] })[0]?.next).toBe(
      'capi-vip-allocator status clusters/demo',
    )
  })

  it('is a reservation whose Cluster is gone', () => {
    const kept = anIPAddress({ name: 'kept', labels: reserved, owners: gone })
    expect(found({ clusters: [], claims: [], ipAddresses: [kept] })).toMatchObject([
      {
        kind: 'LeakedReservation',
        objects: [{ kind: 'IPAddress', namespace: 'clusters', name: 'kept' }],
        message:
          'reservation clusters/kept keeps 10.0.0.10 of GlobalInClusterIPPool/vip-pool out of use and is left over from a Cluster (uid gone) that does not exist',
        next: 'kubectl --namespace clusters delete ipaddress kept',
      },
    ])
  })

  it('is a reservation for an address that nobody else has any more', () => {
    const kept = anIPAddress({
      name: 'kept',
      labels: reserved,
      address: '10.0.0.12',
      owners: [ownerReference(aCluster())],
    })
    expect(found({ ipAddresses: [anIPAddress(), kept] })).toMatchObject([
      {
        kind: 'LeakedReservation',
        objects: [{ name: 'kept' }, { kind: 'Cluster', name: 'demo' }],
        message:
          'reservation clusters/kept keeps 10.0.0.12 of GlobalInClusterIPPool/vip-pool out of use, which nobody else has any more',
      },
    ])
  })
})

describe('a claim', () => {
  it('on a pool that does not exist is found, bound or not', () => {
    expect(found({ pools: [] })).toEqual([
      {
        kind: 'UnknownPool',
        objects: [{ kind: 'IPAddressClaim', namespace: 'clusters', name: 'vip-cp-demo' }],
        message:
          'IPAddressClaim clusters/vip-cp-demo is on GlobalInClusterIPPool/vip-pool, which does not exist',
        next: 'create GlobalInClusterIPPool/vip-pool again with the addresses it had, so that nobody else is given them',
      },
    ])
    expect(found({ clusters: [aCluster()], claims: [aClaim()], pools: [] })[0]?.next).toBe(
      'create GlobalInClusterIPPool/vip-pool, or have another pool chosen: kubectl --namespace clusters delete ipaddressclaim vip-cp-demo',
    )
  })

  it('on a pool that we may not list is not found', () => {
    expect(
      problemsIn(
        { ...servedWithout({ pools: [] }), unlistedPools: new Set(['GlobalInClusterIPPool']) },
        { variables },
        now,
      ),
    ).toEqual([])
    const other = { ...servedWithout({ pools: [] }), unlistedPools: new Set(['InClusterIPPool'] as const) }
    expect(problemsIn(other, { variables }, now).map(({ kind }) => kind)).toEqual(['UnknownPool'])
  })

  it('and its IPAddress are not leaked in a namespace of which something may not be listed', () => {
    const left = servedWithout({ clusters: [] })
    expect(problemsIn(left, { variables }, now)).not.toEqual([])
    expect(problemsIn({ ...left, unlisted: new Set(['clusters']) }, { variables }, now)).toEqual([])
    const lost = servedWithout({ claims: [], ipAddresses: [] })
    expect(problemsIn(lost, { variables }, now)).not.toEqual([])
    expect(problemsIn({ ...lost, unlisted: new Set(['clusters']) }, { variables }, now)).toEqual([])
  })

  it('finds its InClusterIPPool in its own namespace only', () => {
    const claims = [aClaim({ poolKind: 'InClusterIPPool' })]
    const here = aPool({ kind: 'InClusterIPPool' })
    const there = aPool({ kind: 'InClusterIPPool', namespace: 'elsewhere' })
    expect(kindsOf({ clusters: [aCluster()], claims, ipAddresses: [], pools: [here] })).toEqual([])
    expect(kindsOf({ clusters: [aCluster()], claims, ipAddresses: [], pools: [there] })).toEqual([
      'UnknownPool',
    ])
  })

  it('that is being deleted for long is found', () => {
    const claims = [aClaim({ deleting: true })]
    const things = { clusters: [aCluster()], claims, ipAddresses: [] }
    expect(found(things)).toEqual([
      {
        kind: 'StuckClaim',
        objects: [{ kind: 'IPAddressClaim', namespace: 'clusters', name: 'vip-cp-demo' }],
        message:
          'IPAddressClaim clusters/vip-cp-demo is being deleted since 2026-01-02T04:00:00Z; its Cluster gets no new one before it is gone',
        next: "see what holds it: kubectl --namespace clusters get ipaddressclaim vip-cp-demo --output jsonpath='{.metadata.finalizers}'",
      },
    ])
    expect(found(things, Date.parse('2026-01-02T04:00:05Z'))).toEqual([])
  })
})

describe('problems', () => {
  it('come in the order of their kinds, then of their objects', () => {
    const second = aCluster({ ...served, name: 'another', uid: 'another' })
    const things = { clusters: [aCluster(served), second], claims: [], ipAddresses: [], pools: [aPool()] }
    expect(found(things).map(({ kind, objects }) => `${kind} ${objects[0]?.name}`)).toEqual([
      'DuplicateAddress demo',
      'UnheldEndpoint another',
      'UnheldEndpoint demo',
    ])
  })

  it('concern the Cluster they name, and what is under the names of its claims', () => {
    const [problem] = found({ clusters: [], claims: [aClaim({ owners: gone })], ipAddresses: [] })
    if (problem === undefined) throw new Error('nothing was found')
    expect(concerns(problem, { namespace: 'clusters', name: 'demo' })).toBe(true)
    expect(concerns(problem, { namespace: 'elsewhere', name: 'demo' })).toBe(false)
    expect(concerns(problem, { namespace: 'clusters', name: 'other' })).toBe(false)
    const about = { ...problem, objects: [{ kind: 'Cluster' as const, namespace: 'clusters', name: 'demo' }] }
    expect(concerns(about, { namespace: 'clusters', name: 'demo' })).toBe(true)
    expect(concerns(about, { namespace: 'clusters', name: 'other' })).toBe(false)
    const another = { kind: 'Cluster' as const, namespace: 'clusters', name: 'other' }
    const both = { ...problem, objects: [...about.objects, another] }
    expect(concerns(both, { namespace: 'clusters', name: 'other' })).toBe(true)
  })
})
