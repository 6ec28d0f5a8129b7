import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import type { KubernetesApi, KubernetesObject } from '../../../dev/stack/kubernetes-api.ts'
import { eventually } from '../../support/eventually.ts'

/** A part of an OpenAPI document, version 2. */
type Schema = { readonly [key: string]: unknown }

interface GroupVersionKind {
  readonly group: string
  readonly version: string
  readonly kind: string
}

/** The file that `schemaFileNames` names for a kind. */
export const schemaFileNames = '{{ .ResourceKind }}{{ .KindSuffix }}.json'

/**
 * Writes the API server's JSON schema for every kind of the objects, as kubeconform reads them: strict, so that a misspelt
 * field is refused. The server publishes CustomResourceDefinitions a moment after it serves them.
 */
export async function writeSchemas(
  api: KubernetesApi,
  directory: string,
  objects: readonly KubernetesObject[],
): Promise<void> {
  const wanted = new Set(objects.map(({ apiVersion, kind }) => `${apiVersion} ${kind}`))
  await eventually('schemas of all kinds', async () => {
    const { definitions } = await api.send<{ definitions: Record<string, Schema> }>({
      method: 'GET',
      path: '/openapi/v2',
    })
    const found = Object.entries(definitions).flatMap(([name, definition]) =>
      kindsOf(definition)
        .filter(({ group, version, kind }) =>
          wanted.has(`${group === '' ? '' : `${group}/`}${version} ${kind}`),
        )
        .map((kind) => ({ name, fileName: fileNameOf(kind) })),
    )
    if (found.length < wanted.size) return undefined
    for (const { name, fileName } of found) {
      const schema = { $ref: `#/definitions/${name}`, definitions: reachable(name, definitions) }
      writeFileSync(join(directory, fileName), JSON.stringify(schema))
    }
    return found
  })
}

function kindsOf(definition: Schema): readonly GroupVersionKind[] {
  const kinds = definition['x-kubernetes-group-version-kind']
  // Options of requests belong to every group.
  return Array.isArray(kinds) && kinds.length === 1 ? (kinds as GroupVersionKind[]) : []
}

function fileNameOf({ group, version, kind }: GroupVersionKind): string {
  const [first = ''] = group.split('.')
  return `${[kind, ...(first === '' ? [] : [first]), version].join('-').toLowerCase()}.json`
}

/** A definition with all that it refers to. */
function reachable(
  name: string,
  definitions: Readonly<Record<string, Schema>>,
): Readonly<Record<string, Schema>> {
  const found: Record<string, Schema> = {}
  const visit = (each: string): void => {
    const definition = definitions[each]
    if (definition === undefined || each in found) return
    found[each] = strict(definition) as Schema
    const references = JSON.stringify(definition).matchAll(/"#\/definitions\/([^"]+)"/g)
    for (const [, reference = ''] of references) visit(reference)
  }
  visit(name)
  return found
}

/** As JSON schema: OpenAPI has types of its own, and allows unknown fields. */
function strict(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(strict)
  if (typeof value !== 'object' || value === null) return value
  const schema = value as Schema
  const isIntOrString = schema['format'] === 'int-or-string' || schema['x-kubernetes-int-or-string'] === true
  if (isIntOrString) return { type: ['integer', 'string'] }
  const open = schema['x-kubernetes-preserve-unknown-fields'] === true
  const entries = Object.entries(schema).map(([key, each]) => [key, strict(each)] as const)
  const closed = 'properties' in schema && !('additionalProperties' in schema) && !open
  // A property may be called `properties` as well, and then is a schema.
  return {
    ...Object.fromEntries(entries),
    ...(closed && isSchema(schema) && { additionalProperties: false }),
  }
}

function isSchema(schema: Schema): boolean {
  return schema['type'] === 'object'
}
