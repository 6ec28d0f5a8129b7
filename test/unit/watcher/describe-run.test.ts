import { describe, expect, it } from '@jest/globals'
import { progressOf } from '../../../src/watcher/describe-run.ts'

const now = Date.parse('2026-01-01T00:01:00Z')
const scheduled = 1
const started = 2

/** In the format of the server. */
function ago(ms: number): { seconds: number; nanos: number } {
  return { seconds: Math.floor((now - ms) / 1000), nanos: ((now - ms) % 1000) * 1e6 }
}

describe('the progress of a run', () => {
  it.each<[string, object, ReturnType<typeof progressOf>]>([
    [
      'that waits for its next attempt',
      {
        pendingActivities: [
          { state: scheduled, scheduledTime: ago(60_000), nextAttemptScheduleTime: ago(-5_000) },
        ],
      },
      { workflowTaskAttempt: 0, readyForMs: undefined, isWaiting: true },
    ],
    [
      'whose activity no Worker has begun when it was due',
      { pendingActivities: [{ state: scheduled, scheduledTime: ago(7_000) }] },
      { workflowTaskAttempt: 0, readyForMs: 7_000, isWaiting: false },
    ],
    [
      'whose activity is under way',
      { pendingActivities: [{ state: started, scheduledTime: ago(7_000) }] },
      { workflowTaskAttempt: 0, readyForMs: undefined, isWaiting: false },
    ],
    [
      'whose workflow task no Worker has begun',
      {
        pendingWorkflowTask: { state: scheduled, scheduledTime: ago(2_500), attempt: 4 },
        pendingActivities: [
          { state: scheduled, scheduledTime: ago(60_000), nextAttemptScheduleTime: ago(-5_000) },
        ],
      },
      { workflowTaskAttempt: 4, readyForMs: 2_500, isWaiting: false },
    ],
    [
      'whose workflow task is under way',
      { pendingWorkflowTask: { state: started, scheduledTime: ago(2_500), attempt: 1 } },
      { workflowTaskAttempt: 1, readyForMs: undefined, isWaiting: false },
    ],
  ])('%s', (_, raw, facts) => {
    expect(progressOf(raw, now)).toEqual(facts)
  })
})
