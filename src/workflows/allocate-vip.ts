import {
  allHandlersFinished,
  ApplicationFailure,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import { formatKey, type NamespacedName } from '../domain/object-meta.ts'
import { allocateRole } from './allocate-role.ts'
import {
  invalidInput,
  parseAllocateVipInput,
  retryNowUpdate,
  statusQuery,
  wakeSignal,
  type AllocateVipResult,
  type AllocationStatus,
} from './contract.ts'
import { createWakeUp, type WakeUp } from './wake-up.ts'

export const wake = defineSignal<[string?]>(wakeSignal)
export const status = defineQuery<AllocationStatus>(statusQuery)
export const retryNow = defineUpdate<AllocationStatus, [string?]>(retryNowUpdate)

/**
 * Gives a Cluster its control-plane VIP, however long that takes. Ends when the Cluster is served, needs
 * nothing, or is gone; a Cluster re-created under the same name gets a new run under the same id.
 *
 * @param args one object, `{ namespace, name }`; anything else fails the run at once with `InvalidInput`
 */
export async function allocateVip(...args: readonly unknown[]): Promise<AllocateVipResult> {
  const cluster = clusterIn(args)
  const role = 'control-plane'
  const startAnew = async (): Promise<never> => {
    await condition(allHandlersFinished)
    return continueAsNew<typeof allocateVip>(cluster)
  }
  const wakeUp = createWakeUp(startAnew)
  let current: AllocationStatus = {
    cluster,
    role,
    phase: 'SelectingPool',
    message: 'starting',
    considered: [],
    wakes: [],
  }
  handleMessages(wakeUp, () => ({ ...current, wakes: wakeUp.recent }))
  const progress = (news: Partial<AllocationStatus>): void => {
    current = { ...current, ...news }
  }

  for (;;) {
    const ended = await allocateRole({ cluster, role, untilDone: wakeUp.untilDone, progress })
    if (ended.pass === 'replaced') return startAnew()
    if (ended.pass === 'restart' || wakeUp.isPending) {
      if (workflowInfo().continueAsNewSuggested) return startAnew()
      continue
    }
    const { uid, result } = ended
    progress({ phase: 'Done', message: result.message })
    log.info(result.message, { cluster: formatKey(cluster), role, reason: result.reason })
    await condition(allHandlersFinished)
    return { cluster: { ...cluster, uid }, roles: { [role]: result } }
  }
}

function handleMessages(wakeUp: WakeUp, report: () => AllocationStatus): void {
  const look = (reason: unknown, otherwise: string): void =>
    wakeUp.wake(typeof reason === 'string' && reason !== '' ? reason : otherwise)
  setHandler(status, report, { description: 'Where the allocation is, and why' })
  setHandler(wake, (reason) => look(reason, 'woken'), {
    description: 'Look again now; the reason given is kept in the status',
  })
  setHandler(
    retryNow,
    (reason) => {
      look(reason, 'retried by hand')
      return report()
    },
    { description: 'Look again now, and answer with the status' },
  )
}

function clusterIn(args: readonly unknown[]): NamespacedName {
  try {
    return parseAllocateVipInput(args)
  } catch (error) {
    throw ApplicationFailure.nonRetryable(
      error instanceof Error ? error.message : String(error),
      invalidInput,
    )
  }
}
