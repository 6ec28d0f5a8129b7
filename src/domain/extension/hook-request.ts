import type { ClusterIdentity } from '../model/claim.ts'
import { clusterFrom, type Cluster } from '../model/cluster.ts'
import {
  arrayOf,
  isObject,
  nonEmptyStringOf,
  objectOf,
  stringMapOf,
  stringOf,
  type JsonObject,
} from '../model/decode.ts'
import { quoted } from '../quote.ts'
import { hooksApiVersion, requestKindOf, type HandlerName } from './hooks.ts'

/** A request of GeneratePatches. */
export interface PatchRequest {
  readonly cluster: ClusterIdentity
  /** Of the ExtensionConfig, overridden by those of the class's patch. */
  readonly settings: Readonly<Record<string, string>>
  readonly items: readonly TemplateItem[]
}

/** A template that is about to be rendered, and what it is for. */
export interface TemplateItem {
  /** Of the request, not of the template. */
  readonly uid: string
  /** Kind of the object that refers to the template, and the field by which it does. */
  readonly holderKind: string
  readonly fieldPath: string
  readonly object: JsonObject
}

/** A request, or what is wrong with it. */
export type Reading<T> = { readonly request: T } | { readonly fault: string }

/** Reads the body of a GeneratePatches request. */
export function readPatchRequest(body: unknown): Reading<PatchRequest> {
  const fault = faultOfKind('patch', body)
  if (fault !== undefined) return { fault }
  const { variables, settings, items } = objectOf(body)
  const builtin = arrayOf(variables).find((variable) => objectOf(variable)['name'] === 'builtin')
  const { namespace, name, uid } = objectOf(objectOf(objectOf(builtin)['value'])['cluster'])
  const cluster = { namespace: stringOf(namespace), name: stringOf(name), uid: stringOf(uid) }
  const misnamed = faultOfIdentity(
    cluster,
    'the request has no variable builtin with cluster.namespace, cluster.name and cluster.uid',
  )
  if (misnamed !== undefined) return { fault: misnamed }
  return {
    request: {
      cluster,
      settings: stringMapOf(settings),
      items: arrayOf(items).filter(isObject).map(itemFrom),
    },
  }
}

/** Reads the body of a BeforeClusterCreate request. */
export function readGateRequest(body: unknown): Reading<Cluster> {
  const fault = faultOfKind('gate', body)
  if (fault !== undefined) return { fault }
  const cluster = clusterFrom(objectOf(body)['cluster'])
  const misnamed = faultOfIdentity(cluster, 'the request has no cluster with namespace, name and uid')
  return misnamed === undefined ? { request: cluster } : { fault: misnamed }
}

/** A name of any object of Kubernetes. It becomes part of a path and of an answer, and anybody can send one. */
const objectName = /^[a-z0-9]([-.a-z0-9]{0,251}[a-z0-9])?$/
const anyUid = /^[-.\w]{1,128}$/

function faultOfIdentity(
  { namespace, name, uid }: Pick<Cluster, 'namespace' | 'name' | 'uid'>,
  ifMissing: string,
): string | undefined {
  if (namespace === '' || name === '' || uid === '') return ifMissing
  if (objectName.test(namespace) && objectName.test(name) && anyUid.test(uid)) return undefined
  return `the request has namespace ${quoted(namespace)}, name ${quoted(name)} and uid ${quoted(uid)}, expected those of a Cluster`
}

function faultOfKind(handler: HandlerName, body: unknown): string | undefined {
  const { apiVersion, kind } = objectOf(body)
  const expected = requestKindOf(handler)
  if (apiVersion === hooksApiVersion && kind === expected) return undefined
  return `the request has apiVersion ${quoted(apiVersion)} and kind ${quoted(kind)}, expected ${hooksApiVersion} and ${expected}`
}

function itemFrom({ uid, holderReference, object }: JsonObject): TemplateItem {
  const { kind, fieldPath } = objectOf(holderReference)
  return {
    uid: stringOf(uid),
    holderKind: nonEmptyStringOf(kind) ?? '',
    fieldPath: nonEmptyStringOf(fieldPath) ?? '',
    object: objectOf(object),
  }
}
