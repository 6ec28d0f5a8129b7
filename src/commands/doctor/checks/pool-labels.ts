import { declaredClasses, declaredRoles, priorityOf } from '../../../domain/allocation/pool-selection.ts'
import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import type { ClusterClass } from '../../../domain/model/cluster-class.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { ipPoolKinds, poolKinds } from '../../../domain/model/pool-kind.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { clusterClassKey, namespacesAnnotation, priorityAnnotation, roleKey } from '../../../domain/names.ts'
import { quoted, counted } from '../../../domain/quote.ts'
import { roles } from '../../../domain/role.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'
import { nearest, suggestion } from './edit-distance.ts'
import { nameOf } from './pools.ts'
import { poolKeys, strangeKeys } from './unknown-keys.ts'

/**
 * Checks what people wrote on pools: unreadable labels and annotations, and probable typing errors.
 *
 * @param isEverywhere whether all namespaces were read, so that a ClusterClass that was not found does not exist
 */
export function checkPoolLabels(snapshot: Snapshot, isEverywhere: boolean): readonly CheckOutcome[] {
  const pools = poolsIn(snapshot)
  const classes = [...snapshot.clusterClasses.values()]
  const problems = pools.flatMap((pool) => [
    ...strangeKeys(pool, poolKeys).map((strange) =>
      warning(`${nameOf(pool)}: ${strange}`, `correct or remove it on ${nameOf(pool)}`),
    ),
    ...classProblems(pool, classes, isEverywhere),
    ...roleProblems(pool),
    ...priorityProblems(pool),
    ...namespacesProblems(pool),
  ])
  return orOk(problems, `labels and annotations of ${counted(pools.length, 'pool')} can be read`)
}

function classProblems(
  pool: IPPool,
  classes: readonly ClusterClass[],
  isEverywhere: boolean,
): readonly CheckOutcome[] {
  const label = pool.labels[clusterClassKey]
  if (label === undefined && clusterClassKey in pool.annotations) {
    const found = `${nameOf(pool)} has the annotation ${clusterClassKey} and no label of the same key, so it serves nobody`
    return [fault(found, `label it with ${clusterClassKey}="true"`)]
  }
  const names = classes.map(({ name }) => name)
  const listed = declaredClasses(pool)
  if (label === 'true' && listed.length === 0 && !names.includes('true')) {
    const found = `${nameOf(pool)}: label ${clusterClassKey} is "true", but the annotation of the same key lists no ClusterClass`
    return [
      fault(found, `list ClusterClasses in its annotation ${clusterClassKey}, or name one in the label`),
    ]
  }
  const existing = label === 'true' ? [...names, ...classes.map(formatKey), '*'] : names
  const likely = label === 'true' ? existing : ['true', ...names]
  return (
    listed
      .filter((entry) => !existing.includes(entry))
      // A class may be in a namespace that was not read, unless its name looks like a typing error.
      .filter((entry) => isEverywhere || nearest(entry, likely) !== undefined)
      .map((entry) =>
        warning(
          `${nameOf(pool)} is for ClusterClass ${quoted(entry)}, which does not exist${suggestion(entry, likely)}`,
          `correct ${clusterClassKey} on ${nameOf(pool)}, or create the ClusterClass`,
        ),
      )
  )
}

function roleProblems(pool: IPPool): readonly CheckOutcome[] {
  return declaredRoles(pool)
    .filter((word) => !roles.some((role) => role === word))
    .map((word) =>
      fault(
        `${nameOf(pool)}: ${roleKey} is ${quoted(word)}, expected ${roles.join(' or ')}; the pool serves nobody${suggestion(word, roles)}`,
        `correct ${roleKey} on ${nameOf(pool)}`,
      ),
    )
}

function priorityProblems(pool: IPPool): readonly CheckOutcome[] {
  if (priorityOf(pool) !== undefined) return []
  const found = `${nameOf(pool)}: ${priorityAnnotation} is ${quoted(pool.annotations[priorityAnnotation])}, expected an integer; the pool serves nobody`
  const fix = `correct ${priorityAnnotation} on ${nameOf(pool)}`
  return [fault(found, fix)]
}

const globalKinds = ipPoolKinds.filter((kind) => poolKinds[kind].isGlobal).join(' or ')

function namespacesProblems(pool: IPPool): readonly CheckOutcome[] {
  if (poolKinds[pool.kind].isGlobal || !(namespacesAnnotation in pool.annotations)) return []
  const found = `${nameOf(pool)} has ${namespacesAnnotation}, which is read on a ${globalKinds} only; it serves namespace ${pool.namespace}`
  const fix = `remove ${namespacesAnnotation} from ${nameOf(pool)}, or make it a ${globalKinds}`
  return [warning(found, fix)]
}
