import { canonicalAddress, familyOfAddress } from '../model/address-text.ts'
import { readsVariable, type ClusterClass } from '../model/cluster-class.ts'
import type { Cluster } from '../model/cluster.ts'
import {
  arrayOf,
  commaSeparated,
  integerOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringOf,
  type JsonObject,
} from '../model/decode.ts'
import { formatKey } from '../model/object-meta.ts'
import { formatVariablePath, isGivenEmpty, valueAt, variableOf, withValueAt } from '../model/variable-path.ts'
import { defaultApiServerPort } from '../names.ts'
import { roleSpecs, type Role } from '../role.ts'
import { givenPort } from './given-values.ts'
import { addressIn, isBesideName, secondOf, type VipRole, type VipVariable } from './vip-role.ts'

/** What variables receive. Only a control plane has a port. */
interface VipValue {
  readonly host: string
  readonly port: number | undefined
  /** Of a pair. */
  readonly secondHost: string | undefined
}

/** The VIP to assign; without `address`, the one that is in place. */
export interface VipToAssign {
  readonly address: string | undefined
  /** Of a pair. */
  readonly secondAddress?: string | undefined
}

/** What to do about one variable that receives a VIP. */
export type VariableVerdict = { readonly variable: VipVariable; readonly because: string } & (
  | { readonly verdict: 'write'; readonly value: unknown }
  /** It has a value, or the class does not have the variable, or nothing may be written to it. */
  | { readonly verdict: 'keep' }
  /** The Cluster's templates need it, and it cannot be written as the class is now. */
  | { readonly verdict: 'wait' }
)

/** The verdict on each variable, and the values to write, by the names of the variables. */
export interface VariableDecision {
  readonly verdicts: readonly VariableVerdict[]
  readonly writes: ReadonlyMap<string, unknown>
}

/**
 * Decides what to write to the variables of a VIP. A value that is set stays. The spec of a Cluster that has its VIP and its
 * objects changes only where we wrote before, so an upgrade of this program, or of the class, rolls out nothing. Until there
 * are machines, a value that was given empty is filled as well: the objects were rendered without a host.
 *
 * @param clusterClass of the Cluster; undefined also if it does not exist
 */
export function decideVariables(
  cluster: Cluster,
  vip: VipRole,
  clusterClass: ClusterClass | undefined,
  { address, secondAddress }: VipToAssign,
  defaultPort: number,
): VariableDecision {
  const known = cluster.topology && clusterClass
  const isNew = isNewVip(cluster, vip, address)
  const value = {
    host: address ?? addressIn(cluster, vip),
    port: roleSpecs[vip.role].isEndpoint
      ? endpointPortOf(cluster, vip, clusterClass, defaultPort)
      : undefined,
    secondHost: secondAddress ?? presentSecond(cluster, vip),
  }
  const written = writtenVariables(cluster, vip.role)
  const writes = new Map<string, unknown>()
  const verdicts = vip.variables.map((variable): VariableVerdict => {
    const { name } = variable.path
    if (known === undefined) return { variable, verdict: 'keep', because: whyNoClass(cluster) }
    const isOurs = written.includes(name)
    // Two paths may lead into one variable.
    const given = writes.has(name) ? writes.get(name) : variableOf(cluster, name)
    const present = isOurs ? withoutName(given, variable, cluster, vip) : given
    const verdict = verdictOn(variable, present, known, value)
    if (verdict.verdict !== 'write') return verdict
    const because = isNew || isOurs ? undefined : whyNotLate(cluster, variable)
    if (because !== undefined) return { variable, verdict: 'keep', because }
    writes.set(name, verdict.value)
    return verdict
  })
  return { verdicts, writes }
}

/**
 * The port of a Cluster's endpoint: the one it has; else the one that its variables give, which machines use; else that of its
 * API server; else the default of the class, which Cluster API applies to an object without port.
 */
export function endpointPortOf(
  cluster: Cluster,
  vip: VipRole,
  clusterClass: ClusterClass | undefined,
  defaultPort: number,
): number {
  const { controlPlaneEndpoint, apiServerPort } = cluster
  if (controlPlaneEndpoint.port > 0) return controlPlaneEndpoint.port
  const ofClass = (): number | undefined =>
    vip.variables
      .map(({ path: { name, fields } }) => {
        const accepted = clusterClass?.acceptedVariables.find((each) => each.name === name)
        const schema = accepted && schemaAt(accepted.schema, fields)
        return integerOf((schema && schemaOfField(schema, 'port'))?.['default'] ?? schema?.['default'])
      })
      .find((port) => port !== undefined && port > 0)
  return givenPort(cluster, vip) ?? apiServerPort ?? ofClass() ?? defaultPort
}

/** The Cluster with these values in its variables. */
export function withVariables(cluster: Cluster, values: ReadonlyMap<string, unknown>): Cluster {
  const { topology } = cluster
  if (topology === undefined || values.size === 0) return cluster
  const others = topology.variables.filter(({ name }) => !values.has(String(name)))
  const written = [...values].map(([name, value]) => ({ name, value }))
  return { ...cluster, topology: { ...topology, variables: [...others, ...written] } }
}

function presentSecond(cluster: Cluster, vip: VipRole): string | undefined {
  const second = secondOf(vip)
  return second && nonEmptyStringOf(addressIn(cluster, second))
}

/** Whether the address to assign is another one than the VIP in place, which nothing uses then. */
export function isNewVip(cluster: Cluster, vip: VipRole, address: string | undefined): boolean {
  const present = addressIn(cluster, vip)
  return present === '' || (address !== undefined && canonicalAddress(address) !== canonicalAddress(present))
}

/** Why a variable is not written any more to a Cluster that has its VIP; undefined if it is. */
function whyNotLate(cluster: Cluster, { path }: VipVariable): string | undefined {
  if (!cluster.isRendered) return undefined
  if (!isGivenEmpty(cluster, path)) return 'the Cluster was rendered without it'
  return cluster.isAwaitingInfrastructure
    ? undefined
    : 'it is empty, and stays so, since the Cluster may have machines that were made with it'
}

/**
 * The value without the DNS name of the endpoint, which we wrote before the Cluster asked for a VIP. It stays where there may
 * be machines that use it.
 */
function withoutName(value: unknown, { path }: VipVariable, cluster: Cluster, vip: VipRole): unknown {
  if (!isBesideName(vip) || (cluster.isRendered && !cluster.isAwaitingInfrastructure)) return value
  const isName = (text: unknown): boolean => text === cluster.controlPlaneEndpoint.host
  const leaf = valueAt(value, path.fields)
  if (isName(leaf)) return path.fields.length === 0 ? undefined : withValueAt(value, path.fields, '')
  return isName(objectOf(leaf)['host']) ? withValueAt(value, [...path.fields, 'host'], '') : value
}

/** Whether a variable lacks the VIP that is in place. */
export function lacksVariables(
  cluster: Cluster,
  vip: VipRole,
  clusterClass: ClusterClass | undefined,
): boolean {
  return (
    decideVariables(cluster, vip, clusterClass, { address: undefined }, defaultApiServerPort).writes.size > 0
  )
}

/** The variables to which we wrote, as our annotation records them. */
export function writtenVariables(cluster: Cluster, role: Role): readonly string[] {
  return commaSeparated(cluster.annotations[roleSpecs[role].writtenVariablesAnnotation])
}

function whyNoClass({ topology }: Cluster): string {
  return topology === undefined
    ? 'the Cluster has no spec.topology'
    : `ClusterClass ${formatKey(topology.clusterClass)} does not exist`
}

/** @param present the whole value of the variable */
function verdictOn(
  variable: VipVariable,
  present: unknown,
  clusterClass: ClusterClass,
  value: VipValue,
): VariableVerdict {
  const { name, fields } = variable.path
  const key = `ClusterClass ${formatKey(clusterClass)}`
  const accepted = clusterClass.acceptedVariables.find((each) => each.name === name)
  if (accepted === undefined) {
    if (present !== undefined) return keepSet(variable)
    if (clusterClass.declaredVariables.includes(name)) {
      const because = `${key} declares the variable ${name}, but its status.variables has none of this name yet; Cluster API would refuse it`
      return { variable, verdict: 'wait', because }
    }
    return variable.annotation === undefined
      ? { variable, verdict: 'keep', because: `${key} does not have it` }
      : { variable, verdict: 'wait', because: `${named(variable, key)}, which it does not have` }
  }
  const schema = schemaAt(accepted.schema, fields)
  const leaf = leafFor(schema, valueAt(present, fields), variable.receives, value)
  switch (leaf.decision) {
    case 'write': {
      const whole = withValueAt(present, fields, leaf.value)
      return { variable, verdict: 'write', value: whole, because: `${key} has it` }
    }
    case 'keep':
      return keepSet(variable)
    case 'unsuitable': {
      const isNeeded = variable.annotation !== undefined || readsVariable(clusterClass, name)
      const because = `${named(variable, key)}, which is ${leaf.is}; expected ${leaf.expected}`
      return { variable, verdict: isNeeded ? 'wait' : 'keep', because }
    }
    default:
      return leaf satisfies never
  }
}

function keepSet(variable: VipVariable): VariableVerdict {
  return { variable, verdict: 'keep', because: 'the Cluster has a value for it' }
}

/** @param key of the class */
function named({ annotation, path }: VipVariable, key: string): string {
  const name = formatVariablePath(path)
  return annotation === undefined
    ? `${key} has the variable ${name}`
    : `annotation ${annotation} of ${key} names the variable ${name}`
}

/** The schema of a field; undefined if the schema has no such field. */
function schemaAt(schema: JsonObject, fields: readonly string[]): JsonObject | undefined {
  return fields.reduce<JsonObject | undefined>((at, field) => at && schemaOfField(at, field), schema)
}

function schemaOfField(schema: JsonObject, field: string): JsonObject | undefined {
  const properties = objectOf(schema['properties'])
  if (Object.hasOwn(properties, field)) return objectOf(properties[field])
  const { additionalProperties } = schema
  if (isObject(additionalProperties)) return additionalProperties
  return schema['x-kubernetes-preserve-unknown-fields'] === true ? {} : undefined
}

type LeafDecision =
  | { readonly decision: 'write'; readonly value: unknown }
  | { readonly decision: 'keep' }
  | { readonly decision: 'unsuitable'; readonly is: string; readonly expected: string }

/** @param present the value at the path. @param schema undefined if the class has no such field */
function leafFor(
  schema: JsonObject | undefined,
  present: unknown,
  receives: VipVariable['receives'],
  vip: VipValue,
): LeafDecision {
  const { port } = vip
  const type = typeOf(schema)
  if (type === 'object' && receives === 'vip') return objectFor(schema ?? {}, present, vip)
  if (type === 'array' && receives === 'vip') return listFor(schema ?? {}, present, vip)
  // 0 is how Cluster API writes a port that is not set.
  if (present !== undefined && present !== 0) return { decision: 'keep' }
  const isText = type === 'string' || type === 'any'
  if (receives === 'vip' && isText) return { decision: 'write', value: hostFitting(schema, vip) }
  if (isNumeric(type) || (receives === 'port' && isText)) {
    if (port === undefined) return unsuitable(type, 'a string: this VIP has no port')
    return { decision: 'write', value: type === 'string' ? String(port) : port }
  }
  return unsuitable(
    type,
    receives === 'port'
      ? 'an integer or a string for the port'
      : 'a string for the VIP, an integer for its port, a list of strings for its addresses, or an object with the field host',
  )
}

/** The address of a pair that a text takes: that of its format, `ipv4` or `ipv6`; else the first one, as an endpoint has it. */
function hostFitting(schema: JsonObject | undefined, { host, secondHost }: VipValue): string {
  const format = stringOf(schema?.['format']).toLowerCase()
  const isOfFormat = (address: string): boolean => familyOfAddress(address)?.toLowerCase() === format
  return secondHost !== undefined && !isOfFormat(host) && isOfFormat(secondHost) ? secondHost : host
}

function addressesOf({ host, secondHost }: VipValue): readonly string[] {
  return secondHost === undefined ? [host] : [host, secondHost]
}

/** All addresses, or as many as the list takes. */
function listFor(schema: JsonObject, present: unknown, vip: VipValue): LeafDecision {
  const items = objectOf(schema['items'])
  if (!['string', 'any'].includes(typeOf(items))) {
    return unsuitable('a list whose items are no strings', 'a list of strings for the addresses of the VIP')
  }
  if (arrayOf(present).length > 0) return { decision: 'keep' }
  return { decision: 'write', value: addressesOf(vip).slice(0, integerOf(schema['maxItems']) ?? 2) }
}

/** For the field `addresses` of an object: a list, or a text with a comma, as kube-vip takes it. Undefined: it has no such field. */
function addressesField(schema: JsonObject, present: unknown, vip: VipValue): unknown {
  const properties = objectOf(schema['properties'])
  if (!Object.hasOwn(properties, 'addresses')) return undefined
  const field = objectOf(properties['addresses'])
  if (typeOf(field) === 'array') {
    const list = listFor(field, present, vip)
    return list.decision === 'write' ? list.value : undefined
  }
  if (!['string', 'any'].includes(typeOf(field)) || nonEmptyStringOf(present) !== undefined) return undefined
  return addressesOf(vip).join(',')
}

/** Fills in host, port and addresses, beside everything else that is there. A host of somebody else stays, with its port. */
function objectFor(schema: JsonObject, present: unknown, vip: VipValue): LeafDecision {
  const { host, port } = vip
  const hostSchema = schemaOfField(schema, 'host')
  if (!['string', 'any'].includes(typeOf(hostSchema))) {
    return unsuitable(
      `an object ${hostSchema === undefined ? 'without the field host' : 'whose host is no string'}`,
      'a field host of type string',
    )
  }
  const before = objectOf(present)
  const given = nonEmptyStringOf(before['host'])
  if (given !== undefined && canonicalAddress(given) !== canonicalAddress(host)) return { decision: 'keep' }
  const portSchema = schemaOfField(schema, 'port')
  const takesPort = portSchema !== undefined && !before['port']
  const portLeaf = takesPort ? leafFor(portSchema, undefined, 'port', { ...vip, port }) : undefined
  const addresses = addressesField(schema, before['addresses'], vip)
  const fields = {
    ...(portLeaf?.decision === 'write' && { port: portLeaf.value }),
    ...(addresses !== undefined && { addresses }),
  }
  if (given !== undefined && Object.keys(fields).length === 0) return { decision: 'keep' }
  return { decision: 'write', value: { ...before, host: given ?? host, ...fields } }
}

/** Of an OpenAPI schema; `any` if it leaves the type open. */
function typeOf(schema: JsonObject | undefined): string {
  if (schema === undefined) return 'absent'
  return nonEmptyStringOf(schema['type']) ?? 'any'
}

function isNumeric(type: string): boolean {
  return type === 'integer' || type === 'number'
}

function unsuitable(type: string, expected: string): LeafDecision {
  const is = /^an? /.test(type) ? type : type === 'absent' ? 'not in its schema' : `of type ${type}`
  return { decision: 'unsuitable', is, expected }
}
