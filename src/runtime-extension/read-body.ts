import type { IncomingMessage } from 'node:http'

/** The memory for bodies of requests that are read at the same time. */
export interface BodyBudget {
  /** The JSON of a body. */
  read(request: IncomingMessage): Promise<BodyReading>
}

export type BodyReading =
  | { readonly body: unknown }
  /** HTTP status, and why the body is not read. */
  | { readonly status: 400 | 413 | 503; readonly why: string }

export interface BodyLimits {
  /** Bytes of one body: several times what core sends for a topology of hundreds of MachineDeployments. */
  readonly body: number
  /** Bytes of all bodies. */
  readonly all: number
}

export const defaultBodyLimits: BodyLimits = { body: 16 * 2 ** 20, all: 64 * 2 ** 20 }

export function createBodyBudget(limits: BodyLimits = defaultBodyLimits): BodyBudget {
  let used = 0
  return {
    async read(request) {
      const chunks: Buffer[] = []
      let size = 0
      try {
        for await (const chunk of request as AsyncIterable<Buffer>) {
          size += chunk.length
          used += chunk.length
          if (size > limits.body) {
            return { status: 413, why: `the body is larger than ${limits.body} bytes` }
          }
          if (used > limits.all) return { status: 503, why: 'too many bodies are being read; try again' }
          chunks.push(chunk)
        }
        return { body: JSON.parse(Buffer.concat(chunks).toString('utf8')) }
      } catch {
        // The connection may be gone, and then nobody reads the answer.
        return { status: 400, why: 'the body cannot be read, expected JSON' }
      } finally {
        used -= size
      }
    },
  }
}
