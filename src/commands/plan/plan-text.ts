import type { Style } from '../../console/style.ts'
import { renderTable } from '../../console/table.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import type { PlanOutcome } from './role-plan.ts'
import { formatPool } from '../../domain/model/pool.ts'
import type { PoolVerdict } from '../../domain/allocation/pool-selection.ts'
import type { ClusterPlan, ShownRolePlan } from './plan-report.ts'

/** A plan for people to read. */
export function planText(plan: ClusterPlan, style: Style): string {
  const { cluster, clusterClass, message } = plan
  const ofClass = clusterClass === undefined ? '' : ` of ClusterClass ${formatKey(clusterClass)}`
  const head = style.strong(`Cluster ${formatKey(cluster)}${ofClass}`)
  if (message !== undefined) return `${head}\n${style.bad(message)}`
  return [head, ...plan.roles.map((role) => roleText(role, style))].join('\n\n')
}

function roleText(plan: ShownRolePlan, style: Style): string {
  const { role, steps, considered, variable, diff } = plan
  // An ingress VIP that nobody asks for is worth one line.
  const isBrief = plan.outcome === 'skip' && !plan.actionRequired
  return [
    `${style.strong(role)}: ${outcomeText(plan, style)}`,
    ...(plan.outcome === 'wait' || plan.actionRequired ? [`  Next step: ${plan.nextStep}`] : []),
    ...(isBrief || considered.length === 0 ? [] : ['', poolTable(considered, style)]),
    ...(variable === undefined ? [] : ['', `Variable ${variable.name}: ${variableText(variable)}`]),
    ...(steps.length === 0 ? [] : ['', 'Steps:', ...steps.map((step, index) => `  ${index + 1}. ${step}`)]),
    ...(diff === undefined ? [] : ['', coloredDiff(diff, style)]),
  ].join('\n')
}

const words: Readonly<Record<PlanOutcome, string>> = {
  assign: '',
  'complete-port': '',
  'in-place': '',
  skip: 'nothing would be done',
  wait: 'would wait',
}

function outcomeText({ outcome, reason, message, actionRequired }: ShownRolePlan, style: Style): string {
  if (outcome === 'assign' || outcome === 'in-place' || outcome === 'complete-port')
    return style.good(message)
  const paint = actionRequired ? style.bad : style.warn
  return `${outcome === 'skip' && !actionRequired ? words[outcome] : paint(words[outcome])}, ${reason}: ${message}`
}

function variableText({ isWritten, because }: NonNullable<ShownRolePlan['variable']>): string {
  return `${isWritten ? 'would be written' : 'would not be written'}; ${because}`
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
  return diff
    .split('\n')
    .map((line) => {
      if (line.startsWith('+')) return style.added(line)
      return line.startsWith('-') ? style.removed(line) : line
    })
    .join('\n')
}
