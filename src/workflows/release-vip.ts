import {
  allHandlersFinished,
  condition,
  continueAsNew,
  defineSignal,
  log,
  proxyActivities,
  setCurrentDetails,
  setHandler,
  sleep,
  workflowInfo,
} from '@temporalio/workflow'
import type { Activities } from '../activities/index.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { escapeMarkdown } from '../domain/quote.ts'
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
 * remains, and its timer until when an address is kept.
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
    understandsKeep: true,
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
    const result = await runInterruptible(async () => {
      for (;;) {
        const confirmed = await activities(state).confirmRelease(state)
        if (confirmed.next !== 'keep') return confirmed
        state = { ...state, isFirst: false, held: confirmed.held }
        await keep(confirmed, input)
      }
    })
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

/** Milliseconds of one timer: a lost wake costs no more than a day. */
const longestTimerMs = 24 * 3_600_000

/** Characters of a timer's summary, which Temporal limits as that of an activity. */
const longestTimerSummary = 200

/** Sleeps for as long as nothing is to be done. A wake cancels it. */
async function keep(
  { until, message }: Extract<ConfirmReleaseResult, { readonly next: 'keep' }>,
  { namespace, name }: ReleaseVipInput,
): Promise<void> {
  const key = formatKey({ namespace, name })
  const leftMs = until === undefined ? Number.POSITIVE_INFINITY : Math.max(1, until - Date.now())
  log.info(message, { cluster: key })
  setCurrentDetails(escapeMarkdown(message))
  const summary =
    until === undefined
      ? `kept for ${key} until a person releases it`
      : `kept for ${key} until ${new Date(until).toISOString()}`
  await sleep(Math.min(leftMs, longestTimerMs), { summary: summary.slice(0, longestTimerSummary) })
}

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
