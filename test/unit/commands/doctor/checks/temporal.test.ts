import type { Poller } from '../../../../../src/domain/workflow-run.ts'
import { describe, expect, it } from '@jest/globals'
import { checkNamespace, checkTaskQueue } from '../../../../../src/commands/doctor/checks/temporal.ts'

const now = Date.parse('2026-01-02T03:04:05Z')

function poller(options: Partial<Poller> = {}): Poller {
  return { identity: '7@host', build: undefined, lastPollAt: now - 60_000, ...options }
}

describe('a Temporal namespace', () => {
  it.each([
    [86_400, 'ok', 'namespace default exists and keeps closed runs for 1 d'],
    [7 * 86_400, 'ok', 'namespace default exists and keeps closed runs for 7 d'],
    [129_600, 'ok', 'namespace default exists and keeps closed runs for 1.5 d'],
    [86_399, 'warning', 'namespace default keeps closed runs for 24 h only'],
    [5400, 'warning', 'namespace default keeps closed runs for 1.5 h only'],
  ])('with a retention of %d s is %s', (retentionSeconds, level, found) => {
    expect(checkNamespace('default', retentionSeconds)[0]).toMatchObject({ level, found })
  })

  it('that forgets too soon gets a command to keep more', () => {
    expect(checkNamespace('vips', 3600)[0]?.fix).toBe(
      'temporal operator namespace update --namespace vips --retention 7d',
    )
  })
})

describe('a task queue', () => {
  const queue = { name: 'capi-vip-allocator', workflowPollers: [poller()], activityPollers: [poller()] }
  const fix = expect.stringContaining('start a worker on task queue capi-vip-allocator')

  it('is in order where a Worker polls it for both', () => {
    expect(checkTaskQueue(queue, now)).toEqual([
      { level: 'ok', found: 'task queue capi-vip-allocator is polled by 7@host' },
    ])
  })

  it('names each Worker once, with its build', () => {
    const pollers = [poller({ identity: 'b', build: '1.2.3' }), poller({ identity: 'a' })]
    const busy = { ...queue, workflowPollers: pollers, activityPollers: pollers }
    expect(checkTaskQueue(busy, now)[0]?.found).toBe(
      'task queue capi-vip-allocator is polled by a, b (build 1.2.3)',
    )
  })

  it.each([
    ['nobody', [], [], 'workflows and activities'],
    ['nobody for workflows', [], [poller()], 'workflows'],
    ['nobody for activities', [poller()], [], 'activities'],
  ])('is a fault where %s polls it', (_, workflowPollers, activityPollers, what) => {
    expect(checkTaskQueue({ ...queue, workflowPollers, activityPollers }, now)).toEqual([
      { level: 'fault', found: `nobody polls task queue capi-vip-allocator for ${what}`, fix },
    ])
  })

  it('is a fault where the last poll is too long ago', () => {
    const silent = [poller({ lastPollAt: now - 150_000 }), poller({ lastPollAt: now - 121_000 })]
    expect(checkTaskQueue({ ...queue, activityPollers: silent }, now)).toEqual([
      {
        level: 'fault',
        found: 'nobody polls task queue capi-vip-allocator for activities since 2026-01-02T03:02:04.000Z',
        fix,
      },
    ])
  })

  it('is in order if the last poll is unknown, or just not too long ago', () => {
    const quiet = {
      workflowPollers: [poller({ lastPollAt: undefined })],
      activityPollers: [poller({ lastPollAt: now - 120_000 })],
    }
    expect(checkTaskQueue({ ...queue, ...quiet }, now)[0]?.level).toBe('ok')
  })

  it('reports a clock that is ahead, by a poll in the future', () => {
    const ahead = { ...queue, workflowPollers: [poller({ lastPollAt: now + 5_000 })] }
    expect(checkTaskQueue(ahead, now)).toMatchObject([
      { level: 'ok' },
      {
        level: 'warning',
        found: "Temporal's clock is at least 5 s ahead of the one here",
        fix: 'synchronize the clocks, for example by NTP (chronyc tracking, timedatectl)',
      },
    ])
    const oneIsSilent = {
      ...queue,
      workflowPollers: [poller({ lastPollAt: undefined }), poller({ lastPollAt: now + 5_000 })],
    }
    expect(checkTaskQueue(oneIsSilent, now)).toHaveLength(2)
    const hardly = { ...queue, workflowPollers: [poller({ lastPollAt: now + 2_000 })] }
    expect(checkTaskQueue(hardly, now)).toHaveLength(1)
  })
})
