import { askedBeginning, askedBeside } from './asked-address.ts'
import { canonicalAddress } from '../model/address-text.ts'
import type { Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf, objectOf } from '../model/decode.ts'
import { formatVariablePath, hostsAt, isGivenEmpty, variableAt } from '../model/variable-path.ts'
import { few, shortened } from '../quote.ts'
import { secondPartOf } from '../role.ts'
import type { VipRole, VipVariable } from './vip-role.ts'

/** What a Cluster gives in one variable of a VIP, from which its machines take it. */
interface GivenValue {
  readonly variable: VipVariable
  /** Both addresses of a pair, or one of them. */
  readonly hosts: readonly string[]
  readonly port: number | undefined
}

interface PresentVip {
  readonly host: string
  readonly port?: number
  /** Of a pair. */
  readonly secondHost?: string
}

/** The port that the variables of a VIP give; undefined if none does. */
export function givenPort(cluster: Cluster, vip: VipRole): number | undefined {
  return givenValues(cluster, vip).find(({ port }) => port !== undefined)?.port
}

/**
 * Why no VIP is assigned to a Cluster without endpoint whose variable has another host already: its machines would use the one,
 * and everybody else the other. Undefined if nothing speaks against it.
 *
 * @param addresses to assign; none is known yet if it is empty
 */
export function whyGivenElsewhere(
  cluster: Cluster,
  vip: VipRole,
  addresses: readonly string[],
): string | undefined {
  if (!vip.isEndpoint) return undefined
  const [other] = givenValues(cluster, vip).flatMap(({ variable, hosts }) =>
    hosts.filter((host) => !isAmong(host, addresses)).map((host) => ({ variable, host })),
  )
  if (other === undefined) return undefined
  const { variable, host } = other
  const name = formatVariablePath(variable.path)
  return `the variable ${name} has ${shortened(host)}, and spec.controlPlaneEndpoint has no host: machines would use the one, and a VIP would be another; set the host of spec.controlPlaneEndpoint to ${shortened(host)}, or empty the variable to have a VIP`
}

/** What of a Cluster disagrees with the VIP that is in place: its variables, and the address that it asks for. */
export function disagreementOf(cluster: Cluster, vip: VipRole, present: PresentVip): string | undefined {
  const { host, secondHost } = present
  const all = [
    otherInVariables(cluster, vip, present),
    askedBeside(cluster, vip.role, host),
    secondHost === undefined ? undefined : askedBeside(cluster, secondPartOf(vip.role), secondHost),
  ]
  return all.filter((each) => each !== undefined).join('; ') || undefined
}

/** What the variables of a VIP that is in place have instead of it; undefined if they have nothing else. */
export function otherInVariables(cluster: Cluster, vip: VipRole, present: PresentVip): string | undefined {
  const own = [present.host, ...(present.secondHost === undefined ? [] : [present.secondHost])]
  const others = givenValues(cluster, vip).flatMap(({ variable, hosts, port }) => {
    const name = formatVariablePath(variable.path)
    const host = hosts.find((each) => !isAmong(each, own))
    if (host !== undefined) return [`${name} has ${shortened(host)}`]
    // A port of 0 is about to be completed.
    if (port !== undefined && port !== (present.port || port)) {
      return [`${name} has port ${port}`]
    }
    return isGivenEmpty(cluster, variable.path) ? [`${name} is empty`] : []
  })
  return others.length === 0 ? undefined : `${beginning}${few(others, 3)}`
}

const beginning = 'but of the variables, from which machines take it, '

/** What a message says of a disagreement. */
export function disagreementIn(message: string): string | undefined {
  const starts = [beginning, askedBeginning].map((words) => message.indexOf(`; ${words}`))
  const found = starts.filter((start) => start !== -1)
  return found.length === 0 ? undefined : message.slice(Math.min(...found) + 2)
}

function givenValues(cluster: Cluster, { variables }: VipRole): readonly GivenValue[] {
  return variables.map((variable) => {
    const { path, receives } = variable
    const value = variableAt(cluster, path)
    return {
      variable,
      hosts: receives === 'vip' ? hostsAt(cluster, path) : [],
      port: portIn(value) ?? (receives === 'port' ? portIn(Number(nonEmptyStringOf(value))) : undefined),
    }
  })
}

/** A number, or the field of an object, which may be text. */
function portIn(value: unknown): number | undefined {
  const { port = value } = objectOf(value)
  const number = typeof port === 'string' && port !== value ? Number(port) : port
  return typeof number === 'number' && Number.isInteger(number) && number > 0 && number < 65_536
    ? number
    : undefined
}

function isAmong(host: string, addresses: readonly string[]): boolean {
  return addresses.some((address) => canonicalAddress(host) === canonicalAddress(address))
}
