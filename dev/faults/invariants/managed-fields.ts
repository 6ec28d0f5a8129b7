import { arrayOf, isObject, objectOf, stringOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { isOurs } from './names.ts'

/** The fields that one manager owns, as `metadata.managedFields` records them. */
export interface ManagedEntry {
  readonly manager: string
  /** Manager, operation, API version and subresource: the identity of the entry across versions. */
  readonly slot: string
  /** In whole seconds; renewed by each write of the manager that changes a field it owns. */
  readonly time: string
  readonly fields: JsonObject
}

export function managedEntries(object: JsonObject): readonly ManagedEntry[] {
  return arrayOf(objectOf(object['metadata'])['managedFields'])
    .filter(isObject)
    .map((entry) => ({
      manager: stringOf(entry['manager']),
      slot: ['manager', 'operation', 'apiVersion', 'subresource']
        .map((key) => stringOf(entry[key]))
        .join(' '),
      time: stringOf(entry['time']),
      fields: objectOf(entry['fieldsV1']),
    }))
}

/** Entries that own the field, for example `['spec', 'controlPlaneEndpoint', 'host']`. */
export function ownersOf(object: JsonObject, path: readonly string[]): readonly ManagedEntry[] {
  return managedEntries(object).filter(({ fields }) => {
    let at: unknown = fields
    for (const step of path) at = objectOf(at)[`f:${step}`]
    return at !== undefined
  })
}

/** Whether we wrote to the object and still own a field of it. */
export function isWrittenByUs(object: JsonObject): boolean {
  return managedEntries(object).some(({ manager }) => isOurs(manager))
}

/**
 * Describes our writes between two versions of one object. If others take over fields, our entry shrinks and keeps
 * its time. Times have whole seconds, so the value of a field that changed and is still ours shows a second write
 * within the same second: a change by others would have taken the field from us.
 */
export function ourWritesBetween(earlier: JsonObject, later: JsonObject): readonly string[] {
  const before = new Map(ourEntries(earlier).map((entry) => [entry.slot, entry]))
  return ourEntries(later).flatMap((entry) => {
    const last = before.get(entry.slot)
    if (last === undefined) return [...ownedValues(entry.fields, later)].map(describe)
    const known = ownedValues(last.fields, earlier)
    const changed = [...ownedValues(entry.fields, later)].filter(
      ([path, value]) => !known.has(path) || known.get(path) !== value,
    )
    if (changed.length > 0) return changed.map(describe)
    return last.time === entry.time ? [] : [`something at ${entry.time}`]
  })
}

function ourEntries(object: JsonObject): readonly ManagedEntry[] {
  return managedEntries(object).filter(({ manager }) => isOurs(manager))
}

function describe([path, value]: readonly [string, string]): string {
  return `${path} = ${value}`
}

/** The owned fields by path, with their values as JSON. */
function ownedValues(fields: JsonObject, value: unknown, path = ''): ReadonlyMap<string, string> {
  const found = new Map<string, string>()
  const children = Object.entries(fields).filter(([key]) => key !== '.')
  if (children.length === 0 && path !== '') {
    found.set(path, '.' in fields ? 'present' : (JSON.stringify(value) ?? 'absent'))
  }
  for (const [key, below] of children) {
    const child = childOf(key, value)
    for (const [at, text] of ownedValues(objectOf(below), child.value, `${path}/${child.name}`)) {
      found.set(at, text)
    }
  }
  return found
}

/** `f:name` is a field, `k:{…}` the list entry with these keys, `v:…` a value in a set. */
function childOf(key: string, value: unknown): { readonly name: string; readonly value: unknown } {
  const name = key.slice(2)
  if (key.startsWith('f:')) return { name, value: objectOf(value)[name] }
  if (!key.startsWith('k:')) return { name, value: true }
  const keys = Object.entries(objectOf(JSON.parse(name)))
  const entry = arrayOf(value).find((item) => keys.every(([field, is]) => objectOf(item)[field] === is))
  return { name, value: entry }
}
