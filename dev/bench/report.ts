import { readFile, writeFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { format, resolveConfig } from 'prettier'
import { styleFor } from '../../src/console/style.ts'
import { renderTable } from '../../src/console/table.ts'
import { drawLineChart, type Line } from '../pictures/line-chart.ts'
import type { Figure } from './figures.ts'
import type { Curve } from './measure.ts'
import type { BenchResult } from './take-measures.ts'

const root = join(import.meta.dirname, '..', '..')
const page = join(root, 'docs', 'performance.md')
const plot = join(root, 'docs', 'images', 'performance-burst.svg')

/** `npm run bench -- --report` replaces the text of a page between these. */
export const markers = {
  begin: '<!-- npm run bench -- --report writes from here … -->',
  end: '<!-- … to here -->',
} as const

const tableHead = ['measure', 'ours', 'plain', 'floor', '× plain', '× floor', 'target', 'met'] as const

/** The result for a terminal: figures, details, conditions. */
export function resultTable({ figures, details, conditions }: BenchResult): string {
  return [
    renderTable(tableHead, figures.map(cellsOf), styleFor(process.stdout)),
    '',
    ...details,
    ...(details.length === 0 ? [] : ['']),
    ...conditions.map(([what, value]) => `${what}: ${value}`),
  ].join('\n')
}

/**
 * Writes the result into docs/performance.md, and the plot of the largest burst, if one was measured, beside it.
 *
 * @returns the files written, relative to the repository
 */
export async function writeReport(result: BenchResult): Promise<readonly string[]> {
  const text = withReport(await readFile(page, 'utf8'), reportText(result))
  await writeFile(page, await format(text, { ...(await resolveConfig(page)), filepath: page }))
  const largest = result.curves.toSorted((a, b) => b.ours.length - a.ours.length)[0]
  if (largest !== undefined) await writeFile(plot, drawCurve(largest))
  return [page, ...(largest === undefined ? [] : [plot])].map((file) => relative(root, file))
}

/** The result in Markdown. */
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

/**
 * Replaces the report in a page.
 *
 * @throws Error if the page has no markers
 */
export function withReport(page: string, report: string): string {
  const [before, rest] = page.split(markers.begin)
  const [, after] = rest?.split(markers.end) ?? []
  if (before === undefined || after === undefined) {
    throw new Error(`the page has no lines "${markers.begin}" and "${markers.end}"`)
  }
  return `${before}${markers.begin}\n\n${report}\n\n${markers.end}${after}`
}

/** Draws how many were done at what time, of ours, of the plain controller and of the floor, as SVG. */
export function drawCurve({ title, ours, plain, floor }: Curve): string {
  return drawLineChart({
    title: `${title}: endpoints on Clusters, and claims bound without an allocator (minutes:seconds)`,
    from: 0,
    to: Math.max(...ours, ...plain, ...floor) / 1000,
    lines: [
      line('Clusters with an endpoint', ours),
      line('the same by a plain controller', plain),
      line('bound claims (floor)', floor),
    ],
  })
}

function cellsOf(figure: Figure): readonly string[] {
  const { measure, unit, ours, plain, floor, timesPlain, timesFloor, target, met } = figure
  const withUnit = (value: number): string => `${value}${unit === '' ? '' : ` ${unit}`}`
  return [
    measure,
    withUnit(ours),
    orNothing(plain, withUnit),
    orNothing(floor, withUnit),
    orNothing(timesPlain, String),
    orNothing(timesFloor, String),
    target,
    met === null ? '' : met ? 'yes' : 'no',
  ]
}

function orNothing(value: number | null, text: (value: number) => string): string {
  return value === null ? '' : text(value)
}

function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

function line(name: string, times: readonly number[]): Line {
  return { name, points: [[0, 0], ...times.map((ms, index) => [ms / 1000, index + 1] as const)] }
}
