import { describe, expect, it } from '@jest/globals'
import type { Action, Observed, SecondFacts } from '../../../../src/domain/allocation/action.ts'
import { afterAction } from '../../../../src/domain/allocation/after-action.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import type { JsonPatch } from '../../../../src/domain/model/json-patch.ts'
import type { Role } from '../../../../src/domain/role.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  anObservation,
  aPool,
  aVipCondition,
  ownerReference,
  type ClusterOptions,
} from '../../../support/builders.ts'

const prefix = 'vip.capi.gorizond.io'
const families = (value: string) => ({ [`${prefix}/ip-families`]: value })
const pairAsked = families('IPv4,IPv6')
const givesBack = { ...pairAsked, [`${prefix}/ip-families-policy`]: 'give-back' }
const record = { [`${prefix}/control-plane-vip`]: '10.0.0.10,fd00::10' }
const endpoint = { host: '10.0.0.10', port: 6443 }
const of = (family: string) => ({ [`${prefix}/ip-family`]: family })

const four = aPool()
const six = aPool({ name: 'six', addresses: ['fd00::10-fd00::20'], prefix: 64 })
const exhausted = { total: 2, used: 2, free: 0, outOfRange: 0 }
const fullSix = aPool({ name: 'six', addresses: ['fd00::10-fd00::20'], prefix: 64, capacity: exhausted })
const fullFour = aPool({ capacity: exhausted })

const first = {
  claim: aClaim({ addressName: 'vip-cp-demo', labels: of('IPv4') }),
  ipAddress: anIPAddress(),
}
const secondName = 'vip-cp2-demo'
const secondClaim = aClaim({ name: secondName, poolName: 'six', addressName: secondName, labels: of('IPv6') })
const secondAddress = anIPAddress({
  name: secondName,
  claimName: secondName,
  poolName: 'six',
  address: 'fd00::10',
})
const nobody = { clusters: [], ipAddresses: [] }
const second: SecondFacts = { claim: secondClaim, ipAddress: secondAddress, sameAddressUse: nobody }
const noSecond: SecondFacts = { claim: undefined }

function next(cluster: ClusterOptions, things: Partial<Observed> = {}, role: Role = 'control-plane'): Action {
  const observed = { pools: [four, six], second: noSecond, ...things, cluster: aCluster(cluster) }
  return nextAction(anObservation(observed), role)
}

/** The values that a patch sets, by the last part of their paths. */
function written(action: Action): Readonly<Record<string, unknown>> {
  if (action.action !== 'patchCluster') throw new Error(`no patch, but ${JSON.stringify(action)}`)
  return Object.fromEntries(action.patch.flatMap(leavesOf))
}

function leavesOf(operation: JsonPatch[number]): readonly (readonly [string, unknown])[] {
  if (!('value' in operation)) return []
  const name = (operation.path.split('/').at(-1) ?? '').replaceAll('~1', '/').replace(`${prefix}/`, '')
  const { value } = operation
  return name === 'annotations' && typeof value === 'object' && value !== null
    ? Object.entries(value).map(([key, each]) => [key.replace(`${prefix}/`, ''), each] as const)
    : [[name, value] as const]
}

describe('the address families that a Cluster asks for', () => {
  it.each([
    ['IPv4', 'vip-pool'],
    ['IPv6', 'six'],
    ['IPv4,IPv6', 'vip-pool'],
    [' IPv6 , IPv4 ', 'six'],
  ])('%j: decide which pool its first address is of', (value, name) => {
    expect(next({ annotations: families(value) })).toMatchObject({
      action: 'selectPool',
      choice: { poolRef: { name } },
    })
  })

  it('go before those of its class, which go before none', () => {
    const clusterClass = aClusterClass({ declared: [], accepted: [], annotations: families('IPv6') })
    expect(next({}, { clusterClass })).toMatchObject({ choice: { poolRef: { name: 'six' } } })
    const own = next({ annotations: families('IPv4') }, { clusterClass })
    expect(own).toMatchObject({ choice: { poolRef: { name: 'vip-pool' } } })
  })

  it.each([
    ['ip-families', 'IPv5', '"IPv4", "IPv6", "IPv4,IPv6" or "IPv6,IPv4"'],
    ['ip-families', 'IPv4,IPv4', '"IPv4", "IPv6", "IPv4,IPv6" or "IPv6,IPv4"'],
    ['ip-families', '', '"IPv4", "IPv6", "IPv4,IPv6" or "IPv6,IPv4"'],
    ['ip-families-policy', 'both', '"hold" or "give-back"'],
  ])('stop a new VIP if %s is %j, in words', (name, value, expected) => {
    const annotations = { [`${prefix}/${name}`]: value }
    const message = (source: string) =>
      `annotation ${prefix}/${name} of ${source} is "${value}", expected ${expected}`
    const refusal = { action: 'refuse', reason: 'AllocationFailed' }
    expect(next({ annotations })).toEqual({ ...refusal, message: message('Cluster clusters/demo') })
    const clusterClass = aClusterClass({ declared: [], accepted: [], annotations })
    expect(next({}, { clusterClass })).toEqual({
      ...refusal,
      message: message('ClusterClass clusters/rke2-cluster-class'),
    })
    expect(next({ annotations, endpoint: { host: '10.9.9.9', port: 6443 }, rendered: true })).toMatchObject({
      action: 'done',
    })
  })

  it.each([
    ['IPv4,IPv6', 'fd00::10,10.0.0.10', 'an IPv4 address first, then an IPv6 address or none'],
    ['IPv4,IPv6', 'fd00::10', 'an IPv4 address first, then an IPv6 address or none'],
    ['IPv6', '10.0.0.10', 'an IPv6 address alone'],
    ['IPv4', '10.0.0.10,fd00::10', 'an IPv4 address alone'],
  ])('families %s do not go with the address %s: no pool would help', (value, address, expected) => {
    const annotations = { ...families(value), [`${prefix}/control-plane-address`]: address }
    expect(next({ annotations })).toEqual({
      action: 'refuse',
      reason: 'AllocationFailed',
      message: `annotation ${prefix}/control-plane-address of Cluster clusters/demo is "${address}", expected ${expected}, as ${prefix}/ip-families is "${value}"`,
    })
  })

  it('two addresses need two families: the second one is not left out without a word', () => {
    const annotations = { [`${prefix}/control-plane-address`]: '10.0.0.10,fd00::10' }
    expect(next({ annotations })).toEqual({
      action: 'refuse',
      reason: 'AllocationFailed',
      message: `annotation ${prefix}/control-plane-address of Cluster clusters/demo is "10.0.0.10,fd00::10", expected one IP address, or "IPv4,IPv6" in the annotation ${prefix}/ip-families for a VIP of both`,
    })
    const ofClass = aClusterClass({ declared: [], accepted: [], annotations: pairAsked })
    expect(next({ annotations }, { clusterClass: ofClass })).not.toMatchObject({ action: 'refuse' })
    expect(next({ annotations: { ...annotations, ...record }, endpoint }, {})).not.toMatchObject({
      action: 'refuse',
    })
  })

  it('reject pools that are named in the other order, and say which order is meant', () => {
    const annotations = { ...pairAsked, [`${prefix}/control-plane-pool`]: 'six,vip-pool' }
    expect(next({ annotations })).toMatchObject({
      reason: 'NoMatchingPool',
      message: `GlobalInClusterIPPool/six: has IPv6 addresses, and IPv4 is asked for; correct that on the pool, or name another pool in the annotation ${prefix}/control-plane-pool; of two pools, the first one is for the first of ${prefix}/ip-families`,
    })
  })

  it('reject pools of the other family, and pools of both, whose provider may give either', () => {
    const both = aPool({ name: 'both', addresses: ['10.0.0.10', 'fd00::10'] })
    const broken = aPool({ name: 'broken', addresses: ['10.0.0.x'] })
    const action = next({ annotations: families('IPv6') }, { pools: [four, both, broken] })
    expect(action).toMatchObject({ action: 'wait', reason: 'NoMatchingPool' })
    expect(action).toHaveProperty(
      'message',
      expect.stringContaining(
        'GlobalInClusterIPPool/both: has IPv4 and IPv6 addresses, and IPv6 alone is asked for; GlobalInClusterIPPool/broken: has no addresses that can be read, and IPv6 is asked for; GlobalInClusterIPPool/vip-pool: has IPv4 addresses, and IPv6 is asked for; label a GlobalInClusterIPPool, or an InClusterIPPool in namespace clusters with IPv6 addresses',
      ),
    )
  })

  it('are of no interest to a VIP that is in place', () => {
    const annotations = { ...pairAsked, [`${prefix}/control-plane-vip`]: '10.0.0.10' }
    const bound = { ...first, claim: aClaim({ addressName: 'vip-cp-demo' }) }
    expect(next({ annotations, endpoint }, { ...bound, clusterClass: undefined })).toMatchObject({
      action: 'done',
      reason: 'Allocated',
    })
  })

  it('give back a claim that was made for the other family, bound or not', () => {
    const annotations = families('IPv6')
    const claim = aClaim({ addressName: 'vip-cp-demo' })
    expect(next({ annotations }, { claim, ipAddress: anIPAddress() })).toMatchObject({
      action: 'deleteClaim',
      outcome: 'restart',
      because: `IPAddressClaim clusters/vip-cp-demo holds 10.0.0.10, and an IPv6 address is asked for by ${prefix}/ip-families`,
    })
    expect(next({ annotations }, { claim: aClaim(), namedAddress: undefined })).toMatchObject({
      action: 'deleteClaim',
      because:
        'IPAddressClaim clusters/vip-cp-demo is on GlobalInClusterIPPool/vip-pool, which has no IPv6 addresses',
    })
  })
})

describe('a pair', () => {
  it('claims its first address, labeled with its family', () => {
    const choice = { poolRef: first.claim.poolRef, considered: [] }
    expect(next({ annotations: pairAsked }, { choice })).toEqual({
      action: 'createClaim',
      poolRef: choice.poolRef,
      claimName: 'vip-cp-demo',
      family: 'IPv4',
    })
    const labels = of('IPv4')
    expect(next({ annotations: pairAsked }, { ...first, claim: aClaim() })).toMatchObject({
      action: 'labelClaim',
      labels,
    })
  })

  it('selects a pool for the second address when a claim holds the first, and claims it by a name of its own', () => {
    const selected = next({ annotations: pairAsked }, first)
    expect(selected).toMatchObject({
      action: 'selectPool',
      half: 'second',
      choice: { poolRef: { name: 'six' } },
    })
    const observed = anObservation({
      ...first,
      cluster: aCluster({ annotations: pairAsked }),
      pools: [four, six],
      second: noSecond,
    })
    const chosen = afterAction(observed, 'control-plane', selected)
    expect(nextAction(chosen, 'control-plane')).toEqual({
      action: 'createClaim',
      half: 'second',
      poolRef: { ...first.claim.poolRef, name: 'six' },
      claimName: secondName,
      family: 'IPv6',
    })
  })

  it('needs to know of the second claim only then', () => {
    const { second: _second, ...observed } = anObservation({
      ...first,
      cluster: aCluster({ annotations: pairAsked }),
      second: noSecond,
    })
    expect(nextAction(observed, 'control-plane')).toEqual({ action: 'observe', fact: 'second' })
    const without = { ...observed, claim: undefined, ipAddress: undefined }
    expect(nextAction(without, 'control-plane')).toMatchObject({ action: 'selectPool' })
  })

  it('is written at once, both addresses or neither', () => {
    const action = next({ annotations: pairAsked }, { ...first, second })
    expect(action).toMatchObject({ assigned: { host: '10.0.0.10', port: 6443, secondHost: 'fd00::10' } })
    expect(written(action)).toEqual(
      expect.objectContaining({
        controlPlaneEndpoint: { host: '10.0.0.10', port: 6443 },
        'control-plane-vip': '10.0.0.10,fd00::10',
        variables: [{ name: 'clusterVip', value: '10.0.0.10' }],
      }),
    )
  })

  it('has the address of the first family in its endpoint', () => {
    const claims = {
      claim: aClaim({ poolName: 'six', addressName: 'vip-cp-demo', labels: of('IPv6') }),
      ipAddress: anIPAddress({ address: 'fd00::11' }),
      second: {
        ...second,
        claim: aClaim({ name: secondName, addressName: secondName, labels: of('IPv4') }),
        ipAddress: anIPAddress({ name: secondName, claimName: secondName, address: '10.0.0.11' }),
      },
    }
    const action = next({ annotations: families('IPv6,IPv4') }, claims)
    expect(written(action)).toMatchObject({
      controlPlaneEndpoint: { host: 'fd00::11', port: 6443 },
      'control-plane-vip': 'fd00::11,10.0.0.11',
    })
  })

  it.each<[string, object, string]>([
    ['IPv4,IPv6', first, '10.0.0.10'],
    ['IPv6,IPv4', first, '10.0.0.10'],
  ])('of ingress (%s) repeats its IPv4 address as label, which holds no IPv6 address', (value, _, label) => {
    const isSixFirst = value.startsWith('IPv6')
    const names = ['vip-ingress-demo', 'vip-ingress2-demo'] as const
    const [at4, at6] = isSixFirst ? ([names[1], names[0]] as const) : names
    const four4 = {
      claim: aClaim({ name: at4, addressName: at4, labels: of('IPv4') }),
      ipAddress: anIPAddress({ name: at4, claimName: at4 }),
    }
    const six6 = {
      claim: aClaim({ name: at6, addressName: at6, poolName: 'six', labels: of('IPv6') }),
      ipAddress: anIPAddress({ name: at6, claimName: at6, address: 'fd00::10' }),
    }
    const [own, other] = isSixFirst ? [six6, four4] : [four4, six6]
    const annotations = { ...families(value), [`${prefix}/ingress-enabled`]: 'true' }
    const facts = { ...own, second: { ...other, sameAddressUse: nobody }, clusterClass: undefined }
    const action = next({ annotations, topology: null }, facts, 'ingress')
    if (action.action !== 'patchCluster') throw new Error(JSON.stringify(action))
    const labels = action.patch.filter(({ path }) => path.startsWith('/metadata/labels'))
    expect(JSON.stringify(labels)).toContain(label)
    expect(JSON.stringify(labels)).not.toContain('fd00')
    const pair = isSixFirst ? 'fd00::10,10.0.0.10' : '10.0.0.10,fd00::10'
    expect(JSON.stringify(action.patch)).toContain(pair)
  })

  it('is whole: nothing more is done', () => {
    const annotations = { ...pairAsked, ...record }
    expect(next({ annotations, endpoint }, { ...first, second, clusterClass: undefined })).toEqual({
      action: 'done',
      reason: 'Allocated',
      message: 'Cluster clusters/demo has 10.0.0.10:6443 and fd00::10 as it should',
      vip: { ...endpoint, secondHost: 'fd00::10' },
      disagreement: undefined,
    })
  })

  it('steps back from the address alone that somebody else has', () => {
    const holder = aCluster({ name: 'holder', endpoint: { host: 'FD00:0::10', port: 6443 } })
    const use = { clusters: [holder], ipAddresses: [] }
    const action = next({ annotations: pairAsked }, { ...first, second: { ...second, sameAddressUse: use } })
    expect(action).toMatchObject({ action: 'stepBack', half: 'second', ipAddress: { address: 'fd00::10' } })
  })

  it('is on another Cluster with both addresses', () => {
    const holder = aCluster({
      name: 'holder',
      endpoint: { host: '10.0.0.99', port: 6443 },
      annotations: { [`${prefix}/control-plane-vip`]: '10.0.0.99,fd00::10' },
    })
    const use = { clusters: [holder], ipAddresses: [] }
    const action = next({ annotations: pairAsked }, { ...first, second: { ...second, sameAddressUse: use } })
    expect(action).toHaveProperty(
      'because',
      'fd00::10 is the second address of the endpoint of Cluster clusters/holder',
    )
  })

  it('takes its addresses from the two pools that the Cluster names, in order', () => {
    const annotations = { ...pairAsked, [`${prefix}/control-plane-pool`]: 'vip-pool, six' }
    expect(next({ annotations })).toMatchObject({ choice: { poolRef: { name: 'vip-pool' } } })
    expect(next({ annotations }, first)).toMatchObject({
      half: 'second',
      choice: { poolRef: { name: 'six' } },
    })
    const swapped = { ...pairAsked, [`${prefix}/control-plane-pool`]: 'six,vip-pool' }
    expect(next({ annotations: swapped })).toMatchObject({ action: 'wait', reason: 'NoMatchingPool' })
  })
})

describe('a pair whose second address cannot be had', () => {
  it('holds the first one, and says so', () => {
    expect(next({ annotations: pairAsked }, { ...first, pools: [four, fullSix] })).toMatchObject({
      action: 'wait',
      half: 'second',
      reason: 'PoolExhausted',
      message: expect.stringMatching(
        /^for the IPv6 address of the pair: GlobalInClusterIPPool\/six: 0 of 2 addresses free;.*; 10\.0\.0\.10 is held meanwhile$/,
      ),
    })
  })

  it('claims nothing at all if the policy is to give back', () => {
    expect(next({ annotations: givesBack }, { pools: [four, fullSix] })).toMatchObject({
      action: 'wait',
      half: 'second',
      reason: 'PoolExhausted',
      message: expect.stringContaining('neither address of the pair is held while one cannot be had: '),
    })
  })

  it('gives both back then, the second one first', () => {
    const unbound = { claim: aClaim({ name: secondName, poolName: 'six', labels: of('IPv6') }) }
    const facts = { ...first, pools: [four, fullSix] }
    const waiting = { ...facts, second: { ...unbound, namedAddress: undefined } }
    expect(next({ annotations: givesBack }, waiting)).toMatchObject({
      action: 'deleteClaim',
      half: 'second',
      outcome: 'restart',
    })
    const alone = next({ annotations: givesBack }, facts)
    expect(alone).toMatchObject({ action: 'deleteClaim', claim: { name: 'vip-cp-demo' }, outcome: 'restart' })
    expect(alone).not.toHaveProperty('half')
  })

  it('gives the second one back, too, if the first is exhausted', () => {
    expect(next({ annotations: givesBack }, { second, pools: [fullFour, six] })).toMatchObject({
      action: 'deleteClaim',
      half: 'second',
    })
  })

  it('waits for the IPAM provider with the first address in hand', () => {
    const unbound = aClaim({ name: secondName, poolName: 'six', labels: of('IPv6') })
    const facts = { ...first, second: { claim: unbound, namedAddress: undefined } }
    expect(next({ annotations: givesBack }, facts)).toMatchObject({
      action: 'wait',
      half: 'second',
      reason: 'WaitingForAddress',
    })
  })
})

describe('a pair in place', () => {
  const annotations = { ...pairAsked, ...record }
  const confirmed = [
    aVipCondition({
      message:
        '10.0.0.10:6443 from GlobalInClusterIPPool/vip-pool by IPAddressClaim vip-cp-demo, and fd00::10 from GlobalInClusterIPPool/six by IPAddressClaim vip-cp2-demo',
    }),
  ]

  it('has a lost second address restored by a claim of that name', () => {
    const served = { annotations, endpoint, rendered: true }
    expect(next(served, { ...first, clusterClass: undefined })).toMatchObject({
      action: 'selectPool',
      half: 'second',
      choice: { poolRef: { name: 'six' }, restore: { address: 'fd00::10', prefix: 64 } },
    })
    const taken = { clusters: [aCluster({ name: 'other', endpoint: { host: 'fd00::10', port: 6443 } })] }
    expect(
      next(served, { ...first, clusterClass: undefined, addressUse: { ...taken, ipAddresses: [] } }),
    ).toMatchObject({ action: 'refuse', half: 'second', reason: 'AddressLost' })
  })

  it('stays a pair when nobody asks for one any more', () => {
    expect(next({ annotations: record, endpoint }, { ...first, clusterClass: undefined })).toMatchObject({
      half: 'second',
      choice: { restore: { address: 'fd00::10' } },
    })
  })

  it.each([
    ['removed', '10.0.0.10'],
    ['removed with the whole record', undefined],
  ])('has a second address back in its record that somebody has %s', (_, value) => {
    const typed = value === undefined ? {} : { [`${prefix}/control-plane-vip`]: value }
    const action = next({ annotations: { ...pairAsked, ...typed }, endpoint }, { ...first, second })
    expect(written(action)).toMatchObject({ 'control-plane-vip': '10.0.0.10,fd00::10' })
  })

  it('has a second address back in its record that somebody has overwritten, if the condition confirms it', () => {
    const typed = { [`${prefix}/control-plane-vip`]: '10.0.0.10,fd00::bad' }
    const cluster = { annotations: typed, endpoint, conditions: confirmed }
    const action = next(cluster, { ...first, second, clusterClass: undefined })
    expect(written(action)).toEqual(expect.objectContaining({ 'control-plane-vip': '10.0.0.10,fd00::10' }))
  })

  it('comes back as a whole if somebody removed the endpoint', () => {
    expect(next({ annotations }, { second, clusterClass: undefined })).toMatchObject({
      action: 'selectPool',
      choice: { restore: { address: '10.0.0.10' } },
    })
    expect(written(next({ annotations }, { ...first, second }))).toMatchObject({
      controlPlaneEndpoint: endpoint,
    })
  })

  it('has its second address back although somebody has overwritten the record of the first', () => {
    const typed = { [`${prefix}/control-plane-vip`]: '10.9.9.9,fd00::10' }
    expect(next({ annotations: typed, endpoint }, { ...first, clusterClass: undefined })).toMatchObject({
      action: 'selectPool',
      half: 'second',
      choice: { restore: { address: 'fd00::10' } },
    })
  })

  it('keeps both claims beside an endpoint that replaced it, since machines may use them', () => {
    const replaced = { host: '10.9.9.9', port: 6443 }
    expect(next({ annotations, endpoint: replaced }, { ...first, second })).toMatchObject({
      action: 'done',
      reason: 'EndpointAlreadySet',
    })
  })
})

describe('a second claim that is of no use', () => {
  it('is deleted if the Cluster asks for one address only', () => {
    expect(next({ annotations: families('IPv4') }, { ...first, second })).toMatchObject({
      action: 'deleteClaim',
      half: 'second',
      because: 'Cluster clusters/demo has no use for a second address',
    })
  })

  it('is deleted before the first one if the Cluster refuses the VIP', () => {
    const annotations = { ...pairAsked, [`${prefix}/control-plane-enabled`]: 'false' }
    expect(next({ annotations }, { ...first, second })).toMatchObject({
      action: 'deleteClaim',
      half: 'second',
    })
    expect(next({ annotations }, first)).toMatchObject({ action: 'deleteClaim', outcome: { action: 'done' } })
  })

  it('is not ours to delete if it belongs to somebody else', () => {
    const former = aClaim({ name: secondName, owners: [ownerReference({ name: 'demo', uid: 'former' })] })
    const action = next({ annotations: families('IPv4') }, { ...first, second: { claim: former } })
    expect(action).toMatchObject({ action: 'patchCluster' })
    expect(JSON.stringify(action)).not.toContain('fd00')
  })

  it('is kept while the class that may ask for it does not exist', () => {
    const things = { ...first, second, clusterClass: undefined }
    expect(next({}, things)).toMatchObject({ action: 'wait', reason: 'WaitingForAddress' })
  })
})

describe('the variables of a pair', () => {
  const text = { type: 'string' }
  it.each<[string, object, unknown]>([
    ['a string gets the first address', text, '10.0.0.10'],
    ['a string of format ipv4 gets that address', { ...text, format: 'ipv4' }, '10.0.0.10'],
    ['a string of format ipv6 gets that address', { ...text, format: 'ipv6' }, 'fd00::10'],
    ['a list gets both', { type: 'array', items: text }, ['10.0.0.10', 'fd00::10']],
    ['a list gets as many as it takes', { type: 'array', items: text, maxItems: 1 }, ['10.0.0.10']],
    [
      'an object gets both in a list',
      { type: 'object', properties: { host: text, addresses: { type: 'array', items: text } } },
      { host: '10.0.0.10', addresses: ['10.0.0.10', 'fd00::10'] },
    ],
    [
      'an object gets both in a text, as kube-vip takes it',
      { type: 'object', properties: { host: text, port: { type: 'integer' }, addresses: text } },
      { host: '10.0.0.10', port: 6443, addresses: '10.0.0.10,fd00::10' },
    ],
    [
      'an object that takes any field gets no field that it does not name',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      { host: '10.0.0.10', port: 6443 },
    ],
  ])('%s', (_, schema, value) => {
    const clusterClass = aClusterClass({
      declared: ['vip'],
      accepted: ['vip'],
      schemas: { vip: schema },
      annotations: { ...pairAsked, [`${prefix}/control-plane-variable`]: 'vip' },
    })
    const action = next({}, { ...first, second, clusterClass })
    expect(written(action)).toMatchObject({ variables: [{ name: 'vip', value }] })
    // What was written does not contradict the VIP, and is not written again.
    const cluster = {
      endpoint,
      annotations: { ...record, [`${prefix}/control-plane-variables-written`]: 'vip' },
      topology: { classRef: { name: 'rke2-cluster-class' }, variables: [{ name: 'vip', value }] },
    }
    expect(next(cluster, { ...first, second, clusterClass })).toEqual(
      expect.objectContaining({ action: 'done', reason: 'Allocated', disagreement: undefined }),
    )
  })
})
