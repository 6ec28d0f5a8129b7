import type { AwaitIPAddressResult } from '../domain/allocation/steps.ts'
import { claimPollTimeoutMs, fastPathPollTimeoutAfter } from '../domain/timings.ts'
import type { Look } from './run-step.ts'

/** For how long claims are looked at, by what came of the looks before. */
export interface ClaimWaitBudget {
  /** Looks for the milliseconds that a look is worth now. */
  readonly spend: (
    look: Look,
    watch: (patienceMs: number) => Promise<AwaitIPAddressResult>,
  ) => Promise<AwaitIPAddressResult>
}

/** All patience, until looks at once are in vain. */
export function createClaimWaitBudget(): ClaimWaitBudget {
  let inVain = 0
  return {
    async spend(look, watch) {
      if (look !== 'at-once') return watch(look === 'first' ? claimPollTimeoutMs : 0)
      let isBound = false
      try {
        const answer = await watch(fastPathPollTimeoutAfter(inVain))
        isBound = answer.next === 'assign'
        return answer
      } finally {
        inVain = isBound ? 0 : inVain + 1
      }
    },
  }
}
