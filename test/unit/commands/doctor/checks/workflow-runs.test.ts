import { describe, expect, it } from '@jest/globals'
import {
  checkWorkflowRuns,
  type WorkflowRunFacts,
} from '../../../../../src/commands/doctor/checks/workflow-runs.ts'
import type { CheckOutcome } from '../../../../../src/commands/doctor/checks/check-result.ts'
import type { RunningWorkflow } from '../../../../../src/domain/workflow-run.ts'

const now = Date.parse('2026-01-02T03:04:05Z')
const them = { identity: '7@there', build: undefined, lastPollAt: now - 30_000 }

/** A run on our task queue that waits to look again. */
function aRun(name: string, options: Partial<RunningWorkflow> = {}): RunningWorkflow {
  return {
    workflowId: `allocate-vip/clusters/${name}`,
    runId: `run-of-${name}`,
    taskQueue: 'ours',
    pollers: [],
    workflowTaskAttempt: 0,
    readyForMs: undefined,
    isWaiting: true,
    beginsAt: undefined,
    ...options,
  }
}

function check(
  running: readonly RunningWorkflow[],
  facts: Partial<WorkflowRunFacts> = {},
): readonly CheckOutcome[] {
  return checkWorkflowRuns(
    { running, asked: running.length, passedOver: 0, ...facts },
    { taskQueue: 'ours', managementClusterUid: 'uid-a' },
    now,
  )
}

describe('the runs of Clusters that wait', () => {
  it('are in order where nobody waits', () => {
    expect(check([])).toEqual([{ level: 'ok', found: 'no Cluster waits for a VIP' }])
  })

  it('are in order where each waits to look again, or something is under way', () => {
    const busy = aRun('busy', { workflowTaskAttempt: 1, readyForMs: 100, isWaiting: false })
    expect(check([aRun('waits'), busy], { asked: 3 })).toEqual([
      {
        level: 'ok',
        found:
          '3 Clusters without a VIP, 2 runs: none is on another task queue, is held back, or fails its workflow task',
      },
    ])
  })

  it('say how many Clusters nobody has looked at', () => {
    expect(check([aRun('waits')], { passedOver: 7 })[0]?.found).toMatch(/; 7 more were not looked at$/)
  })

  it('are a fault where nobody polls their task queue, with the command that ends one', () => {
    expect(check([aRun('a', { taskQueue: 'dead' }), aRun('b', { taskQueue: 'dead' })])).toEqual([
      {
        level: 'fault',
        found:
          'nobody works on 2 runs on task queue "dead", not "ours": allocate-vip/clusters/a, allocate-vip/clusters/b',
        fix: expect.stringContaining('temporal workflow terminate --workflow-id allocate-vip/clusters/a'),
      },
    ])
  })

  it('are a fault if another installation has them, with how to separate the two', () => {
    expect(check([aRun('a', { taskQueue: 'theirs', pollers: [them] })])).toEqual([
      {
        level: 'fault',
        found: 'another installation has 1 run on task queue "theirs", not "ours": allocate-vip/clusters/a',
        fix: expect.stringMatching(/--task-queue.*--namespace or --watch-filter/),
      },
    ])
  })

  it('are a fault where a workflow task fails again and again', () => {
    const [found, ...others] = check([aRun('a', { workflowTaskAttempt: 3, isWaiting: false })])
    expect(others).toEqual([])
    expect(found).toMatchObject({
      level: 'fault',
      found: '1 run whose workflow task fails again and again: allocate-vip/clusters/a',
      fix: expect.stringContaining('temporal workflow show --workflow-id allocate-vip/clusters/a'),
    })
  })

  it('are one fault for each trouble and task queue, and those that are well are in none', () => {
    const found = check([
      aRun('well'),
      aRun('a', { taskQueue: 'dead' }),
      aRun('b', { taskQueue: 'theirs', pollers: [them] }),
      aRun('c', { taskQueue: 'deaf' }),
      aRun('d', { workflowTaskAttempt: 9, isWaiting: false }),
    ]).map((each) => each.found)
    expect(found).toHaveLength(4)
    expect(found.join()).not.toContain('clusters/well')
  })

  it('are named in a few, and counted', () => {
    const many = Array.from({ length: 8 }, (_, index) => aRun(`c${index}`, { taskQueue: 'dead' }))
    expect(check(many)[0]?.found).toMatch(/^nobody works on 8 runs .*c4 and 3 more$/)
  })

  it('are a fault where they are of another management cluster', () => {
    expect(check([aRun('a', { managementClusterUid: 'uid-b' }), aRun('b')])).toEqual([
      {
        level: 'fault',
        found: 'another management cluster has 1 run: allocate-vip/clusters/a',
        fix: expect.stringMatching(
          /--management-cluster.*temporal workflow terminate --workflow-id allocate-vip\/clusters\/a ends its run/,
        ),
      },
    ])
  })
})
