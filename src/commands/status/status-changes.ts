import type { Finding } from './problems/problem.ts'
import type { StatusReport, VipReport } from './status-report.ts'

/** What a program is told that watches: one VIP, or one finding, that came, changed or went. */
export type StatusChange = { readonly change: 'added' | 'changed' | 'removed' } & (
  { readonly vip: VipReport } | { readonly finding: Finding }
)

/** What is another than before, what is gone last. @param before undefined: nothing was told yet */
export function changesBetween(
  before: StatusReport | undefined,
  after: StatusReport,
): readonly StatusChange[] {
  const old = entriesOf(before ?? { vips: [], findings: [] })
  const current = entriesOf(after)
  const news = [...current].flatMap(([key, entry]): readonly StatusChange[] => {
    const known = old.get(key)
    if (known === undefined) return [{ change: 'added', ...entry }]
    return JSON.stringify(known) === JSON.stringify(entry) ? [] : [{ change: 'changed', ...entry }]
  })
  const gone = [...old].flatMap(([key, entry]): readonly StatusChange[] =>
    current.has(key) ? [] : [{ change: 'removed', ...entry }],
  )
  return [...news, ...gone]
}

type Entry = { readonly vip: VipReport } | { readonly finding: Finding }

/** A finding is the same as long as its kind and its objects are. */
function entriesOf({ vips, findings }: StatusReport): ReadonlyMap<string, Entry> {
  return new Map<string, Entry>([
    ...vips.map((vip) => [`${vip.namespace}/${vip.cluster} ${vip.role}`, { vip }] as const),
    ...findings.map((finding) => [JSON.stringify([finding.kind, finding.objects]), { finding }] as const),
  ])
}
