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

const units = [
  { letter: 'd', seconds: 86_400 },
  { letter: 'h', seconds: 3_600 },
  { letter: 'm', seconds: 60 },
] as const

/** The time since then (RFC 3339), as kubectl abbreviates it: `45s`, `12m`, `3h`, `5d`; `""` if it is not a time. */
export function formatAge(since: string, now: number): string {
  const seconds = Math.max(0, Math.floor((now - Date.parse(since)) / 1000))
  if (Number.isNaN(seconds)) return ''
  // From two units on, since a day and a half is more precise in hours.
  const unit = units.find((each) => seconds >= 2 * each.seconds)
  return unit === undefined ? `${seconds}s` : `${Math.floor(seconds / unit.seconds)}${unit.letter}`
}

const width = 10

/** A bar with its counts: `███████░░░ 8/11`. The used and the free part show as at least a tenth, unless they are zero. */
export function capacityBar(used: number, total: number, isUtf8: boolean): string {
  const [full, empty] = isUtf8 ? (['█', '░'] as const) : (['#', '.'] as const)
  const tenths = Math.round((Math.min(used, total) / Math.max(1, total)) * width)
  const shown = used > 0 && used < total ? Math.min(Math.max(tenths, 1), width - 1) : tenths
  return `${full.repeat(shown)}${empty.repeat(width - shown)} ${used}/${total}`
}
