import { proxyLocalActivities } from '@temporalio/workflow'

const { nothing } = proxyLocalActivities<{ nothing(id: string): Promise<void> }>({
  scheduleToCloseTimeout: '5 seconds',
})

/** The least that an allocation on the fast path asks of Temporal: a run with one local activity. */
export async function emptyRun(id: string): Promise<void> {
  await nothing(id)
}
