import { formatKey } from '../domain/model/object-meta.ts'
import { formatPool } from '../domain/model/pool.ts'
import { escapeMarkdown } from '../domain/quote.ts'
import { roles } from '../domain/role.ts'
import type { AllocationStatus, RoleStatus } from './contract.ts'

/** Pools that are shown; the query `status` has them all. */
const shownPools = 20

/** The status as Markdown, for the current details in the Temporal UI. */
export function describeStatus(status: AllocationStatus): string {
  const shown = roles.flatMap((role) => {
    const of = status.roles[role]
    return of === undefined ? [] : [`**${role} VIP of Cluster ${formatKey(status.cluster)}**`, ...linesOf(of)]
  })
  const wakes = status.wakes.length === 0 ? [] : [`woken by: ${status.wakes.map(escapeMarkdown).join('; ')}`]
  return [...shown, ...wakes].join('\n\n')
}

function linesOf(status: RoleStatus): readonly string[] {
  const { phase, message, waiting, considered, duplicates } = status
  return [
    `${phase}: ${escapeMarkdown(message)}`,
    ...(waiting === undefined
      ? []
      : [
          `waiting since ${waiting.since}: **${escapeMarkdown(waiting.reason)}**, ${escapeMarkdown(waiting.message)}`,
          'looks again at once when the Cluster, its claim or a pool changes, or on the signal `wake`, and otherwise at the time shown under Pending Activities',
        ]),
    ...(phase === 'Done' ? [] : considered.slice(0, shownPools).map(lineOf)),
    ...duplicates.map((duplicate) => `left to others: ${escapeMarkdown(duplicate)}`),
  ]
}

function lineOf(verdict: RoleStatus['considered'][number]): string {
  return `- ${escapeMarkdown(formatPool(verdict))}: ${verdict.verdict}, ${escapeMarkdown(verdict.because)}`
}
