import { objectOf, type JsonObject } from './decode.ts'
import type { ObjectMeta } from './object-meta.ts'

/** One operation of a JSON patch (RFC 6902), of the kinds this product uses. `add` also replaces what is there. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/** Applied as a whole or not at all. A merge patch would not do: it replaces lists, and drops nulls within them. */
export type JsonPatch = readonly JsonPatchOperation[]

/** The path of a field, from the root of the object. */
export function pathTo(...fields: readonly (string | number)[]): string {
  return fields.map((field) => `/${String(field).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Makes a patch conditional on the object as read: the server answers 409 if it has changed. */
export function conditionalOn({ resourceVersion }: ObjectMeta): JsonPatchOperation {
  return { op: 'replace', path: pathTo('metadata', 'resourceVersion'), value: resourceVersion }
}

/** The object as the API server would patch it. The paths must exist. */
export function appliedTo(object: JsonObject, patch: JsonPatch): JsonObject {
  return patch.reduce<JsonObject>(
    (changed, operation) => objectOf(withChange(changed, fieldsOf(operation.path), operation)),
    object,
  )
}

function fieldsOf(path: string): readonly string[] {
  return path
    .split('/')
    .slice(1)
    .map((field) => field.replaceAll('~1', '/').replaceAll('~0', '~'))
}

function withChange(node: unknown, [field, ...rest]: readonly string[], change: JsonPatchOperation): unknown {
  if (field === undefined) return change.op === 'remove' ? undefined : change.value
  if (Array.isArray(node)) {
    const index = field === '-' ? node.length : Number(field)
    return rest.length === 0 && change.op === 'remove'
      ? node.toSpliced(index, 1)
      : node.toSpliced(index, isInserted(rest, change) ? 0 : 1, withChange(node[index], rest, change))
  }
  const { [field]: present, ...others } = objectOf(node)
  if (rest.length === 0 && change.op === 'remove') return others
  return { ...objectOf(node), [field]: withChange(present, rest, change) }
}

/** `add` at an index of a list inserts an entry. */
function isInserted(rest: readonly string[], { op }: JsonPatchOperation): boolean {
  return rest.length === 0 && op === 'add'
}

/** Sets labels or annotations, or removes those that are undefined. No operation for one that does not change. */
export function metadataOperations(
  object: ObjectMeta,
  field: 'labels' | 'annotations',
  entries: Readonly<Record<string, string | undefined>>,
): JsonPatch {
  const present = object[field]
  const changes = Object.entries(entries).filter(([key, value]) => present[key] !== value)
  if (changes.length > 0 && Object.keys(present).length === 0) {
    return [{ op: 'add', path: pathTo('metadata', field), value: Object.fromEntries(changes) }]
  }
  return changes.map(([key, value]) => {
    const path = pathTo('metadata', field, key)
    return value === undefined ? { op: 'remove', path } : { op: 'add', path, value }
  })
}
