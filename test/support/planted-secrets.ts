import { randomBytes } from 'node:crypto'

/** Characters of a secret in a row that count as a leak: a part of one is enough to be found by. */
const telling = 10

/** Secrets that are nowhere else, and eyes that find them again, whole or in part, in plain text or encoded. */
export interface PlantedSecrets {
  /** A new secret, of hexadecimal digits. */
  plant(what: string, bytes?: number): string
  /** Watches for a secret that somebody else made. */
  watch(what: string, secret: string): void
  /** What the secrets were for that a text gives away. */
  leaksIn(text: string): readonly string[]
}

export function plantedSecrets(): PlantedSecrets {
  const traces = new Map<string, Set<string>>()
  const watch = (what: string, secret: string): void => {
    const found = traces.get(what) ?? new Set()
    traces.set(what, found)
    for (const piece of pieces(secret)) found.add(piece)
    // The same bytes look different in base64 at each of three positions.
    for (const shift of [0, 1, 2]) {
      const encoded = Buffer.from('#'.repeat(shift) + secret).toString('base64')
      // The first and last characters of it depend on what stands beside.
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
  return Array.from({ length: Math.max(0, text.length - telling + 1) }, (_, at) =>
    text.slice(at, at + telling),
  )
}
