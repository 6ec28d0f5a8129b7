import { describe, expect, it } from '@jest/globals'
import { diagnoseRun, type RunningWorkflow, type Poller } from '../../../src/domain/workflow-run.ts'
import { aRun } from '../../support/builders.ts'

const now = Date.parse('2026-01-01T00:00:00Z')
const ours = { taskQueue: 'ours', managementClusterUid: 'uid-a' }
const polling = aPoller('7@theirs', 30_000)

function aPoller(identity: string, agoMs: number): Poller {
  return { identity, build: undefined, lastPollAt: now - agoMs }
}

describe('a run', () => {
  it.each<[string, Partial<RunningWorkflow>, string]>([
    ['of ours that waits to look again is at work', { isWaiting: true }, 'at-work'],
    ['of ours with something under way may be about to end', {}, 'unclear'],
    ['of ours whose first workflow task was lost with a Worker', { workflowTaskAttempt: 2 }, 'unclear'],
    [
      'of ours that waits, and whose other activity nobody begins',
      { isWaiting: true, readyForMs: 4_000 },
      'unclear',
    ],
    ['of ours whose workflow task fails again and again', { workflowTaskAttempt: 3 }, 'failing'],
    ['of ours that has begun', { beginsAt: now - 60_000 }, 'unclear'],
    ['of ours that begins within a moment', { beginsAt: now + 1_000 }, 'unclear'],
    ['of ours that a start delay holds back', { beginsAt: now + 3_600_000 }, 'delayed'],
    [
      'of another management cluster that a start delay holds back is not ours to replace',
      { managementClusterUid: 'uid-b', beginsAt: now + 3_600_000 },
      'foreign',
    ],
    ['on a task queue that nobody has ever polled', { taskQueue: 'dead' }, 'abandoned'],
    [
      'on a task queue that nobody polls any more',
      { taskQueue: 'dead', pollers: [aPoller('7@gone', 121_000)] },
      'abandoned',
    ],
    [
      'on another task queue, whose task no Worker has taken',
      { taskQueue: 'theirs', pollers: [polling], readyForMs: 4_000 },
      'abandoned',
    ],
    [
      'on another task queue, whose task may be taken yet',
      { taskQueue: 'theirs', pollers: [polling], readyForMs: 100 },
      'unclear',
    ],
    [
      'on another task queue, whose Workers have it',
      { taskQueue: 'theirs', pollers: [polling] },
      'elsewhere',
    ],
    [
      'on another task queue, where its workflow task fails, is for those who have it',
      { taskQueue: 'theirs', pollers: [polling], workflowTaskAttempt: 9 },
      'elsewhere',
    ],
    [
      'of another management cluster is not ours, also on our task queue',
      { managementClusterUid: 'uid-b', isWaiting: true },
      'foreign',
    ],
    [
      'of another management cluster on a task queue that nobody polls is not ours to replace',
      { managementClusterUid: 'uid-b', taskQueue: 'dead' },
      'foreign',
    ],
    [
      'of another management cluster whose workflow task fails is not ours',
      { managementClusterUid: 'uid-b', workflowTaskAttempt: 9 },
      'foreign',
    ],
    [
      'of this management cluster on a task queue that nobody polls',
      { managementClusterUid: 'uid-a', taskQueue: 'dead' },
      'abandoned',
    ],
  ])('%s', (_, facts, verdict) => {
    expect(diagnoseRun(aRun(facts), ours, now).verdict).toBe(verdict)
  })

  it('that gets no further names itself, its task queue and what helps', () => {
    const messageOf = (facts: Partial<RunningWorkflow>): unknown => diagnoseRun(aRun(facts), ours, now)
    expect(messageOf({ taskQueue: 'theirs', pollers: [polling, polling] })).toEqual({
      verdict: 'elsewhere',
      message:
        'run run-1 of allocate-vip/clusters/demo is on task queue "theirs", not "ours", which 7@theirs polls: two installations serve the same Clusters; give both the same --task-queue, or other Clusters by --namespace or --watch-filter, or take one down',
    })
    expect(messageOf({ taskQueue: 'theirs', pollers: [polling], readyForMs: 12_300 })).toEqual({
      verdict: 'abandoned',
      message:
        'run run-1 of allocate-vip/clusters/demo is on task queue "theirs", not "ours", and no Worker has taken its task for 12 s (7@theirs polled last)',
    })
    expect(messageOf({ beginsAt: now + 3_600_000 })).toEqual({
      verdict: 'delayed',
      message:
        'run run-1 of allocate-vip/clusters/demo does not begin before 2026-01-01T01:00:00.000Z, by its start delay or cron schedule',
    })
    expect(messageOf({ workflowTaskAttempt: 5 })).toEqual({
      verdict: 'failing',
      message:
        'the workflow task of run run-1 of allocate-vip/clusters/demo fails again and again (attempt 5); look at its history, and end it by: temporal workflow terminate --workflow-id allocate-vip/clusters/demo, and the next look starts a new one',
    })
  })

  it('of another management cluster names both, and what helps', () => {
    expect(diagnoseRun(aRun({ managementClusterUid: 'uid-b' }), ours, now)).toEqual({
      verdict: 'foreign',
      message:
        'run run-1 of allocate-vip/clusters/demo is of another management cluster, whose namespace kube-system has uid uid-b; here it is uid-a, and it is left alone; give each management cluster a Temporal namespace of its own (TEMPORAL_NAMESPACE), or a name of its own (--management-cluster); if that management cluster is gone for good, look at its history, and end it by: temporal workflow terminate --workflow-id allocate-vip/clusters/demo',
    })
  })

  it('that names a management cluster is not replaced by an installation that does not know its own', () => {
    const unknown = { taskQueue: 'ours' }
    const verdictOf = (facts: Partial<RunningWorkflow>): string =>
      diagnoseRun(aRun(facts), unknown, now).verdict
    expect(verdictOf({ managementClusterUid: 'uid-b', taskQueue: 'dead' })).toBe('foreign')
    expect(verdictOf({ managementClusterUid: 'uid-b', isWaiting: true })).toBe('at-work')
    expect(verdictOf({ taskQueue: 'dead' })).toBe('abandoned')
    expect(verdictOf({ managementClusterUid: 'uid-b', beginsAt: now + 3_600_000 })).toBe('foreign')
    expect(verdictOf({ beginsAt: now + 3_600_000 })).toBe('delayed')
    expect(
      diagnoseRun(aRun({ managementClusterUid: 'uid-b', taskQueue: 'dead' }), unknown, now),
    ).toMatchObject({
      message: expect.stringMatching(
        /nobody polls that task queue; it is of the management cluster whose namespace kube-system has uid uid-b, and it is not known here whether that is this one, so it is left alone; look at its history/,
      ),
    })
  })
})
