import { formatKey } from '../../domain/model/object-meta.ts'
import type { KeptAddress } from '../../domain/release/kept-addresses.ts'
import type { Problem } from './problems/problem.ts'
import type { StatusReport, VipReport } from './status-report.ts'

/** One change that `status --watch` prints for programs: a VIP, a kept address or a problem was added, changed or removed. */
export type StatusChange = { readonly change: 'added' | 'changed' | 'removed' } & (
  { readonly vip: VipReport } | { readonly kept: KeptAddress } | { readonly finding: Problem }
)

/** The differences between two reports, removals last. @param before undefined for the first report */
export function changesBetween(
  before: StatusReport | undefined,
  after: StatusReport,
): readonly StatusChange[] {
  const old = entriesOf(before ?? { vips: [], findings: [], kept: [] })
  const current = entriesOf(after)
  const news = [...current].flatMap(([key, entry]): readonly StatusChange[] => {
    const previous = old.get(key)
    if (previous === undefined) return [{ change: 'added', ...entry }]
    return JSON.stringify(previous) === JSON.stringify(entry) ? [] : [{ change: 'changed', ...entry }]
  })
  const gone = [...old].flatMap(([key, entry]): readonly StatusChange[] =>
    current.has(key) ? [] : [{ change: 'removed', ...entry }],
  )
  return [...news, ...gone]
}

type Entry = { readonly vip: VipReport } | { readonly kept: KeptAddress } | { readonly finding: Problem }

/** A problem is the same as long as its kind and its objects are. */
function entriesOf({ vips, findings, kept }: StatusReport): ReadonlyMap<string, Entry> {
  return new Map<string, Entry>([
    ...vips.map((vip) => [`${vip.namespace}/${vip.cluster} ${vip.role}`, { vip }] as const),
    ...kept.map((each) => [`kept ${formatKey(each.claim)}`, { kept: each }] as const),
    ...findings.map(
      (problem) => [JSON.stringify([problem.kind, problem.objects]), { finding: problem }] as const,
    ),
  ])
}
