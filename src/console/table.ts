import Table from 'cli-table3'
import type { Style } from './style.ts'

/** No borders, as in kubectl; columns are three spaces apart. */
const chars = Object.fromEntries(
  ['top', 'bottom', 'left', 'right', 'mid'].flatMap((side) => [
    [side, ''],
    [`${side}-mid`, ''],
    [`${side}-left`, ''],
    [`${side}-right`, ''],
  ]),
)

/**
 * A table in the style of kubectl: headings in capitals, no borders, columns as wide as their content.
 *
 * @param rows cells may contain colors; `""` is shown as `-`
 * @returns the lines without a final line break; only the headings if there is no row
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
