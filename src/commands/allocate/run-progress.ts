import type { AllocationPhase, AllocationStatus } from '../../workflows/contract.ts'
import type { RunWait } from '../temporal/pending-activities.ts'

/** The step that each phase may wait at. */
const stepOf: Readonly<Record<AllocationPhase, string | undefined>> = {
  SelectingPool: 'selectIPPool',
  EnsuringClaim: 'ensureIPAddressClaim',
  AwaitingAddress: 'awaitIPAddress',
  ProbingAddress: 'probeAddress',
  PublishingName: 'publishDnsName',
  AssigningVip: 'assignVip',
  Done: undefined,
}

/**
 * The progress of a run for people: one line for each new phase and each new wait.
 *
 * @returns a function that returns each line only once. `phases` is the run's own answer, undefined if there is none;
 *   `waits` are as Temporal described them a moment earlier: the run may have made progress since
 */
export function createProgress(): (
  phases: AllocationStatus['roles'] | undefined,
  waits: readonly RunWait[],
) => readonly string[] {
  const phaseOf = new Map<string, string>()
  const shownWaits = new Map<string, RunWait>()
  return (phases, waits) => {
    const lines = Object.entries(phases ?? {})
      .map(([role, { phase, message }]): [string, string] => [role, `${role}: ${phase}, ${message}`])
      .filter(([role, line]) => phaseOf.get(role) !== line)
    for (const [role, line] of lines) phaseOf.set(role, line)
    const steps = phases && Object.values(phases).map(({ phase }) => stepOf[phase])
    const isPresent = ({ activity }: RunWait): boolean => steps?.includes(activity) ?? true
    // A wait is new again once its phase was left in between, but not if a wake has merely repeated it.
    for (const [words, wait] of shownWaits) if (!isPresent(wait)) shownWaits.delete(words)
    const newWaits = waits.filter((wait) => isPresent(wait) && !shownWaits.has(wordsFor(wait)))
    for (const wait of newWaits) shownWaits.set(wordsFor(wait), wait)
    return [...lines.map(([, line]) => line), ...newWaits.map((wait) => wordsFor(wait) + nextAttempt(wait))]
  }
}

function wordsFor({ activity, reason, message }: RunWait): string {
  return `${activity} waits, ${reason}: ${message}`
}

/** Apart from the words, since a longer retry interval alone is not news. */
function nextAttempt({ retrySeconds }: RunWait): string {
  return retrySeconds === undefined ? '' : ` (looks again in ${Math.max(1, retrySeconds)} s, or when woken)`
}
