import type { ObjectMeta } from './object-meta.ts'

/** One operation of a JSON patch (RFC 6902), of the kinds this product uses. `add` also replaces what is there. */
export type JsonPatchOperation =
  | { readonly op: 'add' | 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }

/**
 * A list of operations that is applied whole or not at all. What it does not name stays byte for byte as it is, which a
 * merge patch does not keep: it replaces lists and drops nulls within them.
 */
export type JsonPatch = readonly JsonPatchOperation[]

/** The path of a field, from the root of the object. */
export function pathTo(...fields: readonly (string | number)[]): string {
  return fields.map((field) => `/${String(field).replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** Makes a patch conditional on the object as read: the server answers 409 if it has moved on. */
export function conditionalOn({ resourceVersion }: ObjectMeta): JsonPatchOperation {
  return { op: 'replace', path: pathTo('metadata', 'resourceVersion'), value: resourceVersion }
}

/** Sets an annotation, or removes it (undefined). No operation where it is so already. */
export function annotationOperations(
  { annotations }: ObjectMeta,
  key: string,
  value: string | undefined,
): JsonPatch {
  if (annotations[key] === value) return []
  const path = pathTo('metadata', 'annotations', key)
  if (value === undefined) return [{ op: 'remove', path }]
  return Object.keys(annotations).length === 0
    ? [{ op: 'add', path: pathTo('metadata', 'annotations'), value: { [key]: value } }]
    : [{ op: 'add', path, value }]
}
