import fc from 'fast-check'
import type { IPAddressClaim } from '../../src/domain/model/claim.ts'
import type { IPAddress } from '../../src/domain/model/ip-address.ts'
import type { IPPool } from '../../src/domain/model/pool.ts'
import {
  aClaim,
  aCluster,
  aClusterClass,
  aNamespace,
  anIPAddress,
  aPool,
  ownerReference,
  type ClaimOptions,
  type ClusterOptions,
} from './builders.ts'
import type { InitialObjects } from './fake-management-cluster.ts'

const annotation = (name: string, value: string) => ({ [`vip.capi.gorizond.io/${name}`]: value })
const anyOf = <T>(...values: readonly T[]): fc.Arbitrary<T> => fc.constantFrom(...values)

const endpoints = anyOf<object | undefined>(
  undefined,
  { host: '', port: 8443 },
  { host: '10.0.0.10', port: 6443 },
  { host: '10.0.0.10', port: 0 },
  { host: '10.9.9.9', port: 6443 },
  { host: '10.9.9.9', port: 0 },
  { host: 'api.example.org', port: 6443 },
  { host: 'api.example.org', port: 0 },
)

const annotations = fc
  .tuple(
    anyOf({}, annotation('control-plane-vip', '10.0.0.10'), annotation('control-plane-vip', '10.9.9.9')),
    anyOf(
      {},
      {},
      {},
      annotation('control-plane-vip', '10.0.0.10,fd00::10'),
      annotation('control-plane-vip', '10.9.9.9,fd00::10'),
      annotation('control-plane-vip', '10.0.0.10,fd00::11'),
    ),
    anyOf(
      {},
      {},
      annotation('duplicate-addresses', '10.0.0.19'),
      annotation('duplicate-addresses', '10.0.0.10'),
    ),
    anyOf(
      {},
      {},
      annotation('control-plane-pool', 'second'),
      annotation('control-plane-pool', 'vip-pool,six'),
    ),
    anyOf(
      {},
      {},
      annotation('ip-families', 'IPv4,IPv6'),
      annotation('ip-families', 'IPv4,IPv6'),
      annotation('ip-families', 'IPv6,IPv4'),
      annotation('ip-families', 'IPv6'),
      annotation('ip-families', 'IPv5'),
    ),
    anyOf(
      {},
      {},
      {},
      annotation('ip-families-policy', 'give-back'),
      annotation('ip-families-policy', 'both'),
    ),
    anyOf({}, {}, annotation('control-plane-variables-written', 'clusterVip')),
    anyOf(
      {},
      {},
      {},
      annotation('control-plane-enabled', 'true'),
      annotation('control-plane-enabled', 'false'),
      annotation('control-plane-enabled', 'yes'),
    ),
    anyOf(
      ...[{}, {}, {}, {}, annotation('control-plane-address', '10.0.0.10')],
      annotation('control-plane-address', '10.0.0.12'),
      annotation('control-plane-address', '10.1.0.12'),
      annotation('control-plane-address', '10.9.9.9'),
      annotation('control-plane-address', '10.0.0.10,10.0.0.12'),
    ),
    anyOf({}, {}, annotation('reserve-endpoint', 'true')),
  )
  .map((parts) => Object.assign({}, ...parts) as Record<string, string>)

const text = { type: 'string' }
const classRef = { name: 'rke2-cluster-class' }
const topologies = anyOf<object | null>(
  { classRef },
  { classRef },
  { classRef, variables: [{ name: 'clusterVip', value: '10.0.0.10' }] },
  { classRef, variables: [{ name: 'clusterVip', value: '' }] },
  { classRef, variables: [{ name: 'clusterVip', value: 'api.example.org' }] },
  { classRef, variables: [{ name: 'endpoint', value: { host: '', port: 7443 } }] },
  null,
)

const clusters = fc
  .record({
    endpoint: endpoints,
    annotations,
    topology: topologies,
    rendered: anyOf(false, true),
    phase: anyOf('Provisioning', 'Provisioned'),
    paused: anyOf(false, false, false, true),
    deleting: anyOf(false, false, false, false, true),
  })
  .map(({ endpoint, ...options }): ClusterOptions => ({ ...options, ...(endpoint && { endpoint }) }))

/** A claim with owners of its own has no labels. */
const unlabeled = [ownerReference(aCluster())]
const recreated = [ownerReference({ name: 'demo', uid: 'former' })]
const stranger = { apiVersion: 'v1', kind: 'ConfigMap', name: 'x', uid: 'y' }
const bound = { addressName: 'vip-cp-demo' }
const longerName = 'vip-cp-demo-uid-of-d'
const ofDemo = { 'cluster.x-k8s.io/cluster-name': 'demo' }
const longerClaim: ClaimOptions = { name: longerName, addressName: longerName, labels: ofDemo }
const keptClaim = aClaim({ owners: recreated, deleting: true, finalizers: ['example.org/hold'] })
/** For the second address of a pair. */
const secondName = 'vip-cp2-demo'
const ofPair = (family: string) => ({ 'vip.capi.gorizond.io/ip-family': family })
const secondClaims = anyOf<readonly IPAddressClaim[]>(
  [],
  [],
  [],
  ...[
    aClaim({ name: secondName, poolName: 'six', labels: ofPair('IPv6') }),
    aClaim({ name: secondName, poolName: 'six', labels: ofPair('IPv6'), addressName: secondName }),
    aClaim({ name: secondName, poolName: 'six', addressName: secondName }),
    aClaim({ name: secondName, poolName: 'six', owners: [], addressName: secondName }),
    aClaim({ name: secondName, poolName: 'six', owners: recreated, deleting: true }),
    aClaim({ name: secondName, poolName: 'six', owners: [stranger] }),
  ].map((claim) => [claim]),
)

/** The first is the one that the run takes for the Cluster's. */
const claims = anyOf<readonly IPAddressClaim[]>(
  [],
  [],
  ...[
    aClaim(),
    aClaim(bound),
    aClaim(bound),
    aClaim({ ...bound, labels: ofPair('IPv4') }),
    aClaim({ ...bound, labels: ofPair('IPv4') }),
    aClaim({ ...bound, owners: unlabeled }),
    aClaim({ owners: unlabeled, labels: { 'vip.capi.gorizond.io/role': 'control-plane' } }),
    aClaim({ owners: [] }),
    aClaim({ ...bound, owners: [] }),
    aClaim({ ...bound, owners: recreated }),
    aClaim({ owners: [...recreated, stranger] }),
    aClaim({ owners: [stranger] }),
    aClaim({ owners: recreated, deleting: true }),
    keptClaim,
    aClaim(longerClaim),
    aClaim({ ...longerClaim, owners: [] }),
    aClaim({ deleting: true }),
  ].map((claim) => [claim]),
  [aClaim(longerClaim), keptClaim],
  [aClaim({ ...longerClaim, owners: [] }), keptClaim],
  [aClaim({ name: longerName, labels: ofDemo }), keptClaim],
)

const full = { total: 11, used: 11, free: 0, outOfRange: 0 }
const pools = fc.subarray<IPPool>([
  aPool(),
  aPool({ name: 'second', addresses: ['10.1.0.10-10.1.0.20'] }),
  aPool({ name: 'six', addresses: ['fd00::10-fd00::20'], prefix: 64 }),
  aPool({ name: 'six-too', addresses: ['fd00::10-fd00::20'], prefix: 64, capacity: full }),
  aPool({ name: 'full', capacity: full }),
  aPool({ name: 'closed', labels: {} }),
  aPool({ name: 'keeping', graceSeconds: 900 }),
  aPool({ name: 'of-blue', annotations: annotation('namespace-selector', 'team=blue') }),
  aPool({ name: 'of-nobody', annotations: annotation('namespace-selector', 'team in blue') }),
])

const namespaces = anyOf(
  [],
  [aNamespace()],
  [aNamespace({ labels: { team: 'blue' } })],
  [aNamespace({ labels: { team: 'red' } })],
)

const others = anyOf<Pick<InitialObjects, 'clusters' | 'ipAddresses'>>(
  { clusters: [], ipAddresses: [] },
  { clusters: [], ipAddresses: [] },
  { clusters: [aCluster({ name: 'other', endpoint: { host: '10.0.0.10', port: 6443 } })], ipAddresses: [] },
  {
    clusters: [],
    ipAddresses: [
      anIPAddress({ name: 'vip-cp-z', uid: 'z', claimName: 'vip-cp-z', created: '2027-01-01T00:00:00Z' }),
    ],
  },
)

/** An IPAddress has the name of its claim. */
function ofClaim(ipAddress: IPAddress, claim: IPAddressClaim | undefined): IPAddress {
  const name = claim?.addressName ?? ipAddress.name
  return { ...ipAddress, name, claimName: name }
}

/** A Cluster with all that a decision about its control-plane VIP depends on, in states of every kind. */
export const randomWorlds = fc
  .record({
    cluster: clusters.map(aCluster),
    claims,
    secondClaims,
    second: anyOf<IPAddress | undefined>(
      anIPAddress({ name: secondName, claimName: secondName, address: 'fd00::10' }),
      anIPAddress({ name: secondName, claimName: secondName, address: 'fd00::10' }),
      anIPAddress({ name: secondName, claimName: secondName, address: 'fd00::12' }),
      undefined,
    ),
    own: anyOf<IPAddress | undefined>(
      anIPAddress(),
      anIPAddress(),
      anIPAddress({ address: '10.0.0.12' }),
      anIPAddress({ address: '10.0.0.12', owners: [ownerReference(aCluster())] }),
      anIPAddress({ poolName: 'second', owners: [ownerReference(aCluster())] }),
      undefined,
    ),
    pools,
    namespaces,
    clusterClass: anyOf(
      aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }),
      aClusterClass({ declared: [], accepted: [] }),
      aClusterClass({ declared: ['clusterVip'], accepted: [] }),
      aClusterClass({
        declared: [],
        accepted: [],
        annotations: annotation('control-plane-enabled', 'false'),
      }),
      aClusterClass({
        declared: ['endpoint'],
        accepted: ['endpoint'],
        schemas: { endpoint: { type: 'object', properties: { host: text, port: { type: 'integer' } } } },
        annotations: annotation('control-plane-variable', 'endpoint,endpoint.host'),
      }),
      aClusterClass({
        declared: ['clusterVip'],
        accepted: ['clusterVip'],
        schemas: { clusterVip: { type: 'boolean' } },
        annotations: annotation('control-plane-variable', 'clusterVip'),
      }),
      undefined,
    ),
    others,
  })
  .map(({ cluster, own, second, secondClaims: ofSecond, others: beside, ...rest }): InitialObjects => ({
    ...rest,
    claims: [...rest.claims, ...ofSecond],
    clusters: [cluster, ...beside.clusters],
    // The provider deletes the IPAddress with its claim.
    ipAddresses: [
      ...(own === undefined ? [] : [ofClaim(own, rest.claims[0])]),
      ...(second === undefined ? [] : [second]),
      ...beside.ipAddresses,
    ],
  }))
