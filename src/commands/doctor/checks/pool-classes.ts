import { declaredClasses } from '../../../domain/allocation/pool-selection.ts'
import type { ClusterClass } from '../../../domain/model/cluster-class.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { clusterClassKey } from '../../../domain/names.ts'
import { quoted } from '../../../domain/quote.ts'
import { fault, warning, type CheckOutcome } from './check-result.ts'
import { nearest, suggestion } from './edit-distance.ts'
import { nameOf } from './pools.ts'

/** The ClusterClasses that were read. */
export interface ReadClasses {
  readonly classes: readonly ClusterClass[]
  /** Whether all namespaces were read, so that a class that is missing here does not exist. */
  readonly areAll: boolean
}

/** Checks which ClusterClasses a pool is for. */
export function classProblems(pool: IPPool, { classes, areAll }: ReadClasses): readonly CheckOutcome[] {
  const label = pool.labels[clusterClassKey]
  if (label === undefined) return clusterClassKey in pool.annotations ? [unlabeled(pool)] : []
  const names = classes.map(({ name }) => name)
  const unknown = (entries: readonly string[], known: readonly string[], likely: readonly string[]) =>
    entries
      .filter((entry) => !known.includes(entry))
      // A class may be in a namespace that was not read, but a typing error is one all the same.
      .filter((entry) => areAll || nearest(entry, likely) !== undefined)
      .map((entry) => unknownClass(pool, entry, likely))
  if (label !== 'true') return unknown([label], names, ['true', ...names])
  const listed = declaredClasses(pool)
  if (listed.length === 0) return names.includes('true') ? [] : [listless(pool)]
  const known = [...names, ...classes.map(formatKey), '*']
  return unknown(listed, known, known)
}

function unlabeled(pool: IPPool): CheckOutcome {
  return fault(
    `${nameOf(pool)} has the annotation ${clusterClassKey} and no label of the same key, so it serves nobody`,
    `label it with ${clusterClassKey}="true"`,
  )
}

function listless(pool: IPPool): CheckOutcome {
  return fault(
    `${nameOf(pool)}: label ${clusterClassKey} is "true", but the annotation of the same key lists no ClusterClass`,
    `list ClusterClasses in its annotation ${clusterClassKey}, or name one in the label`,
  )
}

function unknownClass(pool: IPPool, entry: string, likely: readonly string[]): CheckOutcome {
  return warning(
    `${nameOf(pool)} is for ClusterClass ${quoted(entry)}, which does not exist${suggestion(entry, likely)}`,
    `correct ${clusterClassKey} on ${nameOf(pool)}, or create the ClusterClass`,
  )
}
