import { canonicalAddress, isIPAddress } from '../model/address-text.ts'
import { commaSeparated } from '../model/decode.ts'
import type { IPPool } from '../model/pool.ts'
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
