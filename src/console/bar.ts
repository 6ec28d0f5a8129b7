const width = 10

const drawings = {
  unicode: { full: '█', empty: '░' },
  ascii: { full: '#', empty: '.' },
} as const

/** How full something is: `███████░░░ 8/11`. What is used at all shows as a tenth at least, and what is left as well. */
export function capacityBar(used: number, total: number, drawing: keyof typeof drawings): string {
  const { full, empty } = drawings[drawing]
  const tenths = Math.round((Math.min(used, total) / Math.max(1, total)) * width)
  const shown = used > 0 && used < total ? Math.min(Math.max(tenths, 1), width - 1) : tenths
  return `${full.repeat(shown)}${empty.repeat(width - shown)} ${used}/${total}`
}

/** What the terminal can show, by the variables that decide the character set (POSIX: the first one set does). */
export function drawingFor({ LC_ALL, LC_CTYPE, LANG }: NodeJS.ProcessEnv): keyof typeof drawings {
  return /utf-?8/i.test(LC_ALL || LC_CTYPE || LANG || '') ? 'unicode' : 'ascii'
}
