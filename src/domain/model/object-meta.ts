import { pausedAnnotation } from '../names.ts'
import { arrayOf, integerOf, isObject, nonEmptyStringOf, objectOf, stringMapOf, stringOf } from './decode.ts'

export interface NamespacedName {
  /** Empty for a cluster-scoped object. */
  readonly namespace: string
  readonly name: string
}

/** The part of Kubernetes' ObjectMeta that decisions read. */
export interface ObjectMeta extends NamespacedName {
  readonly uid: string
  readonly resourceVersion: string
  /** Grows with every change of the spec. */
  readonly generation: number
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly ownerReferences: readonly OwnerReference[]
  /** RFC 3339, as the API server wrote it. */
  readonly creationTimestamp: string
  /** Whether a deletionTimestamp is set. */
  readonly isDeleting: boolean
  /** RFC 3339. */
  readonly deletionTimestamp: string | undefined
  readonly finalizers: readonly string[]
}

export interface OwnerReference {
  readonly apiVersion: string
  readonly kind: string
  readonly name: string
  readonly uid: string
}

/** Reads the metadata of any Kubernetes object. Absent strings read as `""`. */
export function objectMetaFrom(object: unknown): ObjectMeta {
  const metadata = objectOf(objectOf(object)['metadata'])
  const deletionTimestamp = nonEmptyStringOf(metadata['deletionTimestamp'])
  return {
    namespace: stringOf(metadata['namespace']),
    name: stringOf(metadata['name']),
    uid: stringOf(metadata['uid']),
    resourceVersion: stringOf(metadata['resourceVersion']),
    generation: integerOf(metadata['generation']) ?? 0,
    labels: stringMapOf(metadata['labels']),
    annotations: stringMapOf(metadata['annotations']),
    ownerReferences: arrayOf(metadata['ownerReferences']).filter(isObject).map(ownerReferenceFrom),
    creationTimestamp: stringOf(metadata['creationTimestamp']),
    isDeleting: deletionTimestamp !== undefined,
    deletionTimestamp,
    finalizers: arrayOf(metadata['finalizers']).filter((entry) => typeof entry === 'string'),
  }
}

/** Objects by `namespace/name`. */
export function byKey<T extends NamespacedName>(objects: readonly T[]): ReadonlyMap<string, T> {
  return new Map(objects.map((object) => [formatKey(object), object]))
}

/** Cluster API pauses an object by annotation, whatever the value. */
export function hasPausedAnnotation(meta: ObjectMeta): boolean {
  return pausedAnnotation in meta.annotations
}

function ownerReferenceFrom(reference: Readonly<Record<string, unknown>>): OwnerReference {
  return {
    apiVersion: stringOf(reference['apiVersion']),
    kind: stringOf(reference['kind']),
    name: stringOf(reference['name']),
    uid: stringOf(reference['uid']),
  }
}

/** Whether a deletion takes longer than it does if nothing is in the way. */
export function isStuck({ deletionTimestamp }: ObjectMeta, now: number): boolean {
  return deletionTimestamp !== undefined && now - Date.parse(deletionTimestamp) > longestDeletionMs
}

/** Providers remove the finalizers of claims and addresses within a second; one that is being replaced takes longer. */
const longestDeletionMs = 10_000

/** For people and logs: `namespace/name`. */
export function formatKey(key: NamespacedName): string {
  return `${key.namespace}/${key.name}`
}

/** Whether an object with this uid owns another one. */
export function isOwnedBy({ ownerReferences }: Pick<ObjectMeta, 'ownerReferences'>, uid: string): boolean {
  return ownerReferences.some((owner) => owner.uid === uid)
}
