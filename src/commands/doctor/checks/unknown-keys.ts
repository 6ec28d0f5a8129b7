import { familiesAnnotations } from '../../../domain/allocation/ip-families.ts'
import type { ObjectMeta } from '../../../domain/model/object-meta.ts'
import {
  clusterClassKey,
  duplicateAddressesAnnotation,
  namespacesAnnotation,
  namespaceSelectorAnnotation,
  networkAnnotation,
  ownPrefix,
  priorityAnnotation,
  probeExceptAnnotation,
  probePortsAnnotation,
  reserveEndpointAnnotation,
  retainAnnotation,
  queuePriorityAnnotation,
  roleKey,
} from '../../../domain/names.ts'
import { quoted } from '../../../domain/quote.ts'
import { enabledAnnotations, roles, roleSpecs, variableAnnotations } from '../../../domain/role.ts'
import { editDistance, nearest } from './edit-distance.ts'

/** Our own keys that the allocator reads from, or writes to, a kind of object. */
export interface OwnKeys {
  readonly labels: readonly string[]
  readonly annotations: readonly string[]
}

export const poolKeys: OwnKeys = {
  labels: [clusterClassKey, roleKey],
  annotations: [
    clusterClassKey,
    roleKey,
    priorityAnnotation,
    namespacesAnnotation,
    namespaceSelectorAnnotation,
    networkAnnotation,
    retainAnnotation,
    probePortsAnnotation,
    probeExceptAnnotation,
  ],
}

export const clusterKeys: OwnKeys = {
  labels: roles.flatMap((role) => (roleSpecs[role].isLabeled ? [roleSpecs[role].vipAnnotation] : [])),
  annotations: [
    ...enabledAnnotations,
    ...familiesAnnotations,
    ...roles.flatMap((role) => [
      roleSpecs[role].poolAnnotation,
      roleSpecs[role].addressAnnotation,
      roleSpecs[role].vipAnnotation,
      roleSpecs[role].claimAnnotation,
      roleSpecs[role].networkAnnotation,
      roleSpecs[role].writtenVariablesAnnotation,
    ]),
    duplicateAddressesAnnotation,
    reserveEndpointAnnotation,
    queuePriorityAnnotation,
  ],
}

export const clusterClassKeys: OwnKeys = {
  labels: [],
  annotations: [...enabledAnnotations, ...variableAnnotations, ...familiesAnnotations],
}

/** Describes the labels and annotations of an object that look like ours and are not. */
export function strangeKeys({ labels, annotations }: ObjectMeta, own: OwnKeys): readonly string[] {
  return [
    ...strangeIn(Object.keys(labels), 'label', own.labels, own.annotations),
    ...strangeIn(Object.keys(annotations), 'annotation', own.annotations, own.labels),
  ]
}

function strangeIn(
  keys: readonly string[],
  what: 'label' | 'annotation',
  own: readonly string[],
  elsewhere: readonly string[],
): readonly string[] {
  const other = what === 'label' ? 'annotation' : 'label'
  return keys
    .filter((key) => looksLikeOurs(key) && !own.includes(key))
    .map((key) =>
      elsewhere.includes(key)
        ? `${what} ${quoted(key)} is read as ${other} only`
        : `unknown ${what} ${quoted(key)}${meantBy(key, [...own, ...elsewhere])}`,
    )
}

/** Compares names only, the part after the slash: all our keys share one prefix. */
function meantBy(key: string, own: readonly string[]): string {
  const meant = nearest(nameIn(key), own.map(nameIn))
  return meant === undefined ? '' : `; did you mean ${quoted(`${ownPrefix}/${meant}`)}?`
}

function nameIn(key: string): string {
  return key.slice(key.indexOf('/') + 1)
}

/** A prefix that differs from ours by at most this many letters is a typing error. */
const slips = 3

function looksLikeOurs(key: string): boolean {
  const [prefix = '', name] = key.split('/')
  return name !== undefined && editDistance(prefix, ownPrefix) <= slips
}
