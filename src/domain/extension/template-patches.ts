import type { APIEndpoint } from '../model/cluster.ts'
import { arrayOf, commaSeparated, isObject, objectOf, stringOf, type JsonObject } from '../model/decode.ts'
import { pathTo, type JsonPatchOperation } from '../model/json-patch.ts'
import { quoted } from '../quote.ts'
import type { HookAnswer } from './hooks.ts'
import type { PatchRequest, TemplateItem } from './hook-request.ts'
import type { RenderedVip } from './rendered-vip.ts'

/** Setting of a patch: text in the control plane template that stands for the VIP. */
export const tokenSetting = 'vipToken'
/** Setting of a patch: where in the control plane template the VIP belongs, as JSON pointers with commas. */
export const pathSetting = 'vipPath'

/** The patch of one template. */
export type TemplatePatch = { readonly uid: string } & (
  | { readonly patchType: 'JSONMergePatch'; readonly patch: JsonObject }
  | { readonly patchType: 'JSONPatch'; readonly patch: readonly JsonPatchOperation[] }
)

export type PatchAnswer = HookAnswer & { readonly patches: readonly TemplatePatch[] }

/** Core refuses a patch of anything else, but for metadata of the template. */
const templateSpec = ['spec', 'template', 'spec'] as const
/** A template that is nested deeper is nobody's. */
const deepest = 100

/** Decides how the templates of a Cluster are patched: all of them, or none and a Failure. */
export function patchAnswerFor(request: PatchRequest, vip: RenderedVip): PatchAnswer {
  switch (vip.state) {
    case 'unwanted':
      return { status: 'Success', patches: [] }
    case 'pending':
      return failure(vip.message)
    case 'assigned':
      return assignedAnswer(request, vip.endpoint, vip.address)
    default:
      return vip satisfies never
  }
}

function assignedAnswer(
  { items, settings }: PatchRequest,
  endpoint: APIEndpoint,
  address: string | undefined,
): PatchAnswer {
  const infrastructure = heldBy(items, 'spec.infrastructureRef')
  if (infrastructure.length === 0) {
    return failure('the request has no item with fieldPath spec.infrastructureRef of a Cluster')
  }
  const patches: TemplatePatch[] = infrastructure.map(({ uid }) => ({
    uid,
    patchType: 'JSONMergePatch',
    patch: { spec: { template: { spec: { controlPlaneEndpoint: { ...endpoint } } } } },
  }))
  const [token, path] = [settings[tokenSetting], settings[pathSetting]]
  if (token === undefined && path === undefined) return { status: 'Success', patches }
  if (address === undefined) {
    return failure(
      `endpoint ${quoted(endpoint.host)} is a name, and the Cluster has no VIP for settings.${token === undefined ? pathSetting : tokenSetting}`,
    )
  }
  for (const item of heldBy(items, 'spec.controlPlaneRef')) {
    const written = [tokenOperations(item, token, address), pathOperations(item, path, address)]
    const fault = written.find((each) => typeof each === 'string')
    if (fault !== undefined) return failure(fault)
    patches.push({ uid: item.uid, patchType: 'JSONPatch', patch: written.flat().filter(isOperation) })
  }
  return { status: 'Success', patches }
}

function heldBy(items: readonly TemplateItem[], fieldPath: string): readonly TemplateItem[] {
  return items.filter((item) => item.holderKind === 'Cluster' && item.fieldPath === fieldPath)
}

/** Replaces the token wherever a text of the template has it; a message if none has. */
function tokenOperations(
  { object }: TemplateItem,
  token: string | undefined,
  address: string,
): readonly JsonPatchOperation[] | string {
  if (token === undefined) return []
  if (token === '') return `settings.${tokenSetting} is "", expected a text of ${describe(object)}`
  const spec = templateSpec.reduce<unknown>((at, field) => objectOf(at)[field], object)
  const found = textsWith(token, spec, templateSpec)
  if (found.length === 0) {
    return `settings.${tokenSetting} is ${quoted(token)}, expected a text that spec.template.spec of ${describe(object)} contains`
  }
  return found.map(({ fields, text }) => ({
    op: 'replace',
    path: pathTo(...fields),
    value: text.replaceAll(token, () => address),
  }))
}

interface FoundText {
  readonly fields: readonly (string | number)[]
  readonly text: string
}

function textsWith(token: string, value: unknown, fields: FoundText['fields']): readonly FoundText[] {
  if (typeof value === 'string') return value.includes(token) ? [{ fields, text: value }] : []
  if (fields.length > deepest) return []
  if (Array.isArray(value)) {
    return arrayOf(value).flatMap((entry, index) => textsWith(token, entry, [...fields, index]))
  }
  return isObject(value)
    ? Object.entries(value).flatMap(([field, entry]) => textsWith(token, entry, [...fields, field]))
    : []
}

/** Sets the VIP at each of the paths; a message if one does not fit the template. */
function pathOperations(
  { object }: TemplateItem,
  paths: string | undefined,
  address: string,
): readonly JsonPatchOperation[] | string {
  const pointers = commaSeparated(paths)
  const root = `${pathTo(...templateSpec)}/`
  const outside = pointers.find((pointer) => !pointer.startsWith(root))
  if (outside !== undefined || (paths !== undefined && pointers.length === 0)) {
    return `settings.${pathSetting} is ${quoted(paths)}, expected JSON pointers that begin with ${root}`
  }
  const misfit = pointers.find((pointer) => !hasParent(object, pointer))
  if (misfit !== undefined) {
    return `settings.${pathSetting} is ${quoted(misfit)}, expected a field of an object or list that ${describe(object)} has`
  }
  return pointers.map((path) => ({ op: 'add', path, value: address }))
}

function hasParent(object: JsonObject, pointer: string): boolean {
  const [last = '', ...parents] = pointer
    .split('/')
    .slice(1)
    .map((field) => field.replaceAll('~1', '/').replaceAll('~0', '~'))
    .toReversed()
  const parent = parents
    .toReversed()
    .reduce<unknown>(
      (at, field) => (Array.isArray(at) ? arrayOf(at)[Number(field)] : objectOf(at)[field]),
      object,
    )
  if (Array.isArray(parent)) return last === '-' || (/^\d+$/.test(last) && Number(last) <= parent.length)
  return isObject(parent) && last !== ''
}

function isOperation(operation: JsonPatchOperation | string): operation is JsonPatchOperation {
  return typeof operation !== 'string'
}

function describe(object: JsonObject): string {
  const name = stringOf(objectOf(object['metadata'])['name'])
  return `${stringOf(object['kind']) || 'the control plane template'}${name === '' ? '' : ` ${name}`}`
}

function failure(message: string): PatchAnswer {
  return { status: 'Failure', message, patches: [] }
}
