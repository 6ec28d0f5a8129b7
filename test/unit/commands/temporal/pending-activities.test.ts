import { describe, expect, it } from '@jest/globals'
import { pendingActivitiesIn, waitsIn } from '../../../../src/commands/temporal/pending-activities.ts'

/** What Temporal answers about a run, as far as it is looked at. */
function raw(pendingActivities: readonly object[] | undefined): Parameters<typeof pendingActivitiesIn>[0] {
  return { pendingActivities } as Parameters<typeof pendingActivitiesIn>[0]
}

describe('a step that a run is at', () => {
  it('says why it waits, and when it looks again', () => {
    const pending = {
      activityType: { name: 'selectIPPool' },
      attempt: 4,
      lastFailure: {
        message: 'there is no pool at all',
        applicationFailureInfo: { type: 'NoMatchingPool' },
      },
      // A Long, as gRPC gives it.
      nextAttemptScheduleTime: { seconds: { toString: () => '1767322800' }, nanos: 500_000_000 },
    }
    expect(pendingActivitiesIn(raw([pending]))).toEqual([
      {
        activity: 'selectIPPool',
        attempt: 4,
        reason: 'NoMatchingPool',
        message: 'there is no pool at all',
        nextLook: '2026-01-02T03:00:00.500Z',
      },
    ])
  })

  it('is being tried where no time is set, and has no reason before it has failed', () => {
    expect(pendingActivitiesIn(raw([{ activityType: { name: 'assignVip' }, attempt: 1 }]))).toEqual([
      { activity: 'assignVip', attempt: 1 },
    ])
  })

  it('is none in a run that is over', () => {
    expect(pendingActivitiesIn(raw(undefined))).toEqual([])
    expect(waitsIn(raw(undefined))).toEqual([])
  })
})

describe('a wait of a run', () => {
  it('is a step that has failed, with its reason and how long it is from look to look', () => {
    const failed = {
      activityType: { name: 'awaitIPAddress' },
      lastFailure: { message: 'not ready', applicationFailureInfo: { type: 'PoolNotReady' } },
      currentRetryInterval: { seconds: { toString: () => '30' } },
    }
    expect(waitsIn(raw([failed, { activityType: { name: 'assignVip' }, attempt: 1 }]))).toEqual([
      { activity: 'awaitIPAddress', reason: 'PoolNotReady', message: 'not ready', retrySeconds: 30 },
    ])
  })

  it('has no time where Temporal gives none', () => {
    const failed = { activityType: { name: 'assignVip' }, lastFailure: { message: 'away' } }
    expect(waitsIn(raw([failed]))).toEqual([
      { activity: 'assignVip', reason: '', message: 'away', retrySeconds: undefined },
    ])
  })
})
