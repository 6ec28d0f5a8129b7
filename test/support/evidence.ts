import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../../dev/stack/errors.ts'

/** A source of diagnostics for a wait that times out. */
export interface EvidenceSource {
  /** Heading; a later source with the same title replaces it. */
  readonly title: string
  /** @param about what was awaited: objects named in it come first */
  readonly collect: (about: string) => Promise<string>
}

export interface EvidenceLimits {
  /** Time limit for all sources together: a test must fail by its wait, not by its own time limit. */
  readonly withinMs: number
  /** Maximum length of each source. */
  readonly length: number
}

const limits: EvidenceLimits = { withinMs: 15_000, length: 20_000 }

const sources = new Map<string, EvidenceSource>()
/** Shared by waits that time out at the same time. */
let underWay: Promise<string> | undefined

/** Adds a source to the error of every wait that times out. Returns the function that removes it. */
export function offerEvidence(source: EvidenceSource): () => void {
  sources.set(source.title, source)
  return () => {
    if (sources.get(source.title) === source) sources.delete(source.title)
  }
}

/** Collects all sources, within limits. Never rejects. */
export function gatherEvidence(about: string, within = limits): Promise<string> {
  underWay ??= gather(about, within).finally(() => {
    underWay = undefined
  })
  return underWay
}

/** The error of a wait that times out, with all evidence. Never rejects. @param cause of the last failed attempt */
export async function timeoutError(what: string, cause?: unknown): Promise<Error> {
  const message = `timed out waiting for ${what}`
  const evidence = await gatherEvidence(message)
  return new Error(evidence === '' ? message : `${message}\n\n${evidence}\n`, { cause })
}

async function gather(about: string, { withinMs, length }: EvidenceLimits): Promise<string> {
  const over = new AbortController()
  const late = delay(withinMs, `no answer within ${withinMs / 1000} s`, { signal: over.signal })
  // Aborted below.
  late.catch(() => undefined)
  const sections = await Promise.all(
    [...sources.values()].map(async ({ title, collect }) => {
      // Also catches synchronous errors.
      const text = (async () => collect(about))().catch((error: unknown) => `failed: ${messageOf(error)}`)
      return `── ${title} ──\n${shortened(await Promise.race([text, late]), length)}`
    }),
  )
  over.abort()
  return sections.join('\n\n')
}

/** Keeps the beginning, where sources put what matters most, and the end, where logs have it. */
function shortened(text: string, length: number): string {
  const half = Math.floor(length / 2)
  const left = text.length - 2 * half
  return left <= 0 ? text : `${text.slice(0, half)}\n… ${left} characters left out …\n${text.slice(-half)}`
}
