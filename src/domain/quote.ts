/** Characters of a message that log collectors, Temporal's failures and the API server's events accept. */
export const longestMessage = 1_000
/** Characters of one value in a message. */
const longestValue = 120

/** A text of at most `longest` characters, with an ellipsis if it was longer. */
export function truncated(text: string, longest = longestMessage): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}

/** Characters that can start a line, or change what a terminal shows. */
const controlCharacters = /[\p{Cc}\u2028\u2029]/gu
const familiar: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

/** A text with its control characters as JSON escapes them, so that it stays on one line. */
export function escapeControls(text: string, characters: RegExp = controlCharacters): string {
  return text.replaceAll(
    characters,
    (found) => familiar[found] ?? `\\u${found.charCodeAt(0).toString(16).padStart(4, '0')}`,
  )
}

/** A text from outside as a terminal shows it: on one line, and truncated. */
export function printable(text: string): string {
  return escapeControls(truncated(text))
}

/** A text from outside on one line of Markdown, without links or markup. */
export function escapeMarkdown(text: string): string {
  return text.replaceAll(/[\\`*_[\]<>#|]/g, String.raw`\$&`).replaceAll(/\s+/g, ' ')
}

/** A value from outside as a message shows it: as JSON, which stays on one line, and truncated. */
export function quoted(value: unknown): string {
  return shortened(JSON.stringify(value) ?? 'absent')
}

/** The same for a text that a message shows without quotes. */
export function shortened(text: string): string {
  return escapeControls(truncated(text, longestValue))
}

/** A message with an optional addition. */
export function withAddition(message: string, more: string | undefined): string {
  return more === undefined ? message : `${message}; ${more}`
}

/** The first items, up to the one whose size exceeds the limit; at least one, if there is one. */
export function fittingIn<T>(limit: number, items: readonly T[], sizeOf: (item: T) => number): readonly T[] {
  let size = 0
  const end = items.findIndex((item) => {
    const isOver = size >= limit
    size += sizeOf(item)
    return isOver
  })
  return end === -1 ? items : items.slice(0, end)
}

/** `1 pool`, `2 pools`. */
export function counted(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`
}

/** The first items, and the number of the others. */
export function few(items: readonly string[], most = 5): string {
  const more = items.length - most
  return more <= 0 ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${more} more`
}

/** The message of whatever was thrown. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
