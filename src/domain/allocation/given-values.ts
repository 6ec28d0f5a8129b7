import { askedBeginning, askedBeside } from './asked-address.ts'
import { canonicalAddress } from '../model/address-text.ts'
import type { Cluster } from '../model/cluster.ts'
import { nonEmptyStringOf, objectOf } from '../model/decode.ts'
import { formatVariablePath, hostAt, isGivenEmpty, variableAt } from '../model/variable-path.ts'
import { few, shortened } from '../quote.ts'
import type { VipRole, VipVariable } from './vip-role.ts'

/** What a Cluster gives in one variable of a VIP, from which its machines take it. */
interface GivenValue {
  readonly variable: VipVariable
  readonly host: string | undefined
  readonly port: number | undefined
}

interface PresentVip {
  readonly host: string
  readonly port?: number
}

/** The port that the variables of a VIP give; undefined if none does. */
export function givenPort(cluster: Cluster, vip: VipRole): number | undefined {
  return givenValues(cluster, vip).find(({ port }) => port !== undefined)?.port
}

/**
 * Why no VIP is assigned to a Cluster without endpoint whose variable has another host already: its machines would use the one,
 * and everybody else the other. Undefined if nothing speaks against it.
 *
 * @param address to assign; undefined: it is not known yet
 */
export function whyGivenElsewhere(
  cluster: Cluster,
  vip: VipRole,
  address: string | undefined,
): string | undefined {
  if (!vip.isEndpoint) return undefined
  const other = givenValues(cluster, vip).find(({ host }) => host !== undefined && !isSameHost(host, address))
  if (other === undefined) return undefined
  const { variable, host = '' } = other
  const name = formatVariablePath(variable.path)
  return `the variable ${name} has ${shortened(host)}, and spec.controlPlaneEndpoint has no host: machines would use the one, and a VIP would be another; set the host of spec.controlPlaneEndpoint to ${shortened(host)}, or empty the variable to have a VIP`
}

/** What of a Cluster disagrees with the VIP that is in place: its variables, and the address that it asks for. */
export function disagreementOf(cluster: Cluster, vip: VipRole, present: PresentVip): string | undefined {
  const all = [otherInVariables(cluster, vip, present), askedBeside(cluster, vip.role, present.host)]
  return all.filter((each) => each !== undefined).join('; ') || undefined
}

/** What the variables of a VIP that is in place have instead of it; undefined if they have nothing else. */
export function otherInVariables(cluster: Cluster, vip: VipRole, present: PresentVip): string | undefined {
  const others = givenValues(cluster, vip).flatMap(({ variable, host, port }) => {
    const name = formatVariablePath(variable.path)
    if (host !== undefined && !isSameHost(host, present.host)) return [`${name} has ${shortened(host)}`]
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
      host: receives === 'vip' ? hostAt(cluster, path) : undefined,
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

function isSameHost(host: string, other: string | undefined): boolean {
  return other !== undefined && canonicalAddress(host) === canonicalAddress(other)
}
