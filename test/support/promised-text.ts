/** What a promise's placeholders, `<cluster>` and the like, stand for. */
export type Facts = Readonly<Record<string, string>>

const gap = '…'

/**
 * Puts values in place of placeholders.
 *
 * @throws Error where there is none for a placeholder
 */
export function filledIn(text: string, facts: Facts): string {
  return text.replaceAll(/<([a-z][a-z-]*)>/g, (placeholder, name: string) => {
    const value = facts[name]
    if (value === undefined) throw new Error(`no value for ${placeholder} in: ${text}`)
    return value
  })
}

/**
 * Compares a text with lines that are promised to be in it, in this order; `…` in a line stands for anything, and a line
 * of `…` alone for other lines. Spaces count as one.
 *
 * @returns the first line that is not there; undefined where all are
 */
export function missingFrom(text: string, promised: readonly string[]): string | undefined {
  const lines = text.split('\n').map(inOneLine)
  let from = 0
  for (const promise of promised) {
    const pattern = patternFor(promise)
    const place = lines.slice(from).findIndex((line) => pattern.test(line))
    if (place === -1) return promise
    from += place
  }
  return undefined
}

/** The words of promised lines between the gaps. */
export function wordsOf(promised: readonly string[]): readonly string[] {
  return promised
    .flatMap((line) => line.split(gap))
    .map(inOneLine)
    .filter((words) => words !== '')
}

function patternFor(promise: string): RegExp {
  return new RegExp(
    promise
      .split(gap)
      .map((words) => inOneLine(words).replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
      .join('.*'),
  )
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
