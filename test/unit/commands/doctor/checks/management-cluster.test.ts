import { describe, expect, it } from '@jest/globals'
import type { CheckOutcome } from '../../../../../src/commands/doctor/checks/check-result.ts'
import {
  checkManagementCluster,
  type SharedQueueFacts,
} from '../../../../../src/commands/doctor/checks/management-cluster.ts'
import { workerIdentity } from '../../../../../src/domain/management-cluster.ts'

const now = Date.parse('2026-01-02T03:04:05Z')
const fix =
  'give each management cluster a Temporal namespace of its own (TEMPORAL_NAMESPACE), or a name of its own (--management-cluster); doctor has to be given those of the allocator too'

function aPoller(uid: string, agoMs = 0) {
  return { identity: workerIdentity('7@pod', uid), build: undefined, lastPollAt: now - agoMs }
}

function check(facts: Partial<SharedQueueFacts>): readonly CheckOutcome[] {
  return checkManagementCluster(
    {
      installation: { taskQueue: 'queue', managementClusterUid: 'uid-a' },
      uid: { read: 'uid-a' },
      taskQueue: { read: { name: 'queue', workflowPollers: [aPoller('uid-a')], activityPollers: [] } },
      runs: { read: [{ workflowId: 'ours', managementClusterUid: 'uid-a' }, { workflowId: 'by-hand' }] },
      ...facts,
    },
    now,
  )
}

describe('the management cluster', () => {
  it('is in order if no other one uses the task queue', () => {
    expect(check({})).toEqual([
      {
        level: 'ok',
        found: 'no other management cluster uses task queue queue; the uid of namespace kube-system is uid-a',
      },
    ])
  })

  it('meets another one whose Workers poll its task queue', () => {
    const taskQueue = {
      read: { name: 'queue', workflowPollers: [aPoller('uid-a')], activityPollers: [aPoller('uid-b')] },
    }
    expect(check({ taskQueue })).toEqual([
      {
        level: 'fault',
        found:
          'Workers of another management cluster poll task queue queue too: 7@pod (management cluster uid-b); here the uid of namespace kube-system is uid-a',
        fix,
      },
    ])
  })

  it('meets another one that has runs there, whether or not it has Workers', () => {
    const runs = {
      read: [{ workflowId: 'theirs', managementClusterUid: 'uid-b' }, { workflowId: 'by-hand' }],
    }
    expect(check({ runs })).toEqual([
      { level: 'fault', found: 'another management cluster has 1 run on task queue queue: theirs', fix },
    ])
  })

  it('does not count Workers that have stopped, nor what Temporal does not say', () => {
    const workflowPollers = [aPoller('uid-b', 121_000)]
    const taskQueue = { read: { name: 'queue', workflowPollers, activityPollers: [] } }
    expect(check({ taskQueue })[0]?.level).toBe('ok')
    expect(check({ taskQueue: { unread: 'away' }, runs: { unread: 'away' } })[0]?.level).toBe('ok')
  })

  it('that cannot be identified is a warning', () => {
    const installation = { taskQueue: 'queue' }
    expect(check({ installation, uid: { unread: 'get Namespace kube-system: forbidden' } })).toEqual([
      {
        level: 'warning',
        found:
          'which management cluster this is cannot be read, so runs name none: get Namespace kube-system: forbidden',
        fix: expect.stringContaining('permit to get Namespace kube-system'),
      },
    ])
  })
})
