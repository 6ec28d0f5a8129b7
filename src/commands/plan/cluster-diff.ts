import { createTwoFilesPatch } from 'diff'
import { stringify } from 'yaml'
import { objectOf, type JsonObject } from '../../domain/model/decode.ts'
import { appliedTo, type JsonPatch } from '../../domain/model/json-patch.ts'

/** Fields that the API server writes for itself. */
const serversMetadata: readonly string[] = [
  'uid',
  'resourceVersion',
  'generation',
  'creationTimestamp',
  'managedFields',
]

/** Lines around each change. */
const context = 3

/** The changes that a patch makes to an object, as a unified diff of its YAML, without a line break at the end. */
export function diffOf(name: string, object: JsonObject, patch: JsonPatch): string {
  const before = yamlOf(object)
  const after = yamlOf(appliedTo(object, patch))
  const diff = createTwoFilesPatch(name, name, before, after, 'now', 'planned', { context })
  // Skips the line that separates files.
  return diff.slice(diff.indexOf('--- ')).trimEnd()
}

function yamlOf(object: JsonObject): string {
  const { status: _status, metadata, ...rest } = object
  const kept = Object.entries(objectOf(metadata)).filter(([field]) => !serversMetadata.includes(field))
  const { apiVersion, kind, ...others } = rest
  return stringify({ apiVersion, kind, metadata: Object.fromEntries(kept), ...others }, { lineWidth: 0 })
}
