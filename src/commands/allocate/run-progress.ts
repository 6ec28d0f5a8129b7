import type { AllocationStatus } from '../../workflows/contract.ts'
import type { RunWait } from '../pending-activities.ts'

/** What a person is told of a run: one line for each phase and wait that is new. */
export interface Progress {
  /** @param phases what the run says of itself; undefined where it says nothing */
  news(phases: AllocationStatus['roles'] | undefined, waits: readonly RunWait[]): readonly string[]
}

/** Remembers what it has told already. */
export function createProgress(): Progress {
  const phaseOf = new Map<string, string>()
  const toldWaits = new Set<string>()
  return {
    news: (phases, waits) => {
      const lines = Object.entries(phases ?? {})
        .map(([role, { phase, message }]): [string, string] => [role, `${role}: ${phase}, ${message}`])
        .filter(([role, line]) => phaseOf.get(role) !== line)
      for (const [role, line] of lines) phaseOf.set(role, line)
      // A wait that is met again in another phase is news, and one that a wake has repeated is not.
      if (lines.length > 0) toldWaits.clear()
      const newWaits = waits.filter((wait) => !toldWaits.has(wordsFor(wait)))
      for (const wait of newWaits) toldWaits.add(wordsFor(wait))
      return [...lines.map(([, line]) => line), ...newWaits.map((wait) => wordsFor(wait) + nextLook(wait))]
    },
  }
}

function wordsFor({ activity, reason, message }: RunWait): string {
  return `${activity} waits, ${reason}: ${message}`
}

/** How long it waits grows from look to look, and is no news. */
function nextLook({ retrySeconds }: RunWait): string {
  return retrySeconds === undefined ? '' : ` (looks again in ${Math.max(1, retrySeconds)} s, or when woken)`
}
