import { takeSteps, type Steps } from '../domain/allocation/steps.ts'
import type { AllocateAtOnceInput, AllocateAtOnceResult } from '../workflows/contract.ts'
import { FastPathAbandoned } from './failures.ts'

/**
 * The fast path: takes the steps one after the other, as far as each makes progress. What comes in between is left to the
 * step's own activity, which finds done what was done here.
 *
 * @param steps that abandon the fast path instead of waiting
 */
export async function allocateAtOnce(
  steps: Steps,
  { cluster, role, startedAt }: AllocateAtOnceInput,
): Promise<AllocateAtOnceResult> {
  let made: AllocateAtOnceResult = {}
  const keep = async <R extends { readonly next: string }, N extends R['next']>(
    answer: Promise<R>,
    next: N,
    as: (kept: Extract<R, { readonly next: N }>) => AllocateAtOnceResult,
  ): Promise<Extract<R, { readonly next: N }>> => {
    const kept = await answer
    if (!isNext(kept, next)) throw new FastPathAbandoned(`the answer is "${kept.next}"`)
    made = { ...made, ...as(kept) }
    return kept
  }
  try {
    await takeSteps(
      {
        selectIPPool: (input) =>
          keep(steps.selectIPPool(input), 'claim', (selectIPPool) => ({ selectIPPool })),
        ensureIPAddressClaim: (input) =>
          keep(steps.ensureIPAddressClaim(input), 'await', (ensureIPAddressClaim) => ({
            ensureIPAddressClaim,
          })),
        awaitIPAddress: (input) =>
          keep(steps.awaitIPAddress(input), 'assign', (awaitIPAddress) => ({ awaitIPAddress })),
        assignVip: (input) => keep(steps.assignVip(input), 'assigned', (assignVip) => ({ assignVip })),
      },
      { cluster, role },
      startedAt,
    )
    return made
  } catch (failure) {
    if (!(failure instanceof FastPathAbandoned)) throw failure
    return { ...made, left: failure.message }
  }
}

function isNext<R extends { readonly next: string }, N extends R['next']>(
  answer: R,
  next: N,
): answer is Extract<R, { readonly next: N }> {
  return answer.next === next
}
