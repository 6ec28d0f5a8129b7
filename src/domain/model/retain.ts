import { parseDuration } from './duration.ts'
import type { IPPool } from './pool.ts'
import { retainAnnotation } from '../names.ts'
import { quoted } from '../quote.ts'

/** Retains an address until a person releases it. */
export const always = 'always'

/** A claim of a pool that retains nothing goes with its Cluster. */
export const none = 'none'

/** What the value of the annotation is expected to be. */
export const retainSyntax = `a duration such as 24h or 1h30m (units ms, s, m and h, at most 876000h), or ${always}`

/** A hundred years. No time beyond it can be written. */
const longestMs = 876_000 * 3_600_000

/** Milliseconds for which addresses are kept, infinitely many for `always`; undefined if the text is unreadable. */
export function parseRetain(text: string): number | undefined {
  if (text.trim() === always) return Number.POSITIVE_INFINITY
  const ms = parseDuration(text.trim())
  return ms === undefined || ms > longestMs ? undefined : ms
}

/** What a pool asks for: a text that can be read, or `none`; undefined if its annotation is unreadable. */
export function retainOf({ annotations }: Pick<IPPool, 'annotations'>): string | undefined {
  const text = annotations[retainAnnotation]?.trim()
  if (text === undefined) return none
  const ms = parseRetain(text)
  return ms === undefined ? undefined : ms === 0 ? none : text
}

/** Whether a pool may have kept addresses of Clusters that are gone: so it says now, or cannot be read. */
export function retainsAddresses(pool: Pick<IPPool, 'annotations'>): boolean {
  return retainOf(pool) !== none
}

/** Why a pool's annotation cannot be followed; undefined if it can. */
export function whyRetainUnreadable(pool: Pick<IPPool, 'annotations'>): string | undefined {
  return retainOf(pool) === undefined
    ? `${retainAnnotation} is ${quoted(pool.annotations[retainAnnotation])}, expected ${retainSyntax}`
    : undefined
}

/** A part of what is wanted of a claim. @param retain as `retainOf` its pool says; undefined: nobody knows */
export function retaining(retain: string | undefined): { readonly retain?: string } {
  return retain === undefined || retain === none ? {} : { retain }
}
