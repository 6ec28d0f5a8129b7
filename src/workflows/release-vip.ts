import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  log,
  proxyActivities,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { describeRelease, readableHeld } from '../domain/release/release.ts'
import { step } from './activity-policies.ts'
import {
  managementClusterIn,
  parseReleaseVipInput,
  wakeSignal,
  type ConfirmReleaseInput,
  type ConfirmReleaseResult,
  type ReleaseVipInput,
  type ReleaseVipResult,
} from './contract.ts'
import { readArgument } from './read-argument.ts'
import { createWakeUp } from './wake-up.ts'

const wake = defineSignal<[string?]>(wakeSignal)

/**
 * Confirms that claims and addresses of a deleted Cluster are gone, and ends when they are. Its pending activity shows what
 * remains.
 *
 * @param args one object, `{ namespace, name, uid }`; anything else fails the run at once with `InvalidInput`
 */
export async function releaseVip(...args: readonly unknown[]): Promise<ReleaseVipResult> {
  const began = Date.now()
  const input = readArgument(() => parseReleaseVipInput(args))
  let state: ConfirmReleaseInput = {
    ...input,
    ...managementClusterIn(workflowInfo().memo),
    isFirst: true,
    held: input.held ?? [],
  }
  const wakeUp = createWakeUp(async () => {
    await condition(allHandlersFinished)
    return continueAsNew<typeof releaseVip>({ ...input, held: readableHeld(state.held) })
  })
  const { runInterruptible, waits } = wakeUp.forRole()
  const repeatOnWake = (): void => waits(Number.POSITIVE_INFINITY)
  const onWake = (reason?: string): void => {
    if (Date.now() - began >= firstStepMs) repeatOnWake()
    wakeUp.wake(typeof reason === 'string' ? reason : '')
  }
  setHandler(wake, onWake, { description: 'Look again now' })
  for (;;) {
    const result = await runInterruptible(() => activities(state).confirmRelease(state))
    if (result.next === 'released') return released(input, result, began)
    const { held, isGone } = result
    state = { ...state, isFirst: false, held, ...(isGone && { goneSince: state.goneSince ?? Date.now() }) }
    repeatOnWake()
  }
}

/**
 * Milliseconds for which a wake does not repeat the first step, which polls by itself: the claims of a deleted Cluster, whose
 * deletion wakes the run, go while it does. One that takes longer fails, and waits for its next attempt.
 */
const firstStepMs = 30_000

/** Characters for addresses: Temporal accepts no summary above 400 bytes. */
const longestSummary = 100

function activities({ held, ...cluster }: ConfirmReleaseInput): Activities {
  const addresses = held.flatMap(({ address = [] }) => address).join(', ')
  const summary = `release of ${addresses.slice(0, longestSummary) || 'all'} by ${formatKey(cluster)}`
  return proxyActivities<Activities>({ ...step, summary })
}

function released(
  { namespace, name, uid }: ReleaseVipInput,
  { held, because }: Extract<ConfirmReleaseResult, { next: 'released' }>,
  began: number,
): ReleaseVipResult {
  const cluster = { namespace, name, uid }
  const seconds = Math.round((Date.now() - began) / 100) / 10
  const message = because ?? describeRelease(cluster, held, seconds)
  log.info(message, { cluster: formatKey(cluster) })
  return { cluster, released: held, seconds, message }
}
