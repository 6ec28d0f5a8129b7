import type { Cluster } from './cluster.ts'
import { arrayOf, commaSeparated, objectOf, type JsonObject } from './decode.ts'

/** A variable of a ClusterClass, or a field in its value. */
export interface VariablePath {
  readonly name: string
  readonly fields: readonly string[]
}

/** Reads a comma-separated list of `name` and `name.field.field`. */
export function variablePathsIn(list: string | undefined): readonly VariablePath[] {
  return commaSeparated(list).map((path) => {
    const [name = '', ...fields] = path.split('.')
    return { name, fields }
  })
}

export function formatVariablePath({ name, fields }: VariablePath): string {
  return [name, ...fields].join('.')
}

/** The value that the Cluster gives at the path. Absent, `""` and null count as unset. */
export function variableAt(cluster: Cluster, { name, fields }: VariablePath): unknown {
  return valueAt(variableOf(cluster, name), fields)
}

/** Every host that the Cluster gives at the path: also those of a list, or of the field `addresses` of an object. */
export function hostsAt(cluster: Cluster, path: VariablePath): readonly string[] {
  const value = variableAt(cluster, path)
  const { host, addresses } = objectOf(value)
  return [...textsIn(value), ...textsIn(host), ...textsIn(addresses)]
}

/** A text, with entries between commas, or the texts of a list. */
function textsIn(value: unknown): readonly string[] {
  if (typeof value === 'string') return commaSeparated(value)
  return arrayOf(value).flatMap((entry) => (typeof entry === 'string' ? commaSeparated(entry) : []))
}

/** Whether the Cluster gives an empty value at the path: text, the host of an object, or a port of 0. */
export function isGivenEmpty(cluster: Cluster, { name, fields }: VariablePath): boolean {
  const whole = cluster.topology?.variables.find((variable) => variable['name'] === name)?.['value']
  const value = fields.reduce<unknown>((at, field) => objectOf(at)[field], whole)
  return isEmpty(value) || isEmpty(objectOf(value)['host'])
}

function isEmpty(given: unknown): boolean {
  return given === '' || given === 0 || given === null || (Array.isArray(given) && given.length === 0)
}

/** The whole value of a topology variable; undefined if it is unset. */
export function variableOf(cluster: Cluster, name: string): unknown {
  return unlessUnset(cluster.topology?.variables.find((variable) => variable['name'] === name)?.['value'])
}

export function valueAt(value: unknown, fields: readonly string[]): unknown {
  return unlessUnset(fields.reduce<unknown>((at, field) => objectOf(at)[field], value))
}

/** The value with another one at the path; everything beside it stays. */
export function withValueAt(value: unknown, [field, ...rest]: readonly string[], leaf: unknown): unknown {
  if (field === undefined) return leaf
  const object: JsonObject = objectOf(value)
  return { ...object, [field]: withValueAt(object[field], rest, leaf) }
}

function unlessUnset(value: unknown): unknown {
  return value === '' || value === null ? undefined : value
}
