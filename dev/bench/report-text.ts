import { cellsOf, tableHead } from './table.ts'
import type { BenchResult } from './take-measures.ts'

/** Between these, a page is written by `npm run bench -- --report`. */
export const markers = {
  begin: '<!-- npm run bench -- --report writes from here … -->',
  end: '<!-- … to here -->',
} as const

/** Table, details and conditions in Markdown. */
export function reportText({ figures, details, conditions }: BenchResult): string {
  return [
    row(tableHead),
    row(tableHead.map(() => '---')),
    ...figures.map((figure) => row(cellsOf(figure))),
    '',
    ...details.map((detail) => `- ${detail}`),
    '',
    `Conditions: ${conditions.map(([what, value]) => `${what} ${value}`).join('; ')}.`,
  ].join('\n')
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/**
 * Puts a report in place of the one that a page has.
 *
 * @throws Error where the page has no place for it
 */
export function withReport(page: string, report: string): string {
  const [before, rest] = page.split(markers.begin)
  const [, after] = rest?.split(markers.end) ?? []
  if (before === undefined || after === undefined) {
    throw new Error(`the page has no lines "${markers.begin}" and "${markers.end}"`)
  }
  return `${before}${markers.begin}\n\n${report}\n\n${markers.end}${after}`
}
