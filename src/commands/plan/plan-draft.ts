import type { PlanOutcome, RolePlan } from './role-plan.ts'
import type { Reason } from '../../domain/reason.ts'

/** A plan while it is being made. */
export type Draft = Omit<RolePlan, 'role'>

/** A plan of this outcome, with what is known besides. */
export function planned(
  outcome: PlanOutcome,
  { reason, message }: { readonly reason: Reason; readonly message: string },
  known: Partial<Omit<Draft, 'outcome' | 'reason' | 'message'>> = {},
): Draft {
  return { outcome, reason, message, actionRequired: false, steps: [], considered: [], ...known }
}
