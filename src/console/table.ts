import Table from 'cli-table3'
import type { Style } from './style.ts'

/** No lines, as kubectl has none: columns are three spaces apart. */
const chars = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
)

/**
 * A table as kubectl shows one: a head in capitals, no lines, columns as wide as they have to be.
 *
 * @param rows cells may hold colors; a cell that is `""` is shown as `-`
 * @returns lines without a line break at the end; where there is no row, the head alone
 */
export function renderTable(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  style: Style,
): string {
  const table = new Table({
    chars: { ...chars, middle: '   ' },
    style: { 'padding-left': 0, 'padding-right': 0, head: [], border: [] },
  })
  table.push(head.map((title) => style.strong(title.toUpperCase())))
  table.push(...rows.map((row) => row.map((cell) => (cell === '' ? '-' : cell))))
  return table
    .toString()
    .split('\n')
    .map((line) => line.trimEnd())
    .join('\n')
}
