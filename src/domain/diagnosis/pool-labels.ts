import type { ClusterClass } from '../cluster-class.ts'
import { clusterClassKey, namespacesAnnotation, priorityAnnotation, roleKey } from '../identifiers.ts'
import { formatKey } from '../object-meta.ts'
import { formatPool, type IPPool } from '../pool.ts'
import { declaredRoles, listedClasses, priorityOf } from '../pool-selection.ts'
import { quoted } from '../quote.ts'
import { roles } from '../role.ts'
import { counted, fault, orOk, warning, type Judgment } from './finding.ts'
import { suggestion } from './nearest.ts'
import { poolKeys, strangeKeys } from './own-keys.ts'

/** Judges what people wrote on pools: what cannot be read, and what is probably a slip. */
export function judgePoolLabels(
  pools: readonly IPPool[],
  clusterClasses: readonly ClusterClass[],
): readonly Judgment[] {
  const problems = pools.flatMap((pool) => [
    ...strangeKeys(pool, poolKeys).map((strange) =>
      warning(`${nameOf(pool)}: ${strange}`, `correct or remove it on ${nameOf(pool)}`),
    ),
    ...classProblems(pool, clusterClasses),
    ...roleProblems(pool),
    ...priorityProblems(pool),
    ...namespacesProblems(pool),
  ])
  return orOk(problems, `labels and annotations of ${counted(pools.length, 'pool')} can be read`)
}

/** With its namespace, since here pools of all namespaces stand side by side. */
export function nameOf(pool: IPPool): string {
  return pool.namespace === '' ? formatPool(pool) : `${pool.kind} ${formatKey(pool)}`
}

/** A pool is one for VIPs where it names a ClusterClass. */
export function isForVips(pool: IPPool): boolean {
  return clusterClassKey in pool.labels
}

function classProblems(pool: IPPool, clusterClasses: readonly ClusterClass[]): readonly Judgment[] {
  const label = pool.labels[clusterClassKey]
  if (label === undefined) {
    if (listedClasses(pool).length === 0) return []
    return [
      fault(
        `${nameOf(pool)} has the annotation ${clusterClassKey} and no label of the same key, so it serves nobody`,
        `label it with ${clusterClassKey}="true"`,
      ),
    ]
  }
  const names = clusterClasses.map(({ name }) => name)
  const listed = listedClasses(pool)
  if (label !== 'true') return unknownClasses(pool, [label], names, ['true', ...names])
  if (listed.length === 0 && !names.includes('true')) {
    return [
      fault(
        `${nameOf(pool)}: label ${clusterClassKey} is "true", but the annotation of the same key lists no ClusterClass`,
        `list ClusterClasses in its annotation ${clusterClassKey}, or name one in the label`,
      ),
    ]
  }
  const known = [...names, ...clusterClasses.map(formatKey), '*']
  return unknownClasses(pool, listed, known, known)
}

function unknownClasses(
  pool: IPPool,
  entries: readonly string[],
  known: readonly string[],
  likely: readonly string[],
): readonly Judgment[] {
  return entries
    .filter((entry) => !known.includes(entry))
    .map((entry) =>
      warning(
        `${nameOf(pool)} is for ClusterClass ${quoted(entry)}, which does not exist${suggestion(entry, likely)}`,
        `correct ${clusterClassKey} on ${nameOf(pool)}, or create the ClusterClass`,
      ),
    )
}

function roleProblems(pool: IPPool): readonly Judgment[] {
  return declaredRoles(pool)
    .filter((word) => !roles.some((role) => role === word))
    .map((word) =>
      fault(
        `${nameOf(pool)}: ${roleKey} is ${quoted(word)}, expected ${roles.join(' or ')}; the pool serves nobody${suggestion(word, roles)}`,
        `correct ${roleKey} on ${nameOf(pool)}`,
      ),
    )
}

function priorityProblems(pool: IPPool): readonly Judgment[] {
  if (priorityOf(pool) !== undefined) return []
  return [
    fault(
      `${nameOf(pool)}: ${priorityAnnotation} is ${quoted(pool.annotations[priorityAnnotation])}, expected an integer; the pool serves nobody`,
      `correct ${priorityAnnotation} on ${nameOf(pool)}`,
    ),
  ]
}

function namespacesProblems(pool: IPPool): readonly Judgment[] {
  if (pool.kind === 'GlobalInClusterIPPool' || !(namespacesAnnotation in pool.annotations)) return []
  return [
    warning(
      `${nameOf(pool)} has ${namespacesAnnotation}, which is read on a GlobalInClusterIPPool only; it serves namespace ${pool.namespace}`,
      `remove ${namespacesAnnotation} from ${nameOf(pool)}, or make it a GlobalInClusterIPPool`,
    ),
  ]
}
