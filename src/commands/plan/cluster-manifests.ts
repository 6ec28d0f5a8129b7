import { readFile } from 'node:fs/promises'
import { text } from 'node:stream/consumers'
import { parseAllDocuments } from 'yaml'
import { ConfigError } from '../../config.ts'
import {
  arrayOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringOf,
  type JsonObject,
} from '../../domain/model/decode.ts'
import { clusterGroup } from '../../domain/names.ts'
import { quoted, messageOf } from '../../domain/quote.ts'
import { resources } from '../../kubernetes/resources.ts'

export interface ClusterManifest {
  readonly object: JsonObject
  /** For example `v1beta1`. */
  readonly version: string
  readonly name: string
  /** Undefined if the manifest names none. */
  readonly namespace: string | undefined
}

/** Reads the Clusters in a file of manifests; `-` is standard input. @throws ConfigError with the file and the fault */
export async function readClusterManifests(file: string): Promise<readonly ClusterManifest[]> {
  const name = file === '-' ? 'standard input' : file
  const content = await contentOf(file, name)
  const objects = parseAllDocuments(content).flatMap((document) => {
    const [error] = document.errors
    if (error !== undefined) throw new ConfigError([`${name} is no YAML: ${error.message.split('\n')[0]}`])
    return itemsOf(document.toJS())
  })
  const clusters = objects.filter(isCluster)
  if (clusters.length === 0) throw new ConfigError([`${name} has no Cluster of ${clusterGroup}`])
  return clusters.map((object) => manifestFrom(object, name))
}

async function contentOf(file: string, name: string): Promise<string> {
  try {
    return file === '-' ? await text(process.stdin) : await readFile(file, 'utf8')
  } catch (error) {
    throw new ConfigError([`${name} cannot be read: ${messageOf(error)}`])
  }
}

function itemsOf(document: unknown): readonly JsonObject[] {
  if (!isObject(document)) return []
  return document['kind'] === 'List' ? arrayOf(document['items']).filter(isObject) : [document]
}

function isCluster({ kind, apiVersion }: JsonObject): boolean {
  return kind === 'Cluster' && stringOf(apiVersion).startsWith(`${clusterGroup}/`)
}

function manifestFrom(object: JsonObject, file: string): ClusterManifest {
  const version = stringOf(object['apiVersion']).replace(`${clusterGroup}/`, '')
  const { name, namespace } = objectOf(object['metadata'])
  const supported: readonly string[] = resources.clusters.versions
  const faults = [
    ...(supported.includes(version)
      ? []
      : [`${file}: a Cluster is of version ${quoted(version)}, expected ${supported.join(' or ')}`]),
    ...(nonEmptyStringOf(name) === undefined
      ? [`${file}: metadata.name of a Cluster is ${quoted(name)}, expected a name`]
      : []),
  ]
  if (faults.length > 0) throw new ConfigError(faults)
  return { object, version, name: stringOf(name), namespace: nonEmptyStringOf(namespace) }
}

/** Merges a manifest into the present object, as a merge patch does: `kubectl apply` has about the same result. */
export function appliedOver(present: JsonObject, manifest: JsonObject): JsonObject {
  const merged = Object.entries(manifest).map(([key, value]): [string, unknown] => {
    const before = present[key]
    return [key, isObject(value) && isObject(before) ? appliedOver(before, value) : value]
  })
  const all = { ...present, ...Object.fromEntries(merged) }
  return Object.fromEntries(Object.entries(all).filter(([, value]) => value !== null))
}
