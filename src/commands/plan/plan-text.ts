import type { Style } from '../../console/style.ts'
import { renderTable } from '../../console/table.ts'
import type { PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import { describePlace } from '../../domain/allocation/waiting-queue.ts'
import { formatKey, type NamespacedName } from '../../domain/model/object-meta.ts'
import { formatPool } from '../../domain/model/pool.ts'
import type { Reason } from '../../domain/reason.ts'
import type { PlannedVariable, RolePlan } from './role-plan.ts'

/** What a run would do for one Cluster. */
export interface ClusterPlan {
  readonly cluster: NamespacedName
  readonly clusterClass?: NamespacedName
  /** Why there is nothing to plan: the Cluster does not exist. */
  readonly reason?: Reason
  readonly message?: string
  readonly roles: readonly ShownRolePlan[]
}

/** A plan with its patch as a diff. */
export interface ShownRolePlan extends Omit<RolePlan, 'patch'> {
  readonly nextStep: string
  readonly diff?: string
}

export function planText(plan: ClusterPlan, style: Style): string {
  const { cluster, clusterClass, message } = plan
  const ofClass = clusterClass === undefined ? '' : ` of ClusterClass ${formatKey(clusterClass)}`
  const head = style.strong(`Cluster ${formatKey(cluster)}${ofClass}`)
  if (message !== undefined) return `${head}\n${style.bad(message)}`
  return [head, ...plan.roles.map((role) => roleText(role, style))].join('\n\n')
}

function roleText(plan: ShownRolePlan, style: Style): string {
  const { role, steps, considered, variables = [], diff } = plan
  // An ingress VIP that nobody asks for is worth one line.
  const isBrief = plan.outcome === 'skip' && !plan.actionRequired
  return [
    `${style.strong(role)}: ${outcomeText(plan, style)}`,
    ...(plan.queue === undefined ? [] : [`  Waits at ${describePlace(plan.queue)}`]),
    ...(plan.outcome === 'wait' || plan.actionRequired ? [`  Next step: ${plan.nextStep}`] : []),
    ...(isBrief || considered.length === 0 ? [] : ['', poolTable(considered, style)]),
    ...(variables.length === 0 ? [] : ['', ...variables.map(variableText)]),
    ...(steps.length === 0 ? [] : ['', 'Steps:', ...steps.map((step, index) => `  ${index + 1}. ${step}`)]),
    ...(diff === undefined ? [] : ['', coloredDiff(diff, style)]),
  ].join('\n')
}

function outcomeText({ outcome, reason, message, actionRequired }: ShownRolePlan, style: Style): string {
  if (outcome !== 'skip' && outcome !== 'wait') return style.good(message)
  const words = outcome === 'skip' ? 'nothing would be done' : 'would wait'
  const painted = actionRequired ? style.bad(words) : outcome === 'skip' ? words : style.warn(words)
  return `${painted}, ${reason}: ${message}`
}

function variableText({ name, isWritten, because }: PlannedVariable): string {
  return `Variable ${name}: ${isWritten ? 'would be written' : 'would not be written'}; ${because}`
}

function poolTable(considered: readonly PoolVerdict[], style: Style): string {
  const paint = { selected: style.good, eligible: (text: string) => text, rejected: style.faint }
  return renderTable(
    ['pool', 'verdict', 'why'],
    considered.map((pool) => [formatPool(pool), paint[pool.verdict](pool.verdict), pool.because]),
    style,
  )
}

function coloredDiff(diff: string, style: Style): string {
  return diff.replaceAll(/^[+-].*$/gm, (line) => (line.startsWith('+') ? style.good(line) : style.bad(line)))
}
