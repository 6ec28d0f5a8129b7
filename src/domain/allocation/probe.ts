import { canonicalAddress, isIPAddress } from '../model/address-text.ts'
import { commaSeparated } from '../model/decode.ts'
import { inUseAnswerOf, type IPAddress } from '../model/ip-address.ts'
import { areSamePool, findPool, formatPool, type IPPool, type IPPoolReference } from '../model/pool.ts'
import { probeExceptAnnotation, probePortsAnnotation } from '../names.ts'
import { quoted } from '../quote.ts'

/** How the addresses of a pool are probed before one is assigned for the first time. It goes over the wire. */
export interface Probe {
  /** TCP ports. */
  readonly ports: readonly number[]
  /** Addresses that are not probed, since a person says that they are free. */
  readonly except: readonly string[]
}

/** Ports that one probe tries at most, all at the same time. */
const mostPorts = 8

/** What the annotation of a pool looks like. */
const probePortsSyntax = `1 to ${mostPorts} ports from 1 to 65535, such as 6443,443`

/** How a pool wants its addresses to be probed; undefined: not at all; `unreadable`: its annotation is not `probePortsSyntax`. */
export function probeOf({ annotations }: Pick<IPPool, 'annotations'>): Probe | 'unreadable' | undefined {
  const text = annotations[probePortsAnnotation]
  if (text === undefined) return undefined
  const ports = commaSeparated(text).map((port) => (/^\d{1,5}$/.test(port) ? Number(port) : 0))
  const isReadable =
    ports.length > 0 && ports.length <= mostPorts && ports.every((port) => port >= 1 && port <= 65_535)
  return isReadable
    ? { ports: [...new Set(ports)], except: commaSeparated(annotations[probeExceptAnnotation]) }
    : 'unreadable'
}

/** Why a pool's annotation cannot be followed; undefined if it can. */
export function whyProbeUnreadable(pool: Pick<IPPool, 'annotations'>): string | undefined {
  return probeOf(pool) === 'unreadable'
    ? `${probePortsAnnotation} is ${quoted(pool.annotations[probePortsAnnotation])}, expected ${probePortsSyntax}`
    : undefined
}

/** What the annotation of a pool lists as free and is no address: it has no effect. */
export function strangeExceptions({ annotations }: Pick<IPPool, 'annotations'>): readonly string[] {
  return commaSeparated(annotations[probeExceptAnnotation]).filter((entry) => !isIPAddress(entry))
}

/** Whether an address has to be probed. */
export function isToBeProbed({ except }: Probe, address: string): boolean {
  return !except.some((each) => canonicalAddress(each) === canonicalAddress(address))
}

/** What a host did at a port. A host that refuses a connection has the address all the same. */
export type ProbeAnswer = 'accepted' | 'refused'

/** The answer of a port, for people: `tcp/6443 accepted a connection`. */
export function describeAnswer(port: number, answer: ProbeAnswer): string {
  return `tcp/${port} ${answer} a connection`
}

/** Addresses of one pool that a Cluster reserves at most since something answered: behind more, there are no hosts. */
const mostAnswered = 8

/**
 * Whether an address at which something answers has to be left alone, since the Cluster has reserved so many of this pool that
 * something must answer for everybody.
 *
 * @param kept the IPAddresses of the Cluster
 */
export function isAnsweredEverywhere(poolRef: IPPoolReference, kept: readonly IPAddress[]): boolean {
  const answered = kept.filter(
    (each) => inUseAnswerOf(each) !== undefined && areSamePool(each.poolRef, poolRef),
  )
  return answered.length >= mostAnswered
}

/** The message of the wait for a person that follows. */
export function describeAnsweredEverywhere(
  poolRef: IPPoolReference,
  address: string,
  answer: string,
): string {
  return `something has answered at ${mostAnswered} addresses of ${formatPool(poolRef)}, and now at ${address} (${answer}): a firewall or proxy may answer for everybody; correct ${probePortsAnnotation} of the pool or remove it, and release the addresses`
}

/** Whether a pool still has an address probed at these ports; a pool that is gone has no say. */
export function isStillProbed(
  pools: readonly IPPool[],
  { poolRef, address, ports }: { poolRef: IPPoolReference; address: string; ports: readonly number[] },
): boolean {
  const pool = findPool(pools, poolRef)
  const probe = pool && probeOf(pool)
  if (probe === undefined || probe === 'unreadable') return pool === undefined
  return String(probe.ports) === String(ports) && isToBeProbed(probe, address)
}
