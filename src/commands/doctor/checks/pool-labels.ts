import { ipPoolKinds, poolKinds } from '../../../domain/model/pool-kind.ts'
import { declaredRoles, priorityOf } from '../../../domain/allocation/pool-selection.ts'
import type { IPPool } from '../../../domain/model/pool.ts'
import { namespacesAnnotation, priorityAnnotation, roleKey } from '../../../domain/names.ts'
import { quoted, counted } from '../../../domain/quote.ts'
import { roles } from '../../../domain/role.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'
import { suggestion } from './edit-distance.ts'
import { classProblems, type ReadClasses } from './pool-classes.ts'
import { nameOf } from './pools.ts'
import { poolKeys, strangeKeys } from './unknown-keys.ts'

/** Checks what people wrote on pools: unreadable labels and annotations, and probable typing errors. */
export function checkPoolLabels(pools: readonly IPPool[], classes: ReadClasses): readonly CheckOutcome[] {
  const problems = pools.flatMap((pool) => [
    ...strangeKeys(pool, poolKeys).map((strange) =>
      warning(`${nameOf(pool)}: ${strange}`, `correct or remove it on ${nameOf(pool)}`),
    ),
    ...classProblems(pool, classes),
    ...roleProblems(pool),
    ...priorityProblems(pool),
    ...namespacesProblems(pool),
  ])
  return orOk(problems, `labels and annotations of ${counted(pools.length, 'pool')} can be read`)
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
  return [
    fault(
      `${nameOf(pool)}: ${priorityAnnotation} is ${quoted(pool.annotations[priorityAnnotation])}, expected an integer; the pool serves nobody`,
      `correct ${priorityAnnotation} on ${nameOf(pool)}`,
    ),
  ]
}

const globalKinds = ipPoolKinds.filter((kind) => poolKinds[kind].isGlobal).join(' or ')

function namespacesProblems(pool: IPPool): readonly CheckOutcome[] {
  if (poolKinds[pool.kind].isGlobal || !(namespacesAnnotation in pool.annotations)) return []
  return [
    warning(
      `${nameOf(pool)} has ${namespacesAnnotation}, which is read on a ${globalKinds} only; it serves namespace ${pool.namespace}`,
      `remove ${namespacesAnnotation} from ${nameOf(pool)}, or make it a ${globalKinds}`,
    ),
  ]
}
