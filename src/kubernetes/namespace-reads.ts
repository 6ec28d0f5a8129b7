import type { Labels } from '../domain/model/label-selector.ts'
import type { ObjectMeta } from '../domain/model/object-meta.ts'
import { isKubernetesError, isUnreadable } from './errors.ts'
import { createObjectClient, getEach, listIn, type ObjectAccess } from './objects.ts'
import { resources } from './resources.ts'

/** Reads the labels of a Namespace; undefined if it may not be read, or does not exist. */
export async function readNamespaceLabels(access: ObjectAccess, name: string): Promise<Labels | undefined> {
  const { get } = createObjectClient(access, resources.namespaces)
  try {
    return (await get({ namespace: '', name }))?.labels
  } catch (error) {
    if (isUnreadable(error)) return undefined
    throw error
  }
}

/** Reads all Namespaces, or those of these names where no list is permitted, as far as they may be read. */
export async function readNamespaces(
  access: ObjectAccess,
  names: readonly string[],
): Promise<readonly ObjectMeta[]> {
  try {
    return await listIn(access, resources.namespaces, [])
  } catch (error) {
    if (!isKubernetesError(error, 'forbidden')) throw error
    const keys = [...new Set(names)].map((name) => ({ namespace: '', name }))
    return await getEach(access, resources.namespaces, keys, error).catch((refusal: unknown) => {
      if (isUnreadable(refusal)) return []
      throw refusal
    })
  }
}
