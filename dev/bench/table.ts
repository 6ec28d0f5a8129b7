import { styleFor } from '../../src/console/style.ts'
import { renderTable } from '../../src/console/table.ts'
import type { Figure } from './figures.ts'
import type { BenchResult } from './take-measures.ts'

export const tableHead = ['measure', 'ours', 'floor', 'ratio', 'target', 'met'] as const

/** Cells of one line of the table. */
export function cellsOf({ measure, unit, ours, floor, ratio, target, met }: Figure): readonly string[] {
  const withUnit = (value: number): string => `${value}${unit === '' ? '' : ` ${unit}`}`
  return [
    measure,
    withUnit(ours),
    floor === null ? '' : withUnit(floor),
    ratio === null ? '' : String(ratio),
    target,
    met === null ? '' : met ? 'yes' : 'no',
  ]
}

/** The result for people: figures, details, conditions. */
export function resultTable({ figures, details, conditions }: BenchResult): string {
  return [
    renderTable(tableHead, figures.map(cellsOf), styleFor(process.stdout)),
    '',
    ...details,
    ...(details.length === 0 ? [] : ['']),
    ...conditions.map(([what, value]) => `${what}: ${value}`),
  ].join('\n')
}
