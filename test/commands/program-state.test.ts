import { describe, expect, it } from '@jest/globals'
import { programState } from '../../src/commands/program/program-state.ts'
import type { RunningWatcher } from '../../src/commands/program/watcher.ts'
import type { Check } from '../../src/observability/health.ts'
import type { WatchHealth } from '../../src/kubernetes/watch-types.ts'

const well: WatchHealth = {
  resource: 'clusters',
  synced: true,
  lastListAt: Date.now(),
  lastContactAt: Date.now(),
  lists: 1,
  reconnects: 0,
  expired: 0,
  failures: 0,
  drift: 0,
  untold: [],
  lastError: undefined,
}

/** What `/readyz` says of a watch. */
function checkOf(health: Partial<WatchHealth>): Check | undefined {
  const away = { current: undefined }
  const loop = { starved: () => undefined, stop: () => undefined }
  const state = programState('watcher', { apiServer: away, temporal: away }, loop)
  state.watcherStarted({
    health: () => [{ ...well, ...health }],
    dispatcher: { lastError: undefined },
  } as unknown as RunningWatcher)
  return state.checks()['watch-clusters']
}

describe('a watch', () => {
  it('is listening', () => {
    expect(checkOf({})).toEqual({ ok: true, detail: 'listening' })
  })

  it('is not ready before its first list, and where it hears nothing', () => {
    expect(checkOf({ synced: false })).toEqual({ ok: false, detail: 'first list under way' })
    expect(checkOf({ lastContactAt: 0, lastError: 'away' })).toEqual({
      ok: false,
      detail: expect.stringMatching(/^heard nothing for \d+ s: away$/),
    })
  })

  it('names the objects whose changes were not taken in, and is ready all the same', () => {
    expect(checkOf({ untold: ['clusters/a'] })).toEqual({
      ok: true,
      detail: 'listening, but the change of clusters/a is taken in only with the next list',
    })
    const many = ['clusters/a', 'clusters/b', 'clusters/c', 'clusters/d']
    expect(checkOf({ untold: many })?.detail).toContain('clusters/a, clusters/b, clusters/c, … is taken')
  })
})
