/** Times are in seconds since the epoch; the chart shows minutes since `from`. */
export interface LineChart {
  readonly title: string
  readonly from: number
  readonly to: number
  readonly lines: readonly Line[]
  /** Vertical marks. */
  readonly marks?: readonly { readonly at: number; readonly words: string }[]
}

export interface Line {
  readonly name: string
  /** Ascending in time; points further apart than `longestGap` are not connected. */
  readonly points: readonly (readonly [number, number])[]
  /** Shades the time from the first point to the last instead, whatever the values. */
  readonly shaded?: boolean
}

const size = { width: 860, height: 300 }
const plot = { left: 48, right: 844, top: 64, bottom: 236 }
/** In seconds. */
const longestGap = 5
/** Distinguishable for most people, and on paper. */
const colors = ['#0072b2', '#d55e00', '#e69f00', '#009e73', '#cc79a7', '#56b4e9', '#555555']
const faint = '#dddddd'

/**
 * Draws lines over time.
 *
 * @returns a self-contained SVG document
 * @throws Error that names a line without values: its query is probably wrong
 */
export function drawLineChart(chart: LineChart): string {
  const empty = chart.lines.find(({ points }) => points.length === 0)
  if (empty !== undefined) throw new Error(`the line "${empty.name}" of "${chart.title}" has no values`)
  const highest = Math.max(
    ...chart.lines.filter(({ shaded }) => !shaded).flatMap(({ points }) => points.map(([, value]) => value)),
  )
  const step = niceStep(highest / 3)
  const top = step * Math.max(1, Math.ceil(highest / step))
  const x = scale([chart.from, chart.to], [plot.left, plot.right])
  const y = scale([0, top], [plot.bottom, plot.top])
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size.width} ${size.height}" font-family="sans-serif" font-size="12">`,
    `<title>${escaped(chart.title)}</title>`,
    `<rect width="${size.width}" height="${size.height}" fill="#ffffff"/>`,
    text(plot.left, 22, chart.title, 'font-size="15" font-weight="bold"'),
    ...steps(0, top, step).map((value) => horizontal(y(value), String(value))),
    ...steps(0, chart.to - chart.from, niceSeconds((chart.to - chart.from) / 8)).map((seconds) =>
      text(x(chart.from + seconds), plot.bottom + 18, clock(seconds), 'text-anchor="middle" fill="#555555"'),
    ),
    ...(chart.marks ?? []).flatMap(({ at, words }, index) => mark(x(at), words, index)),
    ...chart.lines.map((line, index) => (line.shaded ? shade : path)(line.points, colorOf(index), x, y)),
    ...legend(chart.lines.map(({ name }) => name)),
    '</svg>\n',
  ].join('\n')
}

type Scale = (value: number) => number

function path(points: Line['points'], color: string, x: Scale, y: Scale): string {
  let before = Number.NEGATIVE_INFINITY
  const drawn = points.map(([at, value]) => {
    const command = at - before > longestGap ? 'M' : 'L'
    before = at
    return `${command}${x(at).toFixed(1)} ${y(value).toFixed(1)}`
  })
  return `<path d="${drawn.join('')}" fill="none" stroke="${color}" stroke-width="2" stroke-linejoin="round"/>`
}

function shade(points: Line['points'], color: string, x: Scale): string {
  const from = x(points[0]?.[0] ?? 0)
  const width = x(points.at(-1)?.[0] ?? 0) - from
  const place = `x="${from.toFixed(1)}" y="${plot.top}" width="${width.toFixed(1)}" height="${plot.bottom - plot.top}"`
  return `<rect ${place} fill="${color}" fill-opacity="0.2"/>`
}

function horizontal(at: number, label: string): string {
  const line = `<path d="M${plot.left} ${at.toFixed(1)}H${plot.right}" stroke="${faint}"/>`
  return line + text(plot.left - 6, at + 4, label, 'text-anchor="end" fill="#555555"')
}

/** Neighboring labels alternate between two heights, so that they do not overlap. */
function mark(at: number, words: string, index: number): readonly string[] {
  const height = plot.top - 8 - (index % 2) * 14
  return [
    `<path d="M${at.toFixed(1)} ${height + 3}V${plot.bottom}" stroke="#999999" stroke-dasharray="3 3"/>`,
    text(at, height, words, 'text-anchor="middle" fill="#555555" font-size="11"'),
  ]
}

function legend(names: readonly string[]): readonly string[] {
  const width = (plot.right - plot.left) / Math.max(names.length, 3)
  return names.flatMap((name, index) => {
    const at = plot.left + index * width
    const swatch = `<path d="M${at.toFixed(1)} 276h18" stroke="${colorOf(index)}" stroke-width="3"/>`
    return [swatch, text(at + 24, 280, name, '')]
  })
}

function text(x: number, y: number, words: string, attributes: string): string {
  return `<text x="${x.toFixed(1)}" y="${y.toFixed(1)}" ${attributes}>${escaped(words)}</text>`
}

function colorOf(index: number): string {
  return colors[index % colors.length] ?? '#000000'
}

function escaped(words: string): string {
  return words.replaceAll('&', '&amp;').replaceAll('<', '&lt;')
}

function scale(from: readonly [number, number], to: readonly [number, number]): Scale {
  return (value) => to[0] + ((value - from[0]) / (from[1] - from[0])) * (to[1] - to[0])
}

/** Rounds up to 1, 2, 5, 10, 20 … or their tenths. */
function niceStep(least: number): number {
  const power = 10 ** Math.floor(Math.log10(least > 0 ? least : 1))
  return ([1, 2, 5].find((factor) => factor * power >= least) ?? 10) * power
}

function niceSeconds(least: number): number {
  return [5, 10, 15, 30, 60, 120].find((seconds) => seconds >= least) ?? 300
}

function steps(from: number, to: number, step: number): readonly number[] {
  const count = Math.floor((to - from) / step + 1e-9)
  return Array.from({ length: count + 1 }, (_, index) => Number((from + index * step).toPrecision(6)))
}

function clock(seconds: number): string {
  return `${Math.floor(seconds / 60)}:${String(Math.round(seconds % 60)).padStart(2, '0')}`
}
