import type { AllocationPhase, AllocationStatus } from '../../workflows/contract.ts'
import type { RunWait } from '../temporal/pending-activities.ts'

/** What a person is told of a run: one line for each phase and wait that is new. */
export interface Progress {
  /**
   * @param phases what the run says of itself; undefined where it says nothing
   * @param waits what Temporal has said of it a moment before, so that the run may have got on since
   */
  news(phases: AllocationStatus['roles'] | undefined, waits: readonly RunWait[]): readonly string[]
}

/** The step at which each phase waits. */
const stepOf: Readonly<Record<AllocationPhase, string | undefined>> = {
  SelectingPool: 'selectIPPool',
  EnsuringClaim: 'ensureIPAddressClaim',
  AwaitingAddress: 'awaitIPAddress',
  AssigningVip: 'assignVip',
  Done: undefined,
}

/** Remembers what it has told already. */
export function createProgress(): Progress {
  const phaseOf = new Map<string, string>()
  const toldWaits = new Map<string, RunWait>()
  return {
    news: (phases, waits) => {
      const lines = Object.entries(phases ?? {})
        .map(([role, { phase, message }]): [string, string] => [role, `${role}: ${phase}, ${message}`])
        .filter(([role, line]) => phaseOf.get(role) !== line)
      for (const [role, line] of lines) phaseOf.set(role, line)
      const steps = phases && Object.values(phases).map(({ phase }) => stepOf[phase])
      const isPresent = ({ activity }: RunWait): boolean => steps?.includes(activity) ?? true
      // A wait that is met again after its phase was left is news, and one that a wake has repeated is not.
      for (const [words, wait] of toldWaits) if (!isPresent(wait)) toldWaits.delete(words)
      const newWaits = waits.filter((wait) => isPresent(wait) && !toldWaits.has(wordsFor(wait)))
      for (const wait of newWaits) toldWaits.set(wordsFor(wait), wait)
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
