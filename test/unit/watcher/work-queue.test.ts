import { afterEach, describe, expect, it } from '@jest/globals'
import {
  createWorkQueue,
  type DispatchTuning,
  type WorkQueue,
  type DispatcherOptions,
} from '../../../src/watcher/work-queue.ts'

import type { RunningWorkflow, Poller } from '../../../src/domain/workflow-run.ts'
import type { RunNews } from '../../../src/watcher/run-looks.ts'
import { RefusedError } from '../../../src/watcher/workflow-client.ts'
import { aRun } from '../../support/builders.ts'
import { eventually } from '../../support/eventually.ts'
import { noOutage, silentLog } from '../../support/silent-log.ts'

const demo = { namespace: 'clusters', name: 'demo' }
const start = { act: 'start', because: 'new' } as const
const wake = { act: 'wake', because: 'changed' } as const
const nudge = { act: 'nudge', because: 'gone' } as const
const release = { act: 'release', uid: 'uid', held: [], again: false, because: 'gone' } as const
const recheck = { act: 'recheck', uid: 'uid', because: 'claim is gone' } as const
const needed = (): boolean => true

let stop = new AbortController()
afterEach(() => {
  stop.abort()
  stop = new AbortController()
})

function aPoller(): Poller {
  return { identity: '7@theirs', build: undefined, lastPollAt: Date.now() }
}

/** A Temporal that takes down what it is asked, and can be held up or made to fail. */
function scripted(
  answer: () => Promise<void> = async () => undefined,
  described: (workflowId: string) => RunningWorkflow | undefined = () => undefined,
): {
  readonly starter: DispatcherOptions['starter']
  readonly asked: string[]
  /** Resolves when so many requests have been made. */
  until(count: number): Promise<void>
} {
  const asked: string[] = []
  const waiters: (() => void)[] = []
  const take = async (request: string): Promise<void> => {
    asked.push(request)
    for (const check of waiters) check()
    await answer()
  }
  return {
    asked,
    until: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (asked.length >= count) resolve()
        }
        waiters.push(check)
        check()
      }),
    starter: {
      start: async ({ name }) => {
        await take(`start ${name}`)
        return 'started'
      },
      wake: ({ name }, reason) => take(`wake ${name}: ${reason}`),
      nudge: ({ name }, reason) => take(`nudge ${name}: ${reason}`),
      release: async ({ name, uid }, again) => {
        await take(`release ${name} ${uid}${again ? ' again' : ''}`)
        return again ? 'started' : 'joined'
      },
      recheck: ({ name, uid }, reason) => take(`recheck ${name} ${uid}: ${reason}`),
      describe: async (workflowId) => {
        await take(`describe ${workflowId}`)
        return described(workflowId)
      },
      terminate: ({ workflowId }, reason) => take(`terminate ${workflowId}: ${reason}`),
      taskQueue: 'ours',
    },
  }
}

function dispatcherOn(
  starter: DispatcherOptions['starter'],
  tuning: Partial<DispatchTuning> = {},
  outcomes: string[] = [],
): WorkQueue {
  return createWorkQueue({
    starter,
    log: silentLog,
    outage: noOutage,
    signal: stop.signal,
    onOutcome: (outcome) => outcomes.push(outcome),
    tuning: { coolDownMs: 1, backoffMs: [1, 2], ...tuning },
  })
}

describe('the dispatcher', () => {
  it('carries each reaction to Temporal', async () => {
    const temporal = scripted()
    const outcomes: string[] = []
    const dispatcher = dispatcherOn(temporal.starter, {}, outcomes)
    dispatcher.dispatch(demo, start, needed)
    dispatcher.dispatch({ ...demo, name: 'b' }, wake, needed)
    dispatcher.dispatch({ ...demo, name: 'c' }, nudge, needed)
    await temporal.until(3)
    expect(temporal.asked).toEqual(['start demo', 'wake b: changed', 'nudge c: gone'])
  })

  it('says of a reaction whose it is, what it asks for and why, and no more', async () => {
    const held = [{ role: 'control-plane' as const, claim: 'vip-cp-demo' }]
    const told: object[] = []
    let failures = 1
    const temporal = scripted(async () => {
      if (failures-- > 0) throw new Error('connection refused')
    })
    const dispatcher = createWorkQueue({
      starter: temporal.starter,
      log: { ...silentLog, debug: (_, fields) => void told.push({ ...fields, retryInMs: undefined }) },
      outage: noOutage,
      signal: stop.signal,
      around: (reaction, deliver) => {
        told.push(reaction)
        return deliver()
      },
      tuning: { coolDownMs: 1, backoffMs: [1, 2] },
    })
    dispatcher.dispatch(demo, { ...release, held }, needed)
    await temporal.until(2)
    const whose = { cluster: 'clusters/demo', act: 'release', because: 'gone' }
    expect(told).toEqual([whose, { ...whose, error: 'connection refused' }])
  })

  it.each([
    ['two starts into one', [start, start], 'start demo'],
    ['a start and a wake into a wake', [start, wake], 'wake demo: changed'],
    ['a wake and a start into a wake', [wake, start], 'wake demo: changed'],
    ['a nudge and a start into a wake', [nudge, start], 'wake demo: gone; new'],
  ])('merges %s', async (_, reactions, request) => {
    const temporal = scripted()
    const dispatcher = dispatcherOn(temporal.starter)
    for (const reaction of reactions) dispatcher.dispatch(demo, reaction, needed)
    dispatcher.dispatch({ ...demo, name: 'last' }, start, needed)
    await temporal.until(2)
    expect(temporal.asked).toEqual([request, 'start last'])
  })

  it('has one request under way for a Cluster, and a bounded number for all', async () => {
    const { promise: held, resolve: release } = Promise.withResolvers<void>()
    const temporal = scripted(() => held)
    const dispatcher = dispatcherOn(temporal.starter, { concurrency: 2 })
    for (const name of ['a', 'b', 'c']) dispatcher.dispatch({ ...demo, name }, start, needed)
    await temporal.until(2)
    dispatcher.dispatch({ ...demo, name: 'a' }, wake, needed)
    await Promise.resolve()
    expect(temporal.asked).toEqual(['start a', 'start b'])
    expect(dispatcher.pending).toBe(4)
    release()
    await temporal.until(4)
    expect(temporal.asked.slice(2).toSorted()).toEqual(['start c', 'wake a: changed'])
  })

  it('tries again until Temporal is back, and says meanwhile what is wrong', async () => {
    let failures = 3
    const temporal = scripted(async () => {
      if (failures-- > 0) throw new Error('connection refused')
    })
    const outcomes: string[] = []
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const dispatcher = createWorkQueue({
      starter: temporal.starter,
      log: silentLog,
      outage: noOutage,
      signal: stop.signal,
      onOutcome: (outcome) => {
        outcomes.push(outcome)
        if (outcome === 'started') queueMicrotask(arrive)
      },
      tuning: { backoffMs: [1, 2] },
    })
    dispatcher.dispatch(demo, start, needed)
    await temporal.until(2)
    expect(dispatcher.lastError).toBe('connection refused')
    await arrived
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'started'])
    expect(dispatcher.lastError).toBeUndefined()
  })

  it('drops what is no longer needed when its turn comes', async () => {
    const temporal = scripted()
    const dispatcher = dispatcherOn(temporal.starter)
    dispatcher.dispatch(demo, start, () => false)
    dispatcher.dispatch({ ...demo, name: 'b' }, start, needed)
    await temporal.until(1)
    expect(temporal.asked).toEqual(['start b'])
  })

  it('stops trying when the need is gone meanwhile', async () => {
    let isNeeded = true
    const temporal = scripted(async () => {
      isNeeded = false
      throw new Error('connection refused')
    })
    const dispatcher = dispatcherOn(temporal.starter)
    dispatcher.dispatch(demo, start, () => isNeeded)
    await temporal.until(1)
    dispatcher.dispatch({ ...demo, name: 'b' }, nudge, () => true)
    await temporal.until(2)
    expect(temporal.asked).toEqual(['start demo', 'nudge b: gone'])
    expect(dispatcher.lastError).toBeUndefined()
  })

  it('gives its slot to others while a request that failed waits to be tried again', async () => {
    const temporal = scripted(async () => {
      if (temporal.asked.at(-1) === 'start demo') throw new Error('connection refused')
    })
    const dispatcher = dispatcherOn(temporal.starter, { concurrency: 1, backoffMs: [60_000, 60_000] })
    dispatcher.dispatch(demo, start, needed)
    await temporal.until(1)
    dispatcher.dispatch({ ...demo, name: 'b' }, start, needed)
    await temporal.until(2)
    expect(temporal.asked).toEqual(['start demo', 'start b'])
    expect(dispatcher.pending).toBeGreaterThan(0)
  })

  it('takes the refusal of one request for no outage of Temporal', async () => {
    const outages: string[] = []
    const temporal = scripted(async () => {
      throw new RefusedError('too many signals')
    })
    const dispatcher = createWorkQueue({
      starter: temporal.starter,
      log: silentLog,
      outage: { failed: (error) => outages.push(error), answered: () => undefined },
      signal: stop.signal,
      tuning: { backoffMs: [1, 2] },
    })
    dispatcher.dispatch(demo, wake, needed)
    await temporal.until(3)
    expect(outages).toEqual([])
    expect(dispatcher.lastError).toBeUndefined()
  })

  it('sends what is merged where any part of it is needed', async () => {
    const temporal = scripted()
    const dispatcher = dispatcherOn(temporal.starter)
    dispatcher.dispatch(demo, start, needed)
    dispatcher.dispatch(demo, wake, () => false)
    await temporal.until(1)
    expect(temporal.asked).toEqual(['wake demo: changed'])
  })

  describe('looks at the run of a Cluster that still needs one', () => {
    const lookSoon = { lookAfterMs: [1, 1] } as const
    const id = 'allocate-vip/clusters/demo'

    it.each([
      ['start', start],
      ['wake', wake],
    ])('after a %s, until it is at work', async (_, reaction) => {
      let looks = 0
      const temporal = scripted(undefined, () => aRun({ isWaiting: ++looks > 2 }))
      const dispatcher = dispatcherOn(temporal.starter, lookSoon)
      dispatcher.dispatch(demo, reaction, needed)
      await temporal.until(4)
      dispatcher.dispatch({ ...demo, name: 'b' }, nudge, needed)
      await temporal.until(5)
      expect(temporal.asked.slice(1)).toEqual([...Array(3).fill(`describe ${id}`), 'nudge b: gone'])
    })

    it('and does not where it has what it needs by then', async () => {
      const temporal = scripted()
      const dispatcher = dispatcherOn(temporal.starter, lookSoon)
      dispatcher.dispatch(demo, start, () => !temporal.asked.includes('start demo'))
      await temporal.until(1)
      dispatcher.dispatch({ ...demo, name: 'b' }, start, needed)
      await temporal.until(3)
      expect(temporal.asked).toEqual(['start demo', 'start b', 'describe allocate-vip/clusters/b'])
    })

    it('and traces only the looks that it takes', async () => {
      const temporal = scripted(undefined, () => aRun({ isWaiting: true }))
      const traced: string[] = []
      const dispatcher = createWorkQueue({
        starter: temporal.starter,
        log: silentLog,
        outage: noOutage,
        signal: stop.signal,
        around: (reaction, deliver) => {
          traced.push(`${reaction.act} ${reaction.cluster}`)
          return deliver()
        },
        tuning: { coolDownMs: 1, ...lookSoon },
      })
      dispatcher.dispatch(demo, start, () => !temporal.asked.includes('start demo'))
      await temporal.until(1)
      dispatcher.dispatch({ ...demo, name: 'b' }, start, needed)
      await temporal.until(3)
      expect(traced).toEqual(['start clusters/demo', 'start clusters/b', 'look clusters/b'])
    })

    it('and starts it where it has ended and left the Cluster as it was, a few times at most', async () => {
      const temporal = scripted()
      const dispatcher = dispatcherOn(temporal.starter, lookSoon)
      dispatcher.dispatch(demo, start, needed)
      await temporal.until(7)
      dispatcher.dispatch({ ...demo, name: 'b' }, nudge, needed)
      await temporal.until(8)
      const look = [`describe ${id}`, 'start demo']
      expect(temporal.asked).toEqual(['start demo', ...look, ...look, ...look, 'nudge b: gone'])
    })

    it('and replaces one on a task queue that nobody polls', async () => {
      const runs = [aRun({ taskQueue: 'dead' }), aRun({ isWaiting: true })]
      const temporal = scripted(undefined, () => runs.shift())
      const outcomes: string[] = []
      const dispatcher = dispatcherOn(temporal.starter, lookSoon, outcomes)
      dispatcher.dispatch(demo, start, needed)
      await temporal.until(5)
      expect(temporal.asked).toEqual([
        'start demo',
        `describe ${id}`,
        `terminate ${id}: capi-vip-allocator: run run-1 of ${id} is on task queue "dead", not "ours", and nobody polls that task queue; a new run is started on task queue ours`,
        'start demo',
        `describe ${id}`,
      ])
      expect(outcomes.slice(0, 2)).toEqual(['started', 'replaced'])
    })

    it('and tells of one that another installation has, after it has seen that one take a task', async () => {
      const elsewhere = aRun({ taskQueue: 'theirs', pollers: [aPoller()] })
      let isServed = false
      const temporal = scripted(undefined, () => elsewhere)
      const news: RunNews[] = []
      const dispatcher = createWorkQueue({
        starter: temporal.starter,
        log: silentLog,
        outage: noOutage,
        signal: stop.signal,
        onRunNews: (told) => news.push(told),
        tuning: { coolDownMs: 1, lookAfterMs: [1, 1] },
      })
      dispatcher.dispatch(demo, start, () => !isServed)
      await temporal.until(5)
      expect(temporal.asked.slice(0, 4)).toEqual([
        'start demo',
        `describe ${id}`,
        'nudge demo: needed on task queue ours',
        `describe ${id}`,
      ])
      expect(news.map(({ news, message }) => [news, message])).toEqual([
        ['stray', expect.stringContaining('is on task queue "theirs", not "ours", which 7@theirs polls')],
      ])
      expect(dispatcher.strays()).toMatchObject([{ workflowId: id, verdict: 'elsewhere' }])
      isServed = true
      await eventually('the stray run to be forgotten', () =>
        Promise.resolve(dispatcher.strays().length === 0 || undefined),
      )
    })
  })

  it('looks at a release that another watcher was the first to start, and replaces one that nobody works on', async () => {
    const runs = [aRun({ workflowId: 'release-vip/clusters/demo/uid', taskQueue: 'dead' })]
    const temporal = scripted(undefined, () => runs.shift())
    const dispatcher = dispatcherOn(temporal.starter, { lookAfterMs: [1, 1] })
    dispatcher.dispatch(demo, release, needed)
    await temporal.until(5)
    expect(temporal.asked.map((request) => request.split(':')[0])).toEqual([
      'release demo uid',
      'describe release-vip/clusters/demo/uid',
      'terminate release-vip/clusters/demo/uid',
      'release demo uid again',
      'describe release-vip/clusters/demo/uid',
    ])
  })

  it('carries the release of a former Cluster beside what its namesake needs', async () => {
    const temporal = scripted()
    const outcomes: string[] = []
    const dispatcher = dispatcherOn(temporal.starter, {}, outcomes)
    dispatcher.dispatch(demo, release, needed)
    dispatcher.dispatch(demo, start, needed)
    dispatcher.dispatch(demo, { ...release, uid: 'other', again: true }, needed)
    await temporal.until(3)
    expect(temporal.asked).toEqual(['release demo uid', 'start demo', 'release demo other again'])
  })

  it('has a release that runs look again', async () => {
    const temporal = scripted()
    const dispatcher = dispatcherOn(temporal.starter)
    dispatcher.dispatch(demo, recheck, needed)
    await temporal.until(1)
    expect(temporal.asked).toEqual(['recheck demo uid: claim is gone'])
  })

  it.each([
    ['before', [recheck, release]],
    ['after', [release, recheck]],
  ])('starts a release whose claim is gone %s that is heard of', async (_, reactions) => {
    const temporal = scripted()
    const dispatcher = dispatcherOn(temporal.starter)
    for (const reaction of reactions) dispatcher.dispatch(demo, reaction, needed)
    expect(dispatcher.pending).toBe(1)
    await temporal.until(1)
    expect(temporal.asked).toEqual(['release demo uid'])
  })
})
