/** Values of placeholders such as `<cluster>`, by name. */
export type PlaceholderValues = Readonly<Record<string, string>>

const gap = '…'

/** @throws Error if a placeholder has no value */
export function fillPlaceholders(text: string, values: PlaceholderValues): string {
  return text.replaceAll(/<([a-z][a-z-]*)>/g, (placeholder, name: string) => {
    const value = values[name]
    if (value === undefined) throw new Error(`no value for ${placeholder} in: ${text}`)
    return value
  })
}

/**
 * Looks for expected lines in a text, in this order. `…` in a line matches anything, a line of `…` alone any lines;
 * runs of spaces count as one.
 *
 * @returns the first line that is missing; undefined if none is
 */
export function firstMissingLine(text: string, expected: readonly string[]): string | undefined {
  const lines = text.split('\n').map(inOneLine)
  let from = 0
  for (const line of expected) {
    const pattern = patternFor(line)
    const place = lines.slice(from).findIndex((each) => pattern.test(each))
    if (place === -1) return line
    from += place
  }
  return undefined
}

/** The texts of expected lines between the gaps. */
export function literalParts(expected: readonly string[]): readonly string[] {
  return expected
    .flatMap((line) => line.split(gap))
    .map(inOneLine)
    .filter((words) => words !== '')
}

function patternFor(expected: string): RegExp {
  return new RegExp(
    expected
      .split(gap)
      .map((words) => inOneLine(words).replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
      .join('.*'),
  )
}

function inOneLine(text: string): string {
  return text.replaceAll(/\s+/g, ' ').trim()
}
