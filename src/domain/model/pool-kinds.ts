import { ipamGroup } from '../names.ts'
import { roleSpecs } from '../role.ts'
import { formatRange, rangesOf, withoutRanges, type AddressRange } from './address-text.ts'
import {
  arrayOf,
  integerOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringOf,
  type JsonObject,
} from './decode.ts'
import {
  findPoolKind,
  fullNameOf,
  type FixedAddress,
  type IPPoolCapacity,
  type PoolFacts,
  type PoolKind,
} from './pool-kind.ts'

const inCluster = {
  apiGroup: ipamGroup,
  provider: 'the in-cluster IPAM provider',
  versions: ['v1alpha2', 'v1alpha1'],
  isCounted: true,
  retriesClaims: true,
  heedsReservations: true,
  fixedAddress: 'pre-made',
  factsFrom: inClusterFacts,
} as const

/** The namespaced pool of the in-cluster provider. */
export const inClusterPool: PoolKind & { readonly resource: string } = {
  ...inCluster,
  kind: 'InClusterIPPool',
  resource: 'inclusterippools',
  isGlobal: false,
}

/** Its pool for all namespaces. */
export const globalInClusterPool: PoolKind & { readonly resource: string } = {
  ...inCluster,
  kind: 'GlobalInClusterIPPool',
  resource: 'globalinclusterippools',
  isGlobal: true,
}

/** The kinds of pools that are used unless others are configured. */
export const inClusterPoolKinds = [inClusterPool, globalInClusterPool] as const

/** What is assumed of a provider of which nothing is known: a claim is tried, and shows whether there is an address. */
const unknownProvider = {
  versions: [],
  isCounted: false,
  retriesClaims: false,
  heedsReservations: false,
  fixedAddress: undefined,
  factsFrom: () => noFacts,
} as const

const noFacts: PoolFacts = {
  addresses: [],
  excludedAddresses: [],
  prefix: 0,
  gateway: undefined,
  givesReserved: true,
  reuseGraceSeconds: 0,
  capacity: undefined,
}

/** Its `IPAddress` objects are the truth about what is allocated, as with the in-cluster provider. */
const unifi = {
  ...unknownProvider,
  apiGroup: ipamGroup,
  provider: 'the IPAM provider for UniFi',
  isCounted: true,
  heedsReservations: true,
  fixedAddress: 'pre-made',
  factsFrom: unifiFacts,
} as const

const netBox = { ...unknownProvider, apiGroup: ipamGroup, provider: 'the IPAM provider for NetBox' } as const

/** All that differs from provider to provider, as far as it is known: docs/configuration.md has the same table. */
const knownPoolKinds: readonly PoolKind[] = [
  ...inClusterPoolKinds,
  {
    ...unknownProvider,
    apiGroup: 'ipam.metal3.io',
    kind: 'IPPool',
    provider: "Metal3's IP Address Manager",
    isGlobal: false,
    isCounted: true,
    heedsReservations: true,
    matchesByName: true,
    fixedAddress: { claimAnnotation: 'ipAddress' },
    factsFrom: metal3Facts,
  },
  {
    ...unknownProvider,
    apiGroup: ipamGroup,
    kind: 'InfobloxIPPool',
    provider: 'the IPAM provider for Infoblox',
    isGlobal: false,
    factsFrom: (pool) => ({ ...noFacts, dnsZone: nonEmptyStringOf(objectOf(pool['spec'])['dnsZone']) }),
    // Otherwise it looks for a Machine among the owners of the claim, and a Cluster has none.
    claimAnnotations: ({ dnsZone }, { cluster, role }) =>
      dnsZone === undefined
        ? {}
        : {
            [`${ipamGroup}/hostname`]: `${roleSpecs[role].isEndpoint ? '' : `${role}.`}${cluster}.${dnsZone}`,
          },
  },
  { ...netBox, kind: 'NetBoxIPPool', isGlobal: false },
  { ...netBox, kind: 'GlobalNetBoxIPPool', isGlobal: true },
  { ...netBox, kind: 'NetboxIPPool', isGlobal: false },
  { ...netBox, kind: 'GlobalNetboxIPPool', isGlobal: true },
  {
    ...unknownProvider,
    apiGroup: ipamGroup,
    kind: 'NutanixIPPool',
    provider: 'the IPAM provider for Nutanix',
    isGlobal: false,
  },
  { ...unifi, kind: 'UnifiIPPool', isGlobal: false },
  { ...unifi, kind: 'IPPool', isGlobal: false },
]

/** What a person writes for a kind of pool. */
export const poolKindSyntax =
  'a kind of pools as Kind.group or Kind.group/version, such as IPPool.ipam.metal3.io/v1alpha1, and not of prefix pools, which allocate networks'

/** Reads a kind of pool; undefined if the text has another form. */
export function poolKindFrom(text: string): PoolKind | undefined {
  const [, kind = '', apiGroup = '', version] =
    /^([A-Z][A-Za-z0-9]*)\.([a-z0-9-]+(?:\.[a-z0-9-]+)+)(?:\/(v[0-9]+(?:(?:alpha|beta)[0-9]+)?))?$/.exec(
      text,
    ) ?? []
  if (kind === '' || kind.endsWith('PrefixPool')) return undefined
  const known = findPoolKind(knownPoolKinds, { kind, apiGroup })
  if (known !== undefined && version === undefined) return known
  const provider = `the IPAM provider that has ${kind}s`
  const made = known ?? { ...unknownProvider, kind, apiGroup, provider }
  return { ...made, versions: version === undefined ? [] : [version] }
}

/** Kinds that are named twice, as `Kind.group`. */
export function repeatedIn(kinds: readonly PoolKind[]): readonly string[] {
  const names = kinds.map(fullNameOf)
  return [...new Set(names.filter((name, index) => names.indexOf(name) !== index))]
}

/** The kinds of pools of an installation. */
export function poolKindsOf({
  poolKinds = inClusterPoolKinds,
}: {
  readonly poolKinds?: readonly PoolKind[] | undefined
}): readonly PoolKind[] {
  return poolKinds
}

/** How the provider of a pool is asked for a certain address; undefined: it cannot be, as far as is known. */
export function fixedAddressOf(ref: Pick<PoolKind, 'apiGroup' | 'kind'>): FixedAddress | undefined {
  return findPoolKind(knownPoolKinds, ref)?.fixedAddress
}

/** The namespace of the pool of a claim in this namespace, as far as its kind is known; `""` for a global one. */
export function poolNamespaceFor(ref: Pick<PoolKind, 'apiGroup' | 'kind'>, claimNamespace: string): string {
  return findPoolKind(knownPoolKinds, ref)?.isGlobal === true ? '' : claimNamespace
}

function inClusterFacts(pool: JsonObject): PoolFacts {
  const spec = objectOf(pool['spec'])
  return {
    addresses: stringsIn(spec['addresses']),
    excludedAddresses: stringsIn(spec['excludedAddresses']),
    prefix: integerOf(spec['prefix']) ?? 0,
    gateway: nonEmptyStringOf(spec['gateway']),
    givesReserved: spec['allocateReservedIPAddresses'] === true,
    reuseGraceSeconds: integerOf(spec['addressReuseGracePeriodSeconds']) ?? 0,
    capacity: capacityFrom(objectOf(pool['status'])['ipAddresses']),
  }
}

/** Of the first subnet, if they differ. */
function unifiFacts(pool: JsonObject): PoolFacts {
  const spec = objectOf(pool['spec'])
  const subnets = arrayOf(spec['subnets']).map(objectOf)
  const [first = {}] = subnets
  return {
    ...noFacts,
    addresses: subnets.flatMap(({ cidr, start, end }) => nonEmptyStringOf(cidr) ?? rangeText(start, end)),
    excludedAddresses: subnets.flatMap(({ excludeRanges }) => stringsIn(excludeRanges)),
    prefix: integerOf(first['prefix']) ?? integerOf(spec['prefix']) ?? 0,
    gateway: nonEmptyStringOf(first['gateway']) ?? nonEmptyStringOf(spec['gateway']),
    capacity: capacityFrom(objectOf(pool['status'])['addresses']),
  }
}

/** Prefix and gateway are of the first range, if they differ. Addresses for claims of certain names are never free. */
function metal3Facts(pool: JsonObject): PoolFacts {
  const spec = objectOf(pool['spec'])
  const { indexes, lastUpdated } = objectOf(pool['status'])
  const parts = arrayOf(spec['pools']).map(objectOf)
  const [first = {}] = parts
  const addresses = parts.flatMap(({ start, end, subnet }) => metal3Range(start, end, subnet))
  const taken = [...valuesIn(indexes), ...valuesIn(spec['preAllocations'])]
  const isCounted = indexes !== undefined || lastUpdated !== undefined
  return {
    ...noFacts,
    addresses,
    prefix: integerOf(first['prefix']) ?? integerOf(spec['prefix']) ?? 0,
    gateway: nonEmptyStringOf(first['gateway']) ?? nonEmptyStringOf(spec['gateway']),
    capacity: isCounted ? capacityBeside(rangesOf(addresses), rangesOf(taken)) : undefined,
  }
}

/** Without `start`, it begins after the address of the subnet; without `end`, it goes on to the end of the subnet. */
function metal3Range(start: unknown, end: unknown, subnet: unknown): readonly string[] {
  if (nonEmptyStringOf(start) !== undefined && nonEmptyStringOf(end) !== undefined)
    return rangeText(start, end)
  return rangesOf([stringOf(subnet)]).map(({ bytes, first, last }) => {
    const [from] = rangesOf([stringOf(start)])
    return formatRange({ bytes, first: from?.first ?? first + 1n, last })
  })
}

function capacityBeside(ranges: readonly AddressRange[], taken: readonly AddressRange[]): IPPoolCapacity {
  const [total, free] = [sizeOf(ranges), sizeOf(withoutRanges(ranges, taken))]
  return { total, used: total - free, free, outOfRange: 0 }
}

/** The number of addresses; of a large IPv6 network, the largest number that is exact. */
function sizeOf(ranges: readonly AddressRange[]): number {
  const size = ranges.reduce((sum, { first, last }) => sum + last - first + 1n, 0n)
  return size > BigInt(Number.MAX_SAFE_INTEGER) ? Number.MAX_SAFE_INTEGER : Number(size)
}

function rangeText(start: unknown, end: unknown): readonly string[] {
  const [from, to] = [nonEmptyStringOf(start), nonEmptyStringOf(end)]
  return from === undefined || to === undefined ? [] : [`${from}-${to}`]
}

function capacityFrom(value: unknown): IPPoolCapacity | undefined {
  if (!isObject(value)) return undefined
  const count = (field: string): number => integerOf(value[field]) ?? 0
  return { total: count('total'), used: count('used'), free: count('free'), outOfRange: count('outOfRange') }
}

function stringsIn(value: unknown): readonly string[] {
  return arrayOf(value).filter((entry) => typeof entry === 'string')
}

function valuesIn(value: unknown): readonly string[] {
  return stringsIn(Object.values(objectOf(value)))
}
