import { describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import { violationsIn } from '../invariants.ts'
import type { RecordedVersion, Snapshot } from './observations.ts'

const us = 'capi-vip-allocator'
const ipOf = { first: '10.0.0.1', second: '10.0.0.2' }

interface ClusterOptions {
  readonly name: string
  readonly host?: string
  readonly by?: string
  readonly writtenAt?: number
  readonly paused?: boolean
  readonly deleting?: boolean
  readonly annotations?: Readonly<Record<string, string>>
}

/** A Cluster `clusters/<name>` whose host a manager wrote at `writtenAt`, by the API server's clock. */
function cluster(options: ClusterOptions): JsonObject {
  const { name, host, by = us, writtenAt = 0, paused, deleting, annotations } = options
  return {
    metadata: {
      namespace: 'clusters',
      name,
      uid: `uid-of-${name}`,
      ...(annotations && { annotations }),
      ...(deleting === true && { deletionTimestamp: '2026-01-02T03:04:05Z' }),
      managedFields: [
        {
          manager: by,
          operation: 'Update',
          apiVersion: 'cluster.x-k8s.io/v1beta2',
          time: new Date(writtenAt).toISOString(),
          fieldsV1: host === undefined ? {} : { 'f:spec': { 'f:controlPlaneEndpoint': { 'f:host': {} } } },
        },
      ],
    },
    spec: {
      ...(paused !== undefined && { paused }),
      ...(host !== undefined && { controlPlaneEndpoint: { host, port: 6443 } }),
    },
  }
}

function seen(
  resourceVersion: number,
  object: JsonObject,
  more: Partial<RecordedVersion> = {},
): RecordedVersion {
  return {
    kind: 'Cluster',
    at: resourceVersion * 1000,
    resourceVersion: BigInt(resourceVersion),
    by: 'watch',
    isGone: false,
    object,
    ...more,
  }
}

const withoutPools = { inClusterPools: [], globalPools: [], namespaces: [] }

function brokenBy(...versions: readonly RecordedVersion[]): readonly string[] {
  return violationsIn({ versions }).map(({ invariant }) => invariant)
}

describe('a shared host', () => {
  it('is told in every spelling of IPv6', () => {
    const [a, b] = [cluster({ name: 'a', host: 'fd00::1' }), cluster({ name: 'b', host: 'FD00:0:0::0001' })]
    expect(brokenBy(seen(1, a), seen(2, b))).toEqual(['I1'])
  })

  it('counts on a Cluster that is being deleted, and no more when it is gone', () => {
    const going = cluster({ name: 'a', host: ipOf.first, deleting: true })
    const next = cluster({ name: 'b', host: ipOf.first })
    expect(brokenBy(seen(1, going), seen(2, next))).toEqual(['I1'])
    expect(brokenBy(seen(1, going), seen(2, going, { isGone: true }), seen(3, next))).toEqual([])
  })

  it('is judged in the order of resourceVersions, whatever was seen first', () => {
    const former = cluster({ name: 'a', host: ipOf.first })
    const next = cluster({ name: 'b', host: ipOf.first })
    expect(brokenBy(seen(3, next), seen(1, former), seen(2, former, { isGone: true }))).toEqual([])
  })

  it('counts as ingress VIP, too', () => {
    const annotations = { 'vip.capi.gorizond.io/ingress-vip': ipOf.first }
    const withIngress = cluster({ name: 'a', annotations })
    const byUs = cluster({ name: 'b', host: ipOf.first, writtenAt: 60_000 })
    expect(brokenBy(seen(1, withIngress), seen(60, byUs))).toEqual(['I1'])
  })

  it('is excused where people typed both, or theirs after ours, or shortly before ours', () => {
    const typed = (name: string, writtenAt: number): JsonObject =>
      cluster({ name, host: ipOf.first, by: 'kubectl', writtenAt })
    const ours = cluster({ name: 'ours', host: ipOf.first, writtenAt: 60_000 })
    expect(brokenBy(seen(1, typed('a', 1_000)), seen(2, typed('b', 2_000)))).toEqual([])
    expect(brokenBy(seen(60, ours), seen(90, typed('a', 90_000)))).toEqual([])
    expect(brokenBy(seen(51, typed('a', 51_000)), seen(60, ours))).toEqual([])
    expect(brokenBy(seen(49, typed('a', 49_000)), seen(60, ours))).toEqual(['I1'])
  })
})

describe('a host that changes', () => {
  const version = (host: string | undefined, by: string): JsonObject =>
    cluster({ name: 'a', by, ...(host !== undefined && { host }) })

  it('is ours to answer for through an empty one, where the first was ours', () => {
    expect(
      brokenBy(
        seen(1, version(ipOf.first, us)),
        seen(2, version(undefined, 'kubectl')),
        seen(3, version(ipOf.second, us)),
      ),
    ).toEqual(['I2'])
  })

  it('is theirs where people typed the first and emptied it, and ours where we overwrite it', () => {
    const typed = seen(1, version(ipOf.first, 'kubectl'))
    const emptied = seen(2, version(undefined, 'kubectl'))
    const given = seen(3, version(ipOf.second, us))
    expect(brokenBy(typed, emptied, given)).toEqual([])
    expect(brokenBy(typed, given)).toEqual(['I2'])
  })

  it('is not one that is restored', () => {
    const given = version(ipOf.first, us)
    expect(brokenBy(seen(1, given), seen(2, version(undefined, 'kubectl')), seen(3, given))).toEqual([])
  })
})

describe('a paused Cluster', () => {
  const paused = cluster({ name: 'a', paused: true, writtenAt: 1_000 })
  const written = { name: 'a', host: ipOf.first, writtenAt: 2_000 }

  it('may be written to in the version after the one that ends the pause', () => {
    const running = cluster({ name: 'a', writtenAt: 1_000 })
    expect(brokenBy(seen(1, paused), seen(2, running), seen(3, cluster(written)))).toEqual([])
    expect(brokenBy(seen(1, paused), seen(2, cluster({ ...written, paused: true })))).toEqual(['I5'])
  })

  it('is in doubt only where a list may have missed the end of the pause', () => {
    expect(brokenBy(seen(1, paused), seen(9, cluster(written), { by: 'list' }))).toEqual([])
    expect(brokenBy(seen(1, paused), seen(9, cluster(written)))).toEqual(['I5'])
  })

  it('shows a second write within the second by the value', () => {
    const before = cluster({ ...written, paused: true })
    const after = cluster({ ...written, paused: true, host: ipOf.second })
    expect(brokenBy(seen(1, before), seen(2, after))).toEqual(['I2', 'I5'])
  })
})

describe('the last run of a Cluster', () => {
  const served = cluster({ name: 'a', host: ipOf.first })
  const uid = 'uid-of-a'
  const allocated = { reason: 'Allocated', message: 'done', address: ipOf.first }
  const snapshotWith = (run: object, ofCluster = served): Snapshot => ({
    ...{ clusters: [ofCluster], claims: [], addresses: [], ...withoutPools },
    runs: new Map([
      [
        'clusters/a',
        {
          ...{ status: 'COMPLETED', taskQueue: 'ours', result: undefined },
          ...{ isDeciding: false, pendingActivities: [], ...run },
        },
      ],
    ]),
  })
  const faultsOf = (run: object, isQuiet = false): readonly string[] =>
    violationsIn({ versions: [], snapshot: snapshotWith(run), isQuiet })
      .filter(({ invariant }) => invariant === 'I8')
      .map(({ message }) => message)
  const faultsOnQueue = (taskQueue: string, ofCluster: JsonObject): readonly string[] => {
    const snapshot = snapshotWith({ status: 'RUNNING', isDeciding: true, taskQueue }, ofCluster)
    return violationsIn({ versions: [], snapshot, isQuiet: true, taskQueue: 'ours' })
      .filter(({ invariant }) => invariant === 'I8')
      .map(({ message }) => message)
  }
  const resultWith = (told: object): object => ({
    result: { cluster: { uid }, roles: { 'control-plane': told } },
  })
  const waitsWith = (failureType: string, failureMessage: string): object => ({
    status: 'RUNNING',
    pendingActivities: [{ type: 'step', isRunning: false, failureType, failureMessage }],
  })

  it('may be on a task queue that is not polled only where the Cluster waits for nothing', () => {
    const waits = cluster({ name: 'a', annotations: { 'vip.capi.gorizond.io/control-plane-pool': 'pool' } })
    expect(faultsOnQueue('dead', served)).toEqual([])
    expect(faultsOnQueue('dead', waits)).toEqual([
      expect.stringContaining('is on task queue dead, which is not polled'),
    ])
    expect(faultsOnQueue('ours', served)).toEqual([expect.stringContaining('is between two steps')])
  })

  it('is readable with a known reason, words and the right address', () => {
    expect(faultsOf(resultWith(allocated))).toEqual([])
    expect(faultsOf(waitsWith('PoolExhausted', 'full'), true)).toEqual([])
    expect(faultsOf(waitsWith('KubernetesUnavailable', 'refused'), true)).toEqual([])
  })

  it.each([
    ['an unknown reason', resultWith({ ...allocated, reason: 'Because' })],
    ['no words', resultWith({ ...allocated, message: '' })],
    ['another address', resultWith({ ...allocated, address: ipOf.second })],
    ['nothing', { result: { cluster: { uid }, roles: {} } }],
    ['another Cluster of the name', { result: { cluster: { uid: 'former' }, roles: {} } }],
    ['a failure', { status: 'FAILED' }],
    ['an unknown wait', waitsWith('Error', 'undefined is not a function')],
    ['a wait without words', waitsWith('PoolExhausted', '')],
  ])('is not readable with %s', (_what, run) => {
    expect(faultsOf(run)).toHaveLength(1)
  })

  it('may be between two steps, but not at quiet', () => {
    const between = { status: 'RUNNING', isDeciding: true }
    expect(faultsOf(between)).toEqual([])
    expect(faultsOf(between, true)).toHaveLength(1)
  })
})

describe('an IPAddress', () => {
  const address = (name: string, claim: string, more: object = {}): JsonObject => ({
    metadata: { namespace: 'clusters', name, uid: `uid-of-${name}`, ...more },
    spec: { address: ipOf.first, claimRef: { name: claim } },
  })
  const leaksOf = (...addresses: readonly JsonObject[]): readonly string[] => leaksBeside({}, ...addresses)
  const leaksBeside = (
    owner: Partial<ClusterOptions>,
    ...addresses: readonly JsonObject[]
  ): readonly string[] =>
    violationsIn({
      versions: [],
      isQuiet: true,
      snapshot: {
        ...{ clusters: [cluster({ name: 'a', ...owner })], claims: [], ...withoutPools },
        addresses,
        runs: new Map(),
      },
    }).map(({ invariant }) => invariant)
  const reservation = (name: string, uid: string): JsonObject =>
    address(name, 'nobody', {
      labels: { 'vip.capi.gorizond.io/reserved-by': 'a' },
      ownerReferences: [{ kind: 'Cluster', name: 'a', uid }],
    })

  it('leaks without the claim of ours that it was made for, and not if the claim was another one', () => {
    expect(leaksOf(address('vip-cp-a', 'vip-cp-a'))).toEqual(['I4'])
    expect(leaksOf(address('other', 'other'))).toEqual([])
  })

  it('that is a reservation leaks without its Cluster, and where only another reservation has the address', () => {
    expect(leaksOf(reservation('one', 'uid-of-a'), address('other', 'other'))).toEqual([])
    expect(leaksOf(reservation('one', 'gone'), address('other', 'other'))).toEqual(['I4'])
    expect(leaksOf(reservation('one', 'uid-of-a'), reservation('two', 'uid-of-a'))).toEqual(['I4', 'I4'])
  })

  it.each<[string, Partial<ClusterOptions>]>([
    ['paused', { paused: true }],
    ['paused by annotation', { annotations: { 'cluster.x-k8s.io/paused': '' } }],
    ['being deleted', { deleting: true }],
  ])('that is a reservation may stay while its Cluster is %s', (_, owner) => {
    expect(leaksBeside(owner, reservation('one', 'uid-of-a'))).toEqual([])
    expect(leaksBeside({}, reservation('one', 'uid-of-a'))).toEqual(['I4'])
    expect(leaksBeside(owner, reservation('one', 'gone'))).toEqual(['I4'])
  })
})
