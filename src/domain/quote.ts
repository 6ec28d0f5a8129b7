const longest = 120

/**
 * A value from outside as a message shows it: JSON, so that it stays on one line whatever is in it, and cut short, since
 * messages go into logs and histories.
 */
export function quoted(value: unknown): string {
  return shortened(JSON.stringify(value) ?? 'absent')
}

/** A text from outside that is shown without quotes: on one line, and cut short. */
export function shortened(text: string): string {
  const printable = text.slice(0, longest).replaceAll(/[\p{Cc}\u2028\u2029]/gu, escaped)
  return text.length > longest ? `${printable}…` : printable
}

function escaped(character: string): string {
  return `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}

/** A message, and what is to be said besides, if there is anything. */
export function alsoSaying(message: string, more: string | undefined): string {
  return more === undefined ? message : `${message}; ${more}`
}

/** The first items whose sizes together begin below the limit: at least one, if there is one. */
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

/** The first few of many, with how many there are besides. */
export function few(items: readonly string[], most = 5): string {
  const more = items.length - most
  return more <= 0 ? items.join(', ') : `${items.slice(0, most).join(', ')} and ${more} more`
}
