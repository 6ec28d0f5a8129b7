import type { Style } from '../../console/style.ts'
import { formatAge, renderTable } from '../../console/table.ts'
import { isUnsettled, type VipPhase } from '../../domain/allocation/vip-state.ts'
import { describePlace } from '../../domain/allocation/waiting-queue.ts'
import { counted, printable } from '../../domain/quote.ts'
import { keptLines } from '../kept-text.ts'
import type { Problem } from './problems/problem.ts'
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

/** All VIPs as a table, and the problems. With `problemsOnly`, the reason for each missing VIP stands between them. */
export function statusText(
  { vips, findings, kept }: StatusReport,
  problemsOnly: boolean,
  style: Style,
  now: number,
): string {
  const rows = vips.map((vip) => row(vip, style, now))
  const none = problemsOnly ? 'No VIP waits, and none is lost.' : 'There is no Cluster.'
  return [
    vips.length === 0 ? none : renderTable(head, rows, style),
    ...(problemsOnly ? reasonLines(vips, style) : []),
    ...(kept.length === 0 ? [] : ['']),
    ...keptLines(kept, style),
    ...problemLines(findings, style),
  ].join('\n')
}

function reasonLines(vips: readonly VipReport[], style: Style): readonly string[] {
  const explained = vips.filter(({ message }) => message !== '')
  if (explained.length === 0) return []
  return [
    '',
    ...explained.flatMap(({ namespace, cluster, role, phase, reason, message, queue }) => [
      paintFor(phase, style)(`${namespace}/${cluster} ${role}: ${reason}`),
      `  ${printable(message)}`,
      ...(queue === undefined ? [] : [`  ${describePlace(queue)}`]),
    ]),
  ]
}

function row(vip: VipReport, style: Style, now: number): readonly string[] {
  return [
    vip.namespace,
    vip.cluster,
    vip.role,
    printable(both(vip.address, vip.second?.address)),
    both(vip.pool, vip.second?.pool),
    both(vip.claim, vip.second?.claim),
    paintFor(vip.phase, style)(vip.phase),
    vip.reason,
    formatAge(vip.created, now),
    vip.workflow?.state ?? '',
  ]
}

/** Of a pair, as it is recorded. */
function both(first: string | undefined, second: string | undefined): string {
  return [first, second].filter((each) => each !== undefined).join(',')
}

export function paintFor(phase: VipPhase, style: Style): (text: string) => string {
  if (phase === 'Served') return style.good
  if (phase === 'Lost') return style.bad
  return isUnsettled({ phase }) ? style.warn : style.faint
}

/** The problems with their remedies; no line if there is none. */
export function problemLines(problems: readonly Problem[], style: Style): readonly string[] {
  if (problems.length === 0) return []
  return [
    '',
    style.strong(`Found ${counted(problems.length, 'thing')} that no workflow shows:`),
    ...problems.flatMap(({ kind, message, next }) => [
      `${style.bad(kind)}: ${printable(message)}`,
      `  ${printable(next)}`,
    ]),
  ]
}
