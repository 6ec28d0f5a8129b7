import { describe, expect, it } from '@jest/globals'
import type { Role } from '../../../../src/domain/role.ts'
import { planRole, type PlanFacts, type RolePlan } from '../../../../src/commands/plan/role-plan.ts'
import {
  nobodyWaits,
  aClaim,
  aCluster,
  aClusterClass,
  anIPAddress,
  aPool,
  ownerReference,
  variables,
  type ClusterOptions,
} from '../../../support/builders.ts'

const full = aPool({ capacity: { total: 2, used: 2, free: 0, outOfRange: 0 } })
const second = aPool({ name: 'second', addresses: ['10.1.0.10-10.1.0.20'] })
const withVariable = aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] })
const recorded = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const bound = { claim: aClaim({ addressName: 'vip-cp-demo' }), ipAddress: anIPAddress() }
const pool = { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'GlobalInClusterIPPool', name: 'vip-pool' }

interface Situation {
  readonly cluster?: ClusterOptions
  readonly facts?: Partial<Omit<PlanFacts, 'cluster'>>
  readonly binding?: Partial<Pick<PlanFacts, 'claim' | 'usualClaim' | 'ipAddress' | 'namedAddress'>>
}

const nothing = { claim: undefined, usualClaim: undefined, ipAddress: undefined, namedAddress: undefined }

function planFor(
  { cluster = {}, facts = {}, binding = {} }: Situation,
  role: Role = 'control-plane',
): RolePlan {
  const made = aCluster(cluster)
  const { addressUse = { clusters: [], ipAddresses: [] } } = facts
  return planRole(
    {
      key: made,
      cluster: made,
      clusterClass: withVariable,
      pools: [aPool()],
      second: { claim: undefined },
      addressUse,
      sameAddressUse: addressUse,
      variables,
      defaultPort: 6443,
      waiting: nobodyWaits,
      ...nothing,
      ...binding,
      ...facts,
    },
    role,
  )
}

describe('a plan for a Cluster without an endpoint', () => {
  it('has the pool, the claim, the open address, and the patch', () => {
    const open = '<an address of GlobalInClusterIPPool/vip-pool>'
    expect(planFor({})).toEqual({
      role: 'control-plane',
      outcome: 'assign',
      reason: 'Allocated',
      message:
        'the control-plane VIP would be an address of GlobalInClusterIPPool/vip-pool; the IPAM provider decides which',
      actionRequired: false,
      pool,
      claim: { name: 'vip-cp-demo', action: 'create' },
      port: 6443,
      considered: [
        {
          kind: 'GlobalInClusterIPPool',
          name: 'vip-pool',
          verdict: 'selected',
          because: '11 of 11 addresses free',
        },
      ],
      variables: [
        {
          name: 'clusterVip',
          isWritten: true,
          because: 'ClusterClass clusters/rke2-cluster-class has it',
        },
      ],
      steps: [
        'create IPAddressClaim vip-cp-demo for GlobalInClusterIPPool/vip-pool',
        `write ${open}:6443 to the Cluster`,
      ],
      patch: [
        { op: 'replace', path: '/metadata/resourceVersion', value: '100' },
        { op: 'add', path: '/spec/controlPlaneEndpoint', value: { host: open, port: 6443 } },
        { op: 'add', path: '/spec/topology/variables', value: [{ name: 'clusterVip', value: open }] },
        {
          op: 'add',
          path: '/metadata/annotations',
          value: {
            'vip.capi.gorizond.io/control-plane-vip': open,
            'vip.capi.gorizond.io/control-plane-variables-written': 'clusterVip',
          },
        },
      ],
    })
  })

  it('says of every other pool why it is not chosen', () => {
    const plan = planFor({ facts: { pools: [full, second, aPool({ name: 'other', labels: {} })] } })
    expect(plan.considered.map(({ name, verdict }) => [name, verdict])).toEqual([
      ['other', 'rejected'],
      ['second', 'selected'],
      ['vip-pool', 'rejected'],
    ])
  })

  it.each([
    ['has it', withVariable, true, 'ClusterClass clusters/rke2-cluster-class has it'],
    [
      'does not have it',
      aClusterClass({ declared: [], accepted: [] }),
      false,
      'ClusterClass clusters/rke2-cluster-class does not have it',
    ],
    ['does not exist', undefined, false, 'ClusterClass clusters/rke2-cluster-class does not exist'],
  ])('says of the variable that the ClusterClass %s', (_, clusterClass, isWritten, because) => {
    expect(planFor({ facts: { clusterClass } }).variables).toEqual([
      { name: 'clusterVip', isWritten, because },
    ])
  })

  it('says of the variable that the Cluster has a value for it, which keeps it from a VIP', () => {
    const topology = {
      classRef: { name: 'rke2-cluster-class' },
      variables: [{ name: 'clusterVip', value: '10.0.0.10' }],
    }
    expect(planFor({ cluster: { topology } })).toMatchObject({
      outcome: 'wait',
      reason: 'ClusterRejected',
      variables: [{ isWritten: false, because: 'the Cluster has a value for it' }],
    })
  })

  it('has no variable where the Cluster has no topology', () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-pool': 'vip-pool' }
    const plan = planFor({ cluster: { topology: null, annotations } })
    expect(plan).toMatchObject({
      outcome: 'assign',
      variables: [{ isWritten: false, because: 'the Cluster has no spec.topology' }],
    })
  })

  it('knows the address of a claim that is bound', () => {
    expect(planFor({ binding: bound })).toMatchObject({
      outcome: 'assign',
      reason: 'Allocated',
      message: 'the control-plane VIP would be 10.0.0.10:6443',
      address: '10.0.0.10',
      claim: { action: 'use' },
      steps: ['write 10.0.0.10:6443 to the Cluster'],
    })
  })

  it('adopts a claim that nobody owns', () => {
    const binding = { ...bound, claim: aClaim({ addressName: 'vip-cp-demo', owners: [] }) }
    expect(planFor({ binding })).toMatchObject({
      outcome: 'assign',
      claim: { action: 'adopt' },
      steps: ['adopt IPAddressClaim vip-cp-demo, which nobody owns', 'write 10.0.0.10:6443 to the Cluster'],
    })
  })

  it('keeps the pool of a claim, and says that it does', () => {
    const better = aPool({ name: 'a-better-one' })
    const plan = planFor({ binding: bound, facts: { pools: [better, aPool(), { ...full, name: 'z-full' }] } })
    expect(plan).toMatchObject({
      pool,
      considered: [
        {
          name: 'a-better-one',
          verdict: 'eligible',
          because: '11 of 11 addresses free; GlobalInClusterIPPool/vip-pool is the choice already',
        },
        { name: 'vip-pool', verdict: 'selected', because: 'its IPAddressClaim is there, and stays' },
        { name: 'z-full', verdict: 'rejected' },
      ],
    })
  })

  it('moves an unbound claim from an exhausted pool to one with room', () => {
    const plan = planFor({ binding: { claim: aClaim() }, facts: { pools: [full, second] } })
    expect(plan).toMatchObject({ outcome: 'assign', pool: { name: 'second' } })
    expect(plan.steps).toEqual([
      expect.stringContaining('delete IPAddressClaim vip-cp-demo: '),
      'create IPAddressClaim vip-cp-demo for GlobalInClusterIPPool/second',
      expect.stringContaining('write <an address of GlobalInClusterIPPool/second>:6443'),
    ])
  })

  it('takes the next address where another Cluster has the one of the claim', () => {
    const other = aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })
    const plan = planFor({ binding: bound, facts: { addressUse: { clusters: [other], ipAddresses: [] } } })
    expect(plan).toMatchObject({ outcome: 'assign', actionRequired: false })
    expect(plan.address).toBeUndefined()
    expect(plan.steps[0]).toBe(
      'keep 10.0.0.10 reserved and delete its claim: 10.0.0.10 is the endpoint of Cluster clusters/other',
    )
  })

  it('does not take the IPAddress of its own claim for that of another', () => {
    const plan = planFor({
      binding: bound,
      facts: { addressUse: { clusters: [], ipAddresses: [anIPAddress()] } },
    })
    expect(plan).toMatchObject({ outcome: 'assign', address: '10.0.0.10' })
  })

  it('lets go of addresses that are reserved for nothing', () => {
    const annotations = { 'vip.capi.gorizond.io/duplicate-addresses': '10.0.0.19' }
    expect(planFor({ cluster: { annotations } }).steps[0]).toBe(
      'let go of 10.0.0.19, which nobody else has any more',
    )
  })
})

describe('a plan for a Cluster with an endpoint', () => {
  it('does nothing where all is as it should be', () => {
    const topology = {
      classRef: { name: 'rke2-cluster-class' },
      variables: [{ name: 'clusterVip', value: 'x' }],
    }
    const cluster = { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 }, topology }
    const plan = planFor({ cluster, binding: bound })
    expect(plan).toMatchObject({
      outcome: 'in-place',
      reason: 'Allocated',
      message:
        'Cluster clusters/demo has 10.0.0.10:6443 as it should; but of the variables, from which machines take it, clusterVip has x',
      address: '10.0.0.10',
      steps: [],
    })
    expect(plan.patch).toBeUndefined()
  })

  it("does nothing where it is somebody else's", () => {
    const plan = planFor({ cluster: { endpoint: { host: '10.9.9.9', port: 6443 }, rendered: true } })
    expect(plan).toMatchObject({
      outcome: 'skip',
      reason: 'EndpointAlreadySet',
      actionRequired: false,
      steps: [],
    })
  })

  it("completes the port of somebody else's host, and gives the variable that host", () => {
    const plan = planFor({ cluster: { endpoint: { host: '10.9.9.9', port: 0 } } })
    expect(plan).toMatchObject({
      outcome: 'complete',
      reason: 'EndpointAlreadySet',
      message: "the host is somebody else's and stays; port or variables would be completed: 10.9.9.9:6443",
      address: '10.9.9.9',
      port: 6443,
      considered: [],
    })
    expect(plan.variables).toMatchObject([{ name: 'clusterVip', isWritten: true }])
    expect(plan.claim).toBeUndefined()
  })

  it("gives a bound claim back where the host is somebody else's", () => {
    const plan = planFor({ cluster: { endpoint: { host: '10.9.9.9', port: 6443 } }, binding: bound })
    const message = 'Cluster clusters/demo has endpoint 10.9.9.9:6443 already; 10.0.0.10 is not assigned'
    expect(plan).toMatchObject({ outcome: 'skip', reason: 'EndpointAlreadySet', message })
    expect(plan.steps).toEqual([`delete IPAddressClaim vip-cp-demo: ${message}`])
  })

  it("gives an unbound claim back where the host is somebody else's", () => {
    const cluster = { endpoint: { host: '10.9.9.9', port: 6443 } }
    const plan = planFor({ cluster, binding: { claim: aClaim() } })
    const message =
      'Cluster clusters/demo got endpoint 10.9.9.9:6443 from elsewhere while its claim waited; the claim is given back'
    expect(plan).toMatchObject({ outcome: 'skip', reason: 'EndpointAlreadySet', message })
    expect(plan.steps).toEqual([`delete IPAddressClaim vip-cp-demo: ${message}`])
  })

  it('keeps the claim where a person has replaced our host: machines may rest on the old one', () => {
    const cluster = { annotations: recorded, endpoint: { host: '10.9.9.9', port: 6443 } }
    expect(planFor({ cluster, binding: bound })).toMatchObject({ outcome: 'skip', steps: [] })
  })

  it('writes what is missing beside a VIP in place, whoever else has the address', () => {
    const other = aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })
    const plan = planFor({
      cluster: { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 } },
      binding: bound,
      facts: { addressUse: { clusters: [other], ipAddresses: [] } },
    })
    expect(plan).toMatchObject({ outcome: 'assign', variables: [{ isWritten: true }] })
  })

  it('gives an unbound claim back, and completes the port', () => {
    const plan = planFor({
      cluster: { endpoint: { host: '10.9.9.9', port: 0 } },
      binding: { claim: aClaim() },
    })
    expect(plan.outcome).toBe('complete')
    expect(plan.steps).toEqual([
      expect.stringContaining('delete IPAddressClaim vip-cp-demo: '),
      'write 10.9.9.9:6443 to the Cluster',
    ])
  })

  it('has a lost claim made again with the same address', () => {
    const plan = planFor({ cluster: { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 } } })
    expect(plan).toMatchObject({
      pool,
      claim: { action: 'create' },
      address: '10.0.0.10',
      considered: [{ verdict: 'selected', because: 'has 10.0.0.10, which the Cluster had before' }],
    })
    expect(plan.steps.slice(0, 2)).toEqual([
      'create IPAddress vip-cp-demo with 10.0.0.10 before its claim',
      'create IPAddressClaim vip-cp-demo for GlobalInClusterIPPool/vip-pool',
    ])
  })

  it('has a lost claim made again on the IPAddress that is there for it', () => {
    const cluster = { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 } }
    const plan = planFor({ cluster, binding: { namedAddress: anIPAddress() } })
    expect(plan.steps).toEqual([
      'create IPAddressClaim vip-cp-demo for GlobalInClusterIPPool/vip-pool',
      'write 10.0.0.10:6443 to the Cluster',
    ])
  })

  it('has the claim that holds another address replaced', () => {
    const cluster = { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 } }
    const other = anIPAddress({ address: '10.0.0.12' })
    const plan = planFor({ cluster, binding: { ...bound, ipAddress: other } })
    expect(plan.address).toBe('10.0.0.10')
    expect(plan.steps[0]).toContain('delete IPAddressClaim vip-cp-demo: ')
    expect(plan.steps[1]).toBe('create IPAddress vip-cp-demo with 10.0.0.10 before its claim')
  })

  it('takes a new address where the lost one was dropped and is gone', () => {
    const other = aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })
    const plan = planFor({
      cluster: { annotations: recorded },
      facts: { addressUse: { clusters: [other], ipAddresses: [] } },
    })
    expect(plan).toMatchObject({ outcome: 'assign', claim: { action: 'create' } })
    expect(plan.address).toBeUndefined()
  })
})

describe('a plan for a Cluster whose annotation names an address that it cannot have', () => {
  const closed = aPool({ name: 'gold', labels: {} })
  const why =
    '10.0.0.10 in the annotation vip.capi.gorizond.io/control-plane-vip is not taken: GlobalInClusterIPPool/gold has no label vip.capi.gorizond.io/cluster-class'

  it('takes one of a pool that is open to it, and says why', () => {
    const plan = planFor({ cluster: { annotations: recorded }, facts: { pools: [closed, second] } })
    expect(plan).toMatchObject({
      outcome: 'assign',
      pool: { name: 'second' },
      claim: { action: 'create' },
      message: `the control-plane VIP would be an address of GlobalInClusterIPPool/second; the IPAM provider decides which; ${why}`,
    })
    expect(plan.address).toBeUndefined()
    expect(plan.steps[0]).toBe('create IPAddressClaim vip-cp-demo for GlobalInClusterIPPool/second')
    expect(plan.patch).toContainEqual(
      expect.objectContaining({ value: '<an address of GlobalInClusterIPPool/second>' }),
    )
  })

  it('waits where no pool is open to it, and says that too', () => {
    const plan = planFor({ cluster: { annotations: recorded }, facts: { pools: [closed] } })
    expect(plan).toMatchObject({ outcome: 'wait', reason: 'NoMatchingPool', actionRequired: true })
    expect(plan.message).toMatch(new RegExp(`^GlobalInClusterIPPool/gold: has no label .*; ${why}$`))
  })

  it('waits for a person where only the annotation names the ingress VIP', () => {
    const annotations = { 'vip.capi.gorizond.io/ingress-vip': '10.0.0.10' }
    const plan = planFor({ cluster: { annotations }, facts: { pools: [closed, second] } }, 'ingress')
    expect(plan).toMatchObject({ outcome: 'wait', reason: 'AddressLost', actionRequired: true })
  })

  it('spells the address as the pool does', () => {
    const annotations = { 'vip.capi.gorizond.io/control-plane-vip': 'FD00::0010' }
    const pools = [aPool({ addresses: ['fd00::/64'] })]
    expect(planFor({ cluster: { annotations }, facts: { pools } }).address).toBe('fd00::10')
  })
})

describe('a plan that ends in a wait', () => {
  const declared = aClusterClass({ declared: ['clusterVip'], accepted: [] })
  const taken = { clusters: [aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })] }

  it.each<[string, Situation, string, boolean]>([
    ['no pool', { facts: { pools: [] } }, 'NoMatchingPool', true],
    ['no room', { facts: { pools: [full] } }, 'PoolExhausted', true],
    ['a paused Cluster', { cluster: { paused: true } }, 'ClusterPaused', true],
    ['an unbound claim on a pool with room', { binding: { claim: aClaim() } }, 'WaitingForAddress', false],
    [
      'an unbound claim on a pool without room',
      { binding: { claim: aClaim() }, facts: { pools: [full] } },
      'PoolExhausted',
      true,
    ],
    [
      'an IPAddress that is not there yet',
      { binding: { claim: aClaim({ addressName: 'vip-cp-demo' }) } },
      'WaitingForAddress',
      false,
    ],
    [
      'a claim on its way out',
      { binding: { claim: aClaim({ deleting: true }) } },
      'WaitingForAddress',
      false,
    ],
    [
      "somebody else's claim",
      { binding: { claim: aClaim({ owners: [{ apiVersion: 'v1', kind: 'Pod', name: 'x', uid: 'y' }] }) } },
      'ClaimConflict',
      true,
    ],
    ['a class that has not been reconciled', { facts: { clusterClass: declared } }, 'ClusterRejected', false],
    [
      'an address that is lost to somebody else',
      {
        cluster: { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 } },
        facts: { addressUse: { ...taken, ipAddresses: [] } },
      },
      'AddressLost',
      true,
    ],
    [
      'an address that was the VIP before and is taken',
      {
        cluster: { annotations: recorded },
        binding: bound,
        facts: { addressUse: { ...taken, ipAddresses: [] } },
      },
      'DuplicateAddress',
      true,
    ],
    [
      'another allocation that has to step back',
      {
        binding: bound,
        facts: {
          addressUse: {
            clusters: [],
            ipAddresses: [
              anIPAddress({ name: 'z', uid: 'z', claimName: 'vip-cp-z', created: '2027-01-01T00:00:00Z' }),
            ],
          },
        },
      },
      'DuplicateAddress',
      false,
    ],
    [
      'an IPAddress in the way of the one to be had again',
      {
        cluster: { annotations: recorded, endpoint: { host: '10.0.0.10', port: 6443 } },
        binding: { namedAddress: anIPAddress({ address: '10.0.0.14' }) },
      },
      'WaitingForAddress',
      false,
    ],
  ])('says so of %s', (_, situation, reason, actionRequired) => {
    const plan = planFor(situation)
    expect(plan).toMatchObject({ outcome: 'wait', reason, actionRequired })
    expect(plan.patch).toBeUndefined()
  })

  it('names the IPAddress that is not there yet, though its pool is used up', () => {
    const binding = { claim: aClaim({ addressName: 'vip-cp-demo' }) }
    expect(planFor({ binding, facts: { pools: [full] } })).toMatchObject({
      reason: 'WaitingForAddress',
      message: 'IPAddress clusters/vip-cp-demo is not there yet',
    })
  })

  it('says of the variable that its class has not taken it in', () => {
    expect(planFor({ facts: { clusterClass: declared } }).variables?.[0]?.because).toBe(
      'ClusterClass clusters/rke2-cluster-class declares the variable clusterVip, but its status.variables has none of this name yet; Cluster API would refuse it',
    )
  })

  it('refuses an annotation that cannot be read', () => {
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'maybe' }
    expect(planFor({ cluster: { annotations } }, 'ingress')).toMatchObject({
      outcome: 'wait',
      reason: 'AllocationFailed',
      actionRequired: true,
    })
  })
})

describe('a plan for a Cluster that gets no VIP', () => {
  it('says that one being deleted is left alone', () => {
    expect(planFor({ cluster: { deleting: true } })).toMatchObject({
      outcome: 'skip',
      reason: 'ClusterDeleted',
      actionRequired: true,
      considered: [],
    })
  })

  it('asks for a person where a control plane wants a VIP and nothing says from where', () => {
    expect(planFor({ cluster: { topology: null } })).toMatchObject({
      outcome: 'skip',
      reason: 'NoMatchingPool',
      actionRequired: true,
    })
  })

  it('asks for nobody where no ingress VIP is wanted', () => {
    expect(planFor({}, 'ingress')).toMatchObject({
      role: 'ingress',
      outcome: 'skip',
      reason: 'NoMatchingPool',
      actionRequired: false,
    })
  })
})

describe('a plan for a Cluster whose claim has a longer name', () => {
  it('foretells the longer name again after it gives that claim back, as long as the usual name is kept', () => {
    const name = 'vip-cp-demo-uid-of-d'
    const claim = aClaim({ name, labels: { 'cluster.x-k8s.io/cluster-name': 'demo' } })
    const kept = aClaim({
      owners: [ownerReference({ name: 'demo', uid: 'former' })],
      deleting: true,
      finalizers: ['example.org/hold'],
    })
    const facts = { pools: [full, second] }
    expect(planFor({ facts, binding: { claim, usualClaim: kept } }).claim).toEqual({ name, action: 'create' })
    expect(planFor({ facts, binding: { claim } }).claim).toEqual({ name: 'vip-cp-demo', action: 'create' })
  })
})
