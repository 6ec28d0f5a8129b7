import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineQuery,
  defineSignal,
  defineUpdate,
  log,
  setCurrentDetails,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { LogMetadata } from '@temporalio/common'
import { formatKey, type NamespacedName } from '../domain/model/object-meta.ts'
import { formatPool } from '../domain/model/pool.ts'
import { alsoSaying } from '../domain/quote.ts'
import { defaultRole, type Role } from '../domain/role.ts'
import { allocateRole } from './allocate-role.ts'
import {
  parseAllocateVipInput,
  parseWaitingNews,
  retryNowUpdate,
  statusQuery,
  waitingSignal,
  wakeSignal,
  type AllocateVipResult,
  type AllocationStatus,
  type RoleResult,
  type RoleStatus,
} from './contract.ts'
import { describeStatus } from './describe-status.ts'
import { createSearchAttributeRecorder } from './search-attribute-recorder.ts'
import { readArgument } from './read-argument.ts'
import { createStatusRecord } from './status-record.ts'
import { createWakeUp, type RoleWakeUp, type WakeUp } from './wake-up.ts'

export const wake = defineSignal<[string?]>(wakeSignal)
export const status = defineQuery<AllocationStatus>(statusQuery)
export const waiting = defineSignal<[unknown]>(waitingSignal)
export const retryNow = defineUpdate<AllocationStatus, [string?]>(retryNowUpdate)

/**
 * Gives a Cluster its VIPs, however long that takes. Ends when the Cluster is served, needs nothing, or is gone; a
 * Cluster re-created under the same name gets a new run under the same id. The control plane goes first; what else the
 * Cluster wants is allocated beside it, each on its own.
 *
 * @param args one object, `{ namespace, name }`; anything else fails the run at once with `InvalidInput`
 */
export async function allocateVip(...args: readonly unknown[]): Promise<AllocateVipResult> {
  const cluster = readArgument(() => parseAllocateVipInput(args, workflowInfo().workflowId))
  const startAnew = async (): Promise<never> => {
    await condition(() => allHandlersFinished() && !wakeUp.isBusy())
    return continueAsNew<typeof allocateVip>(cluster)
  }
  const wakeUp = createWakeUp(startAnew)
  const record = createStatusRecord(cluster)
  const findable = createSearchAttributeRecorder()
  const pace = { isAtOnce: true }
  const wakeUps = new Map<Role, RoleWakeUp>()
  const show = (): void => setCurrentDetails(describeStatus(record.report(wakeUp.recent)))
  handleMessages(wakeUp, () => record.report(wakeUp.recent))
  setHandler(
    waiting,
    (argument) => {
      const news = parseWaitingNews(argument)
      if (news === undefined) return
      if (news.isLeft) record.duplicate(news.role, news.message)
      else {
        record.waits(news, new Date())
        wakeUps.get(news.role)?.waits(news.scheduledAt)
      }
      show()
      findable.learn(news.searchable)
      if (!wakeUp.isHeld()) findable.update(record.report(wakeUp.recent))
    },
    { description: 'Sent by the steps of this run: what they wait for' },
  )
  const progress = (role: Role, news: Partial<RoleStatus>): void => {
    record.progress(role, news)
    show()
  }

  const begun = new Set<Role>()
  const results = new Map<Role, RoleResult>()
  /** Why a VIP is not the address that the Cluster's annotation named. A later pass finds the choice made. */
  const passedOver = new Map<Role, string>()
  const isSettled = (): boolean => results.size === begun.size
  const failure = Promise.withResolvers<never>()

  const begin = (role: Role): void => {
    if (begun.has(role)) return
    begun.add(role)
    serve(role).catch(failure.reject)
  }

  /** Allocates for one role; and again when somebody wakes the run while another role still waits. */
  const serve = async (role: Role): Promise<void> => {
    const own = wakeUp.forRole()
    wakeUps.set(role, own)
    do {
      results.delete(role)
      results.set(role, await untilResult(role, own))
      await condition(() => !wakeUp.isHeld() && (own.isPending() || isSettled()))
    } while (own.isPending())
  }

  const untilResult = async (role: Role, own: RoleWakeUp): Promise<RoleResult> => {
    for (;;) {
      const ended = await allocateRole({
        cluster,
        role,
        wakeUp: own,
        pace,
        progress: (news) => progress(role, news),
        onDuplicate: (message) => record.duplicate(role, message),
        onSelected: ({ uid, alsoWanted = [], searchable = [], insteadOf }) => {
          if (insteadOf !== undefined) passedOver.set(role, insteadOf)
          record.selected(uid)
          findable.learn(searchable)
          alsoWanted.forEach(begin)
        },
      })
      if (ended.pass === 'replaced') return startAnew()
      if (ended.pass === 'done' && !own.isPending()) return finished(role, ended.result)
      if (workflowInfo().continueAsNewSuggested) return startAnew()
    }
  }

  const finished = (role: Role, ended: RoleResult): RoleResult => {
    const more = ended.outcome === 'allocated' ? passedOver.get(role) : undefined
    const result = { ...ended, message: alsoSaying(ended.message, more) }
    progress(role, { phase: 'Done', message: result.message, reason: result.reason })
    log.info(result.message, logFieldsOf(cluster, role, result))
    return result
  }

  begin(defaultRole)
  do {
    await Promise.race([failure.promise, condition(isSettled)])
    await condition(allHandlersFinished)
  } while (!isSettled())
  findable.update(record.report(wakeUp.recent))
  return { cluster: { ...cluster, uid: record.uid() }, roles: Object.fromEntries(results) }
}

/** An outcome's facts for its log line, under the names that every line has. */
function logFieldsOf(
  cluster: NamespacedName,
  role: Role,
  { reason, address, pool, claim }: RoleResult,
): LogMetadata {
  return {
    cluster: formatKey(cluster),
    role,
    reason,
    ...(address !== undefined && { address }),
    ...(pool !== undefined && { pool: formatPool(pool) }),
    ...(claim !== undefined && { claim }),
  }
}

function handleMessages(wakeUp: WakeUp, report: () => AllocationStatus): void {
  setHandler(status, report, { description: 'Where the allocation is, and why' })
  setHandler(wake, (reason) => wakeUp.wake(inWords(reason, 'woken')), {
    description: 'Look again now; the reason given is kept in the status',
  })
  setHandler(
    retryNow,
    (reason) => {
      wakeUp.wakeByUpdate(inWords(reason, 'retried by hand'))
      return report()
    },
    { description: 'Look again now, and answer with the status' },
  )
}

function inWords(reason: unknown, otherwise: string): string {
  return typeof reason === 'string' && reason !== '' ? reason : otherwise
}
