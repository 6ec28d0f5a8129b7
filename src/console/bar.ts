const width = 10

const drawings = {
  unicode: { full: '█', empty: '░' },
  ascii: { full: '#', empty: '.' },
} as const

/**
 * How full something is: `███████░░░ 8/11`. What is used at all shows as a tenth at least, and what is left as well.
 *
 * @param isUtf8 whether more than ASCII can be shown
 */
export function capacityBar(used: number, total: number, isUtf8: boolean): string {
  const { full, empty } = drawings[isUtf8 ? 'unicode' : 'ascii']
  const tenths = Math.round((Math.min(used, total) / Math.max(1, total)) * width)
  const shown = used > 0 && used < total ? Math.min(Math.max(tenths, 1), width - 1) : tenths
  return `${full.repeat(shown)}${empty.repeat(width - shown)} ${used}/${total}`
}
