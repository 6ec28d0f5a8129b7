import { setTimeout as delay } from 'node:timers/promises'
import { messageOf } from '../../dev/stack/errors.ts'

/** Somebody who can say how things stand, where a wait was in vain. */
export interface EvidenceSource {
  /** What it tells of; a later source of the same title takes its place. */
  readonly title: string
  /** @param about what was waited for, in words: what they name comes first */
  readonly tell: (about: string) => Promise<string>
}

export interface EvidenceLimits {
  /** Milliseconds for all sources together: a test must fail by its wait, and not by its own time limit. */
  readonly withinMs: number
  /** Characters of each source. */
  readonly length: number
}

const limits: EvidenceLimits = { withinMs: 15_000, length: 20_000 }

const sources = new Map<string, EvidenceSource>()
/** Several waits that give up at once have the same to say. */
let underWay: Promise<string> | undefined

/** Has every wait that gives up say what this source tells. Returns how to end that. */
export function offerEvidence(source: EvidenceSource): () => void {
  sources.set(source.title, source)
  return () => {
    if (sources.get(source.title) === source) sources.delete(source.title)
  }
}

/** What all sources tell now, each within limits. Never rejects. */
export function gatherEvidence(about: string, within = limits): Promise<string> {
  underWay ??= gather(about, within).finally(() => {
    underWay = undefined
  })
  return underWay
}

/** The error of a wait that gives up, with the evidence. Never rejects. @param cause why the last look failed */
export async function timeoutError(what: string, cause?: unknown): Promise<Error> {
  const message = `timed out waiting for ${what}`
  const evidence = await gatherEvidence(message)
  return new Error(evidence === '' ? message : `${message}\n\n${evidence}\n`, { cause })
}

async function gather(about: string, { withinMs, length }: EvidenceLimits): Promise<string> {
  const over = new AbortController()
  const late = delay(withinMs, `nothing told within ${withinMs / 1000} s`, { signal: over.signal })
  // Ended by us, which is no failure.
  late.catch(() => undefined)
  const told = await Promise.all(
    [...sources.values()].map(async ({ title, tell }) => {
      // In a function of its own, so that it does not matter how a source fails.
      const words = (async () => tell(about))().catch((error: unknown) => `cannot tell: ${messageOf(error)}`)
      return `── ${title} ──\n${shortened(await Promise.race([words, late]), length)}`
    }),
  )
  over.abort()
  return told.join('\n\n')
}

/** Begin and end of a text that is too long: sources tell first what matters most, and logs have it last. */
function shortened(text: string, length: number): string {
  const half = Math.floor(length / 2)
  const left = text.length - 2 * half
  return left <= 0 ? text : `${text.slice(0, half)}\n… ${left} characters left out …\n${text.slice(-half)}`
}
