import { randomBytes } from 'node:crypto'

/** Number of consecutive characters of a secret that count as a leak. */
const shortestLeak = 10

/** Unique secrets, and a search for them in text, whole or in part, plain or encoded. */
export interface PlantedSecrets {
  /** Creates a secret of hexadecimal digits. */
  plant(what: string, bytes?: number): string
  /** Adds an existing secret to the search. */
  watch(what: string, secret: string): void
  /** Names of the secrets that a text contains. */
  leaksIn(text: string): readonly string[]
}

export function plantedSecrets(): PlantedSecrets {
  const traces = new Map<string, Set<string>>()
  const watch = (what: string, secret: string): void => {
    const found = traces.get(what) ?? new Set()
    traces.set(what, found)
    for (const piece of pieces(secret)) found.add(piece)
    // Base64 of the same bytes depends on their position modulo three.
    for (const shift of [0, 1, 2]) {
      const encoded = Buffer.from('#'.repeat(shift) + secret).toString('base64')
      // The first and last characters depend on adjacent bytes.
      for (const piece of pieces(encoded.slice(4, -4))) found.add(piece)
    }
  }
  return {
    plant(what, bytes = 16) {
      const secret = randomBytes(bytes).toString('hex')
      watch(what, secret)
      return secret
    },
    watch,
    leaksIn: (text) =>
      [...traces]
        .filter(([, found]) => [...found].some((piece) => text.includes(piece)))
        .map(([what]) => what),
  }
}

function pieces(text: string): readonly string[] {
  return Array.from({ length: Math.max(0, text.length - shortestLeak + 1) }, (_, at) =>
    text.slice(at, at + shortestLeak),
  )
}
