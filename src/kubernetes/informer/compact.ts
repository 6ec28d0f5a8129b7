/** Slots of the table; much more than there are strings that all objects of a cluster share. */
const slots = 4_096

/** Characters of a text that is shared. A longer one is hardly ever repeated, and would stay in the table. */
const longest = 256

const noEntries: readonly never[] = Object.freeze([])
const noFields: Readonly<Record<string, never>> = Object.freeze({})

/**
 * Makes a function that freezes decoded objects, and has equal texts in them be one string: JSON gives every object its own copy
 * of its namespace, its kind, its labels. Empty lists and maps become one, too. The table forgets a text for a later one that
 * falls on its slot, so it never grows.
 */
export function createCompactor(): <T extends object>(object: T) => T {
  const table: string[] = []

  const shared = (text: string): string => {
    if (text.length > longest) return text
    const slot = slotOf(text)
    const known = table[slot]
    if (known === text) return known
    table[slot] = text
    return text
  }

  const compactFields = (object: object): void => {
    for (const [key, field] of Object.entries(object)) Reflect.set(object, key, compacted(field))
    Object.freeze(object)
  }

  const compacted = (value: unknown): unknown => {
    if (typeof value === 'string') return shared(value)
    if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value
    const isPlain = Array.isArray(value) || Object.getPrototypeOf(value) === Object.prototype
    // A Map has no fields.
    if (!isPlain) return Object.freeze(value)
    if (Object.keys(value).length === 0) return Array.isArray(value) ? noEntries : noFields
    compactFields(value)
    return value
  }

  return (object) => {
    if (!Object.isFrozen(object)) compactFields(object)
    return object
  }
}

/** Names differ at their ends. */
function slotOf(text: string): number {
  let hash = text.length
  for (let at = Math.max(0, text.length - 12); at < text.length; at += 1) {
    hash = (Math.imul(hash, 31) + text.charCodeAt(at)) | 0
  }
  return hash & (slots - 1)
}
