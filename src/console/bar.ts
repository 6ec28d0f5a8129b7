const width = 10

const drawings = {
  unicode: { full: '█', empty: '░' },
  ascii: { full: '#', empty: '.' },
} as const

/**
 * A bar with its counts: `███████░░░ 8/11`. The used and the free part show as at least a tenth, unless they are zero.
 *
 * @param isUtf8 whether the terminal shows more than ASCII
 */
export function capacityBar(used: number, total: number, isUtf8: boolean): string {
  const { full, empty } = drawings[isUtf8 ? 'unicode' : 'ascii']
  const tenths = Math.round((Math.min(used, total) / Math.max(1, total)) * width)
  const shown = used > 0 && used < total ? Math.min(Math.max(tenths, 1), width - 1) : tenths
  return `${full.repeat(shown)}${empty.repeat(width - shown)} ${used}/${total}`
}
