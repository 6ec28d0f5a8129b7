const longest = 120

/**
 * A value from outside as a message shows it: JSON, so that it stays on one line whatever is in it, and cut short, since
 * messages go into logs and histories.
 */
export function quoted(value: unknown): string {
  return shortened(JSON.stringify(value) ?? 'absent')
}

/** A text from outside that is shown without quotes, cut short. */
export function shortened(text: string): string {
  return text.length > longest ? `${text.slice(0, longest)}…` : text
}
