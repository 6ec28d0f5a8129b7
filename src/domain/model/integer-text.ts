/** Digits that a number surely holds. */
const mostDigits = 15

/** Reads an integer that a person has written in an annotation; undefined if it is none, or too long. */
export function integerIn(text: string): number | undefined {
  const trimmed = text.trim()
  return isInteger(trimmed) && trimmed.replace(/^[+-]/, '').length <= mostDigits ? Number(trimmed) : undefined
}

/** What such a text is expected to be. */
export function expectedInteger(text: string | undefined): string {
  return isInteger((text ?? '').trim()) ? `an integer of at most ${mostDigits} digits` : 'an integer'
}

function isInteger(text: string): boolean {
  return /^[+-]?\d+$/.test(text)
}
