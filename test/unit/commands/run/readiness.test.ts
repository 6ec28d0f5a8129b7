import { describe, expect, it } from '@jest/globals'
import { healthOf } from '../../../../src/commands/run/readiness.ts'
import type { Check } from '../../../../src/observability/health.ts'
import type { InformerHealth } from '../../../../src/kubernetes/informer/informer-types.ts'
import type { StrayRun } from '../../../../src/watcher/run-check.ts'

const well: InformerHealth = {
  resource: 'clusters',
  synced: true,
  lastListAt: Date.now(),
  lastContactAt: Date.now(),
  lists: 1,
  reconnects: 0,
  expired: 0,
  failures: 0,
  drift: 0,
  undelivered: [],
  lastError: undefined,
  refusals: [],
  loss: undefined,
  lastSyncResourceVersion: undefined,
  listResourceVersion: undefined,
}

/** What `/readyz` says of a watch. */
function checkOf(health: Partial<InformerHealth>): Check | undefined {
  const away = { current: undefined }
  const loop = { eventLoopBlocked: () => undefined }
  const watcher = {
    health: () => [{ ...well, ...health }],
    queue: { lastError: () => undefined, strays: () => [] },
  }
  return healthOf('watcher', { watcher }, { apiServer: away, temporal: away }, loop).checks()[
    'watch-clusters'
  ]
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
    expect(checkOf({ undelivered: ['clusters/a'] })).toEqual({
      ok: true,
      detail: 'listening, but the change of clusters/a is taken in only with the next list',
    })
    const many = ['clusters/a', 'clusters/b', 'clusters/c', 'clusters/d']
    expect(checkOf({ undelivered: many })?.detail).toContain('clusters/a, clusters/b, clusters/c, … is taken')
  })
})

describe('a watch that is not permitted', () => {
  const refusals = ['list globalinclusterippools: no']
  const loss = 'GlobalInClusterIPPools serve no Cluster'
  const unread = { synced: false, lastContactAt: undefined, lastError: refusals[0], refusals }

  it('is ready if everything else works without it, and says what is lost', () => {
    expect(checkOf({ ...unread, loss })).toEqual({
      ok: true,
      detail: `not read, so that ${loss}: ${refusals[0]}; tried again every half minute`,
    })
  })

  it('is not ready if nothing works without it', () => {
    expect(checkOf(unread)).toEqual({ ok: false, detail: refusals[0] })
  })

  it('is ready if it is permitted in another namespace, and says where it is not', () => {
    expect(checkOf({ refusals: ['list clusters in b: no'] })).toEqual({
      ok: true,
      detail: 'listening; not everywhere: list clusters in b: no; tried again every half minute',
    })
  })

  it('is ready while lists take its place', () => {
    expect(checkOf({ lastError: 'watch clusters: no' })).toEqual({
      ok: true,
      detail: 'not listening at the moment: watch clusters: no',
    })
  })
})

function aStray(name: string): StrayRun {
  return {
    cluster: { namespace: 'clusters', name },
    workflowId: `allocate-vip/clusters/${name}`,
    runId: 'a-run',
    taskQueue: 'theirs',
    verdict: 'elsewhere',
    message: `run of ${name} is on task queue "theirs"`,
  }
}

/** What `/readyz` says of the runs, where the watcher has these strays. */
function runsCheck(strays: readonly StrayRun[]): Check | undefined {
  const nobodyAway = { apiServer: { current: undefined }, temporal: { current: undefined } }
  const loop = { eventLoopBlocked: () => undefined }
  const watcher = { health: () => [], queue: { lastError: () => undefined, strays: () => strays } }
  return healthOf('watcher', { watcher }, nobodyAway, loop).checks()['runs']
}

describe('/readyz about runs', () => {
  it('says that all is well where no run is a stray', () => {
    expect(runsCheck([])).toEqual({
      ok: true,
      detail: 'no run is on another task queue, or fails its workflow task',
    })
  })

  it('shows the messages of strays, and stays ok: no restart would help them', () => {
    expect(runsCheck([aStray('a')])).toEqual({
      ok: true,
      detail: '1 run that only a person can get further: run of a is on task queue "theirs"',
    })
  })

  it('shows a few if there are many, and the number of the others', () => {
    const detail = runsCheck(['a', 'b', 'c', 'd', 'e'].map(aStray))?.detail
    expect(detail).toMatch(
      /^5 runs that .*: run of a .*; run of b .*; run of c .*"; 2 more, which .* doctor names$/,
    )
  })
})

describe('/readyz about the management cluster', () => {
  function checked(collision: string | undefined, trouble: string | undefined): Check | undefined {
    const nobodyAway = { apiServer: { current: undefined }, temporal: { current: undefined } }
    const managementCluster = {
      identity: { trouble: () => trouble },
      neighbors: { collision: () => collision },
    }
    const loop = { eventLoopBlocked: () => undefined }
    return healthOf('run', { managementCluster }, nobodyAway, loop).checks()['management-cluster']
  }

  it.each([
    ['no other one uses this task queue', undefined, undefined],
    ['Workers of another one poll', 'Workers of another one poll', undefined],
    ['Workers of another one poll', 'Workers of another one poll', 'forbidden'],
    ['unknown, so runs name none: forbidden', undefined, 'forbidden'],
  ])('says "%s", and stays ok: Clusters are served all the same', (detail, collision, trouble) => {
    expect(checked(collision, trouble)).toEqual({ ok: true, detail })
  })
})

describe('the runtime extension', () => {
  const away = { current: undefined }
  const checksOf = (state: Parameters<typeof healthOf>[1]): Readonly<Record<string, Check>> =>
    healthOf(
      'run',
      state,
      { apiServer: away, temporal: away },
      { eventLoopBlocked: () => undefined },
    ).checks()

  it('is named with its handlers once it is served', () => {
    expect(checksOf({ runtimeExtension: { port: 9443, handlers: ['patch', 'gate'] } })).toMatchObject({
      'runtime-extension': { ok: true, detail: 'serves patch, gate at port 9443' },
    })
  })

  it('says why it is not registered, and stays ready: no restart could help', () => {
    const served = { port: 9443, handlers: ['patch'], unregistered: 'ClusterRole x does not exist' }
    expect(checksOf({ runtimeExtension: served })).toMatchObject({
      'runtime-extension': {
        ok: true,
        detail: 'serves patch at port 9443, but is not registered: ClusterRole x does not exist',
      },
    })
  })

  it('is not named if it is not served', () => {
    expect(checksOf({})).not.toHaveProperty('runtime-extension')
  })

  describe('is to be called', () => {
    const served = { port: 9443, handlers: ['patch'] }
    const loop = { eventLoopBlocked: () => undefined }
    const sourceOf = (state: Parameters<typeof healthOf>[1], temporal: { current: string | undefined }) =>
      healthOf('watcher', state, { apiServer: away, temporal }, loop)

    it('once everything was ready, also while Temporal is away', () => {
      const temporal: { current: string | undefined } = { current: undefined }
      const state: Parameters<typeof healthOf>[1] = { runtimeExtension: served }
      const { runtimeExtension } = sourceOf(state, temporal)
      expect(runtimeExtension()).toEqual({ ok: false, detail: 'not ready yet' })
      state.watcher = { health: () => [], queue: { lastError: () => undefined, strays: () => [] } }
      state.temporal = {} as never
      expect(runtimeExtension()).toEqual({ ok: true, detail: 'serves patch at port 9443' })
      temporal.current = 'away'
      expect(runtimeExtension().ok).toBe(true)
      delete state.temporal
      temporal.current = undefined
      expect(runtimeExtension().ok).toBe(true)
    })

    it('by a replica that starts while Temporal is away, since no other one could do better', () => {
      const { runtimeExtension } = sourceOf({ runtimeExtension: served }, { current: 'away' })
      expect(runtimeExtension().ok).toBe(true)
    })

    it('never if it is not served', () => {
      expect(sourceOf({}, { current: undefined }).runtimeExtension()).toEqual({
        ok: false,
        detail: 'not served',
      })
    })
  })
})
