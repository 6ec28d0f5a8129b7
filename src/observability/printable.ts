import type { LogFields } from './log-fields.ts'

/** Characters of a text from outside that a line shows: a line as a whole stays short enough for any collector. */
const longest = 1_000

/**
 * What a format would write as it is, though it can begin a line or change what a terminal shows. JSON escapes
 * the first control characters itself.
 */
const unsafe = { json: /[\u007f-\u009f\u2028\u2029]/gu, pretty: /[\p{Cc}\u2028\u2029]/gu } as const

/** A text cut short, with control characters as JSON would escape them. */
export function printable(text: string, format: keyof typeof unsafe): string {
  const short = text.length > longest ? `${text.slice(0, longest)}…` : text
  return short.replaceAll(unsafe[format], escaped)
}

/** The same for all fields that are texts. */
export function printableFields(fields: LogFields, format: keyof typeof unsafe): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [
      name,
      typeof value === 'string' ? printable(value, format) : value,
    ]),
  )
}

const familiar: Readonly<Record<string, string>> = { '\n': '\\n', '\r': '\\r', '\t': '\\t' }

function escaped(character: string): string {
  return familiar[character] ?? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
}
