import { formatAge } from '../../console/age.ts'
import type { Style } from '../../console/style.ts'
import { renderTable } from '../../console/table.ts'
import { findingKinds, type Finding } from './problems/problem.ts'
import { isUnsettled, type VipPhase } from '../../domain/allocation/vip-state.ts'
import { printable } from '../../observability/printable.ts'
import type { StatusReport, VipReport } from './status-report.ts'

const head = [
  'namespace',
  'cluster',
  'role',
  'vip',
  'pool',
  'claim',
  'phase',
  'reason',
  'age',
  'workflow',
] as const

/**
 * All VIPs as a table, and the findings below. Where it is about problems, why each VIP of the table is not there.
 *
 * @param now milliseconds since the epoch
 */
export function statusText(
  { vips, findings }: StatusReport,
  problemsOnly: boolean,
  style: Style,
  now: number,
): string {
  const table = renderTable(
    head,
    vips.map((vip) => row(vip, style, now)),
    style,
  )
  return [
    vips.length === 0 ? describeNone(problemsOnly) : table,
    ...(problemsOnly ? reasonLines(vips, style) : []),
    ...findingLines(findings, style),
  ].join('\n')
}

/** What is said where a report names no VIP. */
function describeNone(problemsOnly: boolean): string {
  return problemsOnly ? 'No VIP waits, and none is lost.' : 'There is no Cluster.'
}

function reasonLines(vips: readonly VipReport[], style: Style): readonly string[] {
  const said = vips.filter(({ message }) => message !== '')
  if (said.length === 0) return []
  return [
    '',
    ...said.flatMap(({ namespace, cluster, role, phase, reason, message }) => [
      paintFor(phase, style)(`${namespace}/${cluster} ${role}: ${reason}`),
      `  ${printable(message, 'pretty')}`,
    ]),
  ]
}

function row(vip: VipReport, style: Style, now: number): readonly string[] {
  return [
    vip.namespace,
    vip.cluster,
    vip.role,
    printable(vip.address ?? '', 'pretty'),
    vip.pool ?? '',
    vip.claim ?? '',
    paintFor(vip.phase, style)(vip.phase),
    vip.reason,
    formatAge(vip.created, now),
    vip.workflow?.state ?? '',
  ]
}

export function paintFor(phase: VipPhase, style: Style): (text: string) => string {
  if (phase === 'Served') return style.good
  if (phase === 'Lost') return style.bad
  return isUnsettled({ phase }) ? style.warn : style.faint
}

/** Findings with what to do about each; no line where there is none. */
export function findingLines(findings: readonly Finding[], style: Style): readonly string[] {
  if (findings.length === 0) return []
  const kinds = findingKinds.filter((kind) => findings.some((finding) => finding.kind === kind))
  return [
    '',
    style.strong(
      `Found ${findings.length} ${findings.length === 1 ? 'thing' : 'things'} that no workflow shows:`,
    ),
    ...kinds.flatMap((kind) =>
      findings
        .filter((finding) => finding.kind === kind)
        .flatMap(({ message, next }) => [
          `${style.bad(kind)}: ${printable(message, 'pretty')}`,
          `  ${printable(next, 'pretty')}`,
        ]),
    ),
  ]
}
