import { describe, expect, it } from '@jest/globals'
import { violationsIn } from '../../../dev/faults/invariants.ts'
import type { Observations, RecordedVersion, Snapshot } from '../../../dev/faults/invariants/observations.ts'
import type { JsonObject } from '../../../src/domain/model/decode.ts'

const prefix = 'vip.capi.gorizond.io'
const start = Date.parse('2026-01-02T03:04:05Z')

interface ClusterOptions {
  readonly name: string
  readonly host?: string
  /** RFC 3339, since when it waits for a pool. */
  readonly waitsSince?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly paused?: boolean
}

function cluster({ name, host, waitsSince, annotations = {}, paused }: ClusterOptions): JsonObject {
  const field = { 'f:spec': { 'f:controlPlaneEndpoint': { 'f:host': {} } } }
  return {
    metadata: {
      ...{ namespace: 'clusters', name, uid: `uid-of-${name}`, creationTimestamp: '2026-01-01T00:00:00Z' },
      annotations: {
        ...annotations,
        ...(host !== undefined && { [`${prefix}/control-plane-vip`]: host }),
      },
      managedFields: [
        {
          ...{ manager: 'capi-vip-allocator', operation: 'Update', time: '2026-01-02T03:04:05Z' },
          fieldsV1: host === undefined ? {} : field,
        },
      ],
    },
    spec: {
      ...(paused === true && { paused }),
      ...(host !== undefined && { controlPlaneEndpoint: { host, port: 6443 } }),
      topology: { classRef: { name: 'line' } },
    },
    status: {
      conditions:
        waitsSince === undefined
          ? []
          : [
              {
                ...{ type: `${prefix}/ControlPlaneVIPReady`, status: 'False', reason: 'PoolExhausted' },
                ...{ lastTransitionTime: waitsSince, message: 'full' },
              },
            ],
    },
  }
}

function claim(name: string): JsonObject {
  return {
    metadata: {
      ...{ namespace: 'clusters', name: `vip-cp-${name}`, uid: `claim-of-${name}` },
      labels: { [`${prefix}/role`]: 'control-plane' },
      ownerReferences: [{ kind: 'Cluster', name, uid: `uid-of-${name}` }],
    },
    spec: { poolRef: { kind: 'InClusterIPPool', name: 'line' } },
  }
}

function ipAddress(name: string, address: string, more: object = {}): JsonObject {
  return {
    metadata: { namespace: 'clusters', name, uid: `${name} ${address}`, ...more },
    spec: { address, claimRef: { name }, poolRef: { kind: 'InClusterIPPool', name: 'line' } },
  }
}

/** Seen `seconds` after the start. */
function seen(
  kind: RecordedVersion['kind'],
  seconds: number,
  object: JsonObject,
  more: Partial<RecordedVersion> = {},
): RecordedVersion {
  return {
    ...{ kind, at: start + seconds * 1000, resourceVersion: BigInt(seconds), by: 'watch', isGone: false },
    object,
    ...more,
  }
}

function snapshotWith(addresses: readonly string[], more: Partial<Snapshot> = {}): Snapshot {
  const metadata = { namespace: 'clusters', name: 'line', labels: { [`${prefix}/cluster-class`]: 'line' } }
  return {
    ...{ clusters: [], claims: [], addresses: [], globalPools: [], namespaces: [], runs: new Map() },
    inClusterPools: [{ metadata, spec: { addresses } }],
    ...more,
  }
}

function violationsOf(
  invariant: string,
  versions: readonly RecordedVersion[],
  more: Partial<Observations> = {},
): readonly string[] {
  return violationsIn({ versions, ...more })
    .filter((violation) => violation.invariant === invariant)
    .map(({ message }) => message)
}

describe('I13', () => {
  const [earlier, later] = ['2026-01-02T03:00:01Z', '2026-01-02T03:00:02Z']
  const first = { name: 'first', waitsSince: earlier }
  const second = { name: 'second', waitsSince: later }
  /** The Cluster `second` has a claim after 60 s, and gets an address. */
  const served = (address = '10.0.0.1'): readonly RecordedVersion[] => [
    seen('IPAddressClaim', 60, claim('second')),
    seen('IPAddress', 61, ipAddress('vip-cp-second', address)),
  ]
  const unfairIn = (versions: readonly RecordedVersion[], pool = ['10.0.0.1']): readonly string[] =>
    violationsOf('I13', versions, { snapshot: snapshotWith(pool), fairSince: start })

  it('is broken by the last address of a pool for a Cluster that began to wait later', () => {
    const versions = [seen('Cluster', 1, cluster(first)), seen('Cluster', 2, cluster(second)), ...served()]
    expect(unfairIn(versions)).toEqual([
      `Cluster clusters/second (uid uid-of-second, priority 0, waiting since ${later}) got the last address of InClusterIPPool line, 10.0.0.1, at resourceVersion 61, before Cluster clusters/first (uid uid-of-first, priority 0, waiting since ${earlier})`,
    ])
  })

  it('is broken by a lower priority, and not by a higher one, however long they wait', () => {
    const withPriority = (priority: string): readonly RecordedVersion[] => [
      seen('Cluster', 1, cluster(first)),
      seen('Cluster', 2, cluster({ ...second, annotations: { [`${prefix}/queue-priority`]: priority } })),
      ...served(),
    ]
    expect(unfairIn(withPriority('1'))).toEqual([])
    expect(unfairIn(withPriority('-1'))).toHaveLength(1)
  })

  it('is broken by a newcomer that has not waited', () => {
    const newcomer = cluster({ name: 'second' })
    expect(
      unfairIn([seen('Cluster', 1, cluster(first)), seen('Cluster', 55, newcomer), ...served()]),
    ).toEqual([expect.stringContaining('(uid uid-of-second, priority 0, not waiting before)')])
  })

  it.each<[string, Partial<ClusterOptions>]>([
    ['is paused', { paused: true }],
    ['asks for an address', { annotations: { [`${prefix}/control-plane-address`]: '10.0.0.9' } }],
    ['asks for a pair', { annotations: { [`${prefix}/ip-families`]: 'IPv4,IPv6' } }],
    ['has its VIP', { host: '10.0.0.7' }],
  ])('is not broken where the earlier one %s', (_, options) => {
    const versions = [
      seen('Cluster', 1, cluster({ ...first, ...options })),
      seen('Cluster', 2, cluster(second)),
      ...served(),
    ]
    expect(unfairIn(versions)).toEqual([])
  })

  it('is not broken where the pool has another address left, or has given one to the earlier one', () => {
    const both = [seen('Cluster', 1, cluster(first)), seen('Cluster', 2, cluster(second))]
    expect(unfairIn([...both, ...served()], ['10.0.0.1-10.0.0.2'])).toEqual([])
    const given = seen('IPAddress', 59, ipAddress('vip-cp-first', '10.0.0.2'))
    expect(unfairIn([...both, given, ...served()], ['10.0.0.1-10.0.0.2'])).toEqual([])
  })

  it('is not broken by a turn that was not known for long when the claim was made, nor while a fault is in force', () => {
    const waited = seen('Cluster', 2, cluster(second))
    expect(unfairIn([waited, seen('Cluster', 55, cluster(first)), ...served()])).toEqual([])
    const versions = [seen('Cluster', 1, cluster(first)), waited, ...served()]
    const snapshot = snapshotWith(['10.0.0.1'])
    expect(violationsOf('I13', versions, { snapshot })).toEqual([])
    expect(violationsOf('I13', versions, { snapshot, fairSince: start + 62_000 })).toEqual([])
  })
})

describe('I14', () => {
  const address = '127.0.8.11'
  const unset = seen('Cluster', 1, cluster({ name: 'a' }))
  const assigned = seen('Cluster', 30, cluster({ name: 'a', host: address }))
  const given = seen('IPAddress', 20, ipAddress('vip-cp-a', address))

  it('is broken by an address that is reserved since it is in use', () => {
    const reserved = ipAddress('vip-reserved-b', address, {
      labels: { [`${prefix}/reserved-by`]: 'b' },
      annotations: { [`${prefix}/in-use`]: 'tcp/6443 accepted a connection' },
    })
    const gone = seen('IPAddress', 25, reserved, { isGone: true })
    expect(violationsOf('I14', [unset, seen('IPAddress', 10, reserved), given, assigned])).toEqual([
      `we gave Cluster clusters/a (uid uid-of-a) the control-plane VIP ${address} at resourceVersion 30, which IPAddress clusters/vip-reserved-b reserves: tcp/6443 accepted a connection`,
    ])
    expect(violationsOf('I14', [unset, seen('IPAddress', 10, reserved), given, gone, assigned])).toEqual([])
  })

  it('is broken by an address where a host answered all the time, and not where it came or went meanwhile', () => {
    const versions = [unset, given, assigned]
    const answeredFrom = (from: number, to?: number): readonly string[] =>
      violationsOf('I14', versions, {
        answered: [
          { address, from: start + from * 1000, ...(to !== undefined && { to: start + to * 1000 }) },
        ],
      })
    expect(answeredFrom(5)).toEqual([expect.stringContaining('where a host has answered since')])
    expect(answeredFrom(5, 31)).toHaveLength(1)
    expect(answeredFrom(15)).toEqual([])
    expect(answeredFrom(5, 29)).toEqual([])
  })

  it('is not broken by a VIP that comes back, nor by an address that the Cluster asks for', () => {
    const answered = [{ address, from: start }]
    const before = seen('Cluster', 2, cluster({ name: 'a', host: address }), { by: 'list' })
    expect(
      violationsOf('I14', [before, seen('Cluster', 3, cluster({ name: 'a' })), given, assigned], {
        answered,
      }),
    ).toEqual([])
    const annotations = { [`${prefix}/control-plane-address`]: address }
    const asked = seen('Cluster', 30, cluster({ name: 'a', host: address, annotations }))
    expect(violationsOf('I14', [unset, given, asked], { answered })).toEqual([])
  })
})

describe('I15', () => {
  const host = '10.0.0.1'
  const endpoint = (target: string, owner = 'uid-of-a'): JsonObject => ({
    metadata: {
      ...{ namespace: 'clusters', name: 'vip-cp-a', labels: { [`${prefix}/role`]: 'control-plane' } },
      ownerReferences: [{ kind: 'Cluster', name: 'a', uid: owner }],
    },
    spec: { endpoints: [{ dnsName: 'a.example.com', recordType: 'A', targets: [target] }] },
  })
  const wrongIn = (ofCluster: JsonObject, ...dnsEndpoints: readonly JsonObject[]): readonly string[] =>
    violationsOf('I15', [], {
      snapshot: snapshotWith([], { clusters: [ofCluster], dnsEndpoints }),
      ...{ isQuiet: true, dnsNameOf: ({ name }) => `${name}.example.com` },
    })
  const assigned = cluster({ name: 'a', host })
  const whose = 'Cluster clusters/a (uid uid-of-a) should have the DNS name a.example.com A 10.0.0.1'

  it('is kept by a record of exactly the VIP', () => {
    expect(wrongIn(assigned, endpoint(host))).toEqual([])
    expect(wrongIn(cluster({ name: 'a' }))).toEqual([])
  })

  it.each([
    ['no DNSEndpoint', [], `${whose}, and DNSEndpoint clusters/vip-cp-a does not exist`],
    [
      'another address',
      [endpoint('10.0.0.2')],
      `${whose}, and DNSEndpoint clusters/vip-cp-a says a.example.com A 10.0.0.2`,
    ],
  ])('is broken by %s', (_, dnsEndpoints, message) => {
    expect(wrongIn(assigned, ...dnsEndpoints)).toEqual([message])
    expect(wrongIn(cluster({ name: 'a', host, paused: true }), ...dnsEndpoints)).toEqual([])
  })

  it('is broken by a DNSEndpoint whose Cluster is gone', () => {
    expect(wrongIn(cluster({ name: 'b' }), endpoint(host))).toEqual([
      'DNSEndpoint clusters/vip-cp-a is left over; its Cluster does not exist',
    ])
    expect(wrongIn(assigned, endpoint(host, 'uid-of-before'))).toEqual([
      'DNSEndpoint clusters/vip-cp-a is left over; its Cluster does not exist',
      `${whose}, and DNSEndpoint clusters/vip-cp-a is owned by uid-of-before`,
    ])
  })
})

describe('I3', () => {
  it('is kept by a claim under the longer name, beside that of a former Cluster', () => {
    const missingIn = (...claims: readonly JsonObject[]): readonly string[] =>
      violationsOf('I3', [], {
        isQuiet: true,
        snapshot: snapshotWith([], {
          clusters: [cluster({ name: 'a', host: '10.0.0.1' })],
          addresses: [ipAddress('vip-cp-a-uid-of-a', '10.0.0.1')],
          claims,
        }),
      })
    const claimNamed = (name: string, uid: string): JsonObject => ({
      metadata: { namespace: 'clusters', name, uid: name, ownerReferences: [{ kind: 'Cluster', uid }] },
      spec: {},
      status: { addressRef: { name } },
    })
    const former = claimNamed('vip-cp-a', 'uid-of-before')
    expect(missingIn(former, claimNamed('vip-cp-a-uid-of-a', 'uid-of-a'))).toEqual([])
    expect(missingIn(former)).toEqual([expect.stringContaining('vip-cp-a is owned by uid-of-before')])
    expect(missingIn()).toEqual([expect.stringContaining('vip-cp-a does not exist')])
  })
})

describe('I4', () => {
  it('is not broken by a reservation of an address that is in use outside', () => {
    const reserved = (annotations: Readonly<Record<string, string>>): JsonObject =>
      ipAddress('vip-reserved-a', '127.0.8.11', {
        labels: { [`${prefix}/reserved-by`]: 'a' },
        ownerReferences: [{ kind: 'Cluster', name: 'a', uid: 'uid-of-a' }],
        annotations,
      })
    const leaksOf = (address: JsonObject): readonly string[] =>
      violationsOf('I4', [], {
        isQuiet: true,
        snapshot: snapshotWith([], { clusters: [cluster({ name: 'a' })], addresses: [address] }),
      })
    expect(leaksOf(reserved({ [`${prefix}/in-use`]: 'tcp/6443 refused a connection' }))).toEqual([])
    expect(leaksOf(reserved({}))).toHaveLength(1)
  })
})

describe('I6', () => {
  const pool = (more: object = {}): JsonObject => ({
    kind: 'AcmeIPPool',
    metadata: { namespace: 'clusters', name: 'acme', labels: { [`${prefix}/cluster-class`]: 'line' } },
    spec: { addresses: ['10.1.0.1', '10.1.0.2'], ...more },
  })
  const used = (address: string): JsonObject => ({
    metadata: { namespace: 'clusters', name: address, uid: address },
    spec: { address, claimRef: { name: address }, poolRef: { kind: 'AcmeIPPool', name: 'acme' } },
  })
  const unservedIn = (of: JsonObject, ...addresses: readonly JsonObject[]): readonly string[] =>
    violationsOf('I6', [], {
      isQuiet: true,
      snapshot: snapshotWith([], {
        ...{ clusters: [cluster({ name: 'a' })], otherPools: [of], addresses, inClusterPools: [] },
      }),
    })

  it('is broken beside a pool of another provider that has an address, and not if that refuses', () => {
    expect(unservedIn(pool(), used('10.1.0.1'))).toEqual([
      expect.stringContaining('AcmeIPPool acme has 1 left'),
    ])
    expect(unservedIn(pool(), used('10.1.0.1'), used('10.1.0.2'))).toEqual([])
    expect(unservedIn(pool({ fail: 'no' }))).toEqual([])
  })
})
