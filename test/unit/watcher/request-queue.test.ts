import { afterEach, describe, expect, it } from '@jest/globals'
import type { RunningWorkflow, Poller } from '../../../src/domain/workflow-run.ts'
import {
  createRequestQueue,
  type RequestLimits,
  type RequestQueue,
  type RequestQueueOptions,
} from '../../../src/watcher/request-queue.ts'
import type { RunNews } from '../../../src/watcher/run-check.ts'
import { RefusedError, UnidentifiedError } from '../../../src/watcher/workflow-client.ts'
import { workflowIdOf, type WorkflowRequest } from '../../../src/watcher/workflow-request.ts'
import { aRun } from '../../support/builders.ts'
import { eventually } from '../../support/eventually.ts'
import { noOutage, silentLog } from '../../support/silent-log.ts'

const demo = { namespace: 'clusters', name: 'demo' }
const start = { action: 'start', reason: 'new' } as const
const signalWithStart = { action: 'signal-with-start', reason: 'changed' } as const
const signal = { action: 'signal', reason: 'gone' } as const
const deleted = { ...demo, uid: 'uid' }
const startRelease = { action: 'start-release', deleted, held: [], again: false, reason: 'gone' } as const
const signalRelease = { action: 'signal-release', deleted, reason: 'claim is gone' } as const
const needed = (): boolean => true

let stop = new AbortController()
afterEach(() => {
  stop.abort()
  stop = new AbortController()
})

function aPoller(): Poller {
  return { identity: '7@theirs', build: undefined, lastPollAt: Date.now() }
}

/** A request as the tests compare it. */
function inWords({ name }: typeof demo, request: WorkflowRequest): string {
  switch (request.action) {
    case 'start':
      return `start ${name}`
    case 'start-release':
      return `start-release ${name} ${request.deleted.uid}${request.again ? ' again' : ''}`
    case 'signal-release':
      return `signal-release ${name} ${request.deleted.uid}: ${request.reason}`
    case 'signal':
    case 'signal-with-start':
      return `${request.action} ${name}: ${request.reason}`
    default:
      return request satisfies never
  }
}

/** A Temporal that records its requests, and can be delayed or made to fail. */
function scripted(
  answer: () => Promise<void> = async () => undefined,
  described: (workflowId: string) => RunningWorkflow | undefined = () => undefined,
): {
  readonly client: RequestQueueOptions['client']
  readonly sent: string[]
  /** Resolves when so many requests have been made. */
  until(count: number): Promise<void>
} {
  const sent: string[] = []
  const waiters: (() => void)[] = []
  const take = async (request: string): Promise<void> => {
    sent.push(request)
    for (const check of waiters) check()
    await answer()
  }
  return {
    sent,
    until: (count) =>
      new Promise((resolve) => {
        const check = (): void => {
          if (sent.length >= count) resolve()
        }
        waiters.push(check)
        check()
      }),
    client: {
      send: async (cluster, request) => {
        await take(inWords(cluster, request))
        switch (request.action) {
          case 'start':
            return 'started'
          case 'signal-with-start':
            return 'signaled-with-start'
          case 'start-release':
            return request.again ? 'started' : 'already-started'
          case 'signal':
          case 'signal-release':
            return 'signaled'
          default:
            return request satisfies never
        }
      },
      describe: async (cluster, request) => {
        const workflowId = workflowIdOf(cluster, request)
        await take(`describe ${workflowId}`)
        return described(workflowId)
      },
      terminate: ({ workflowId }, reason) => take(`terminate ${workflowId}: ${reason}`),
      installation: async () => ({ taskQueue: 'ours', managementClusterUid: 'uid-a' }),
    },
  }
}

function queueOn(
  client: RequestQueueOptions['client'],
  limits: Partial<RequestLimits> = {},
  outcomes: string[] = [],
): RequestQueue {
  return createRequestQueue({
    client,
    log: silentLog,
    outage: noOutage,
    signal: stop.signal,
    onOutcome: (outcome) => outcomes.push(outcome),
    limits: { coolDownMs: 1, backOff: { firstMs: 1, longestMs: 2 }, ...limits },
  })
}

describe('the request queue', () => {
  it('sends each request to Temporal', async () => {
    const temporal = scripted()
    const outcomes: string[] = []
    const queue = queueOn(temporal.client, {}, outcomes)
    queue.add(demo, start, needed)
    queue.add({ ...demo, name: 'b' }, signalWithStart, needed)
    queue.add({ ...demo, name: 'c' }, signal, needed)
    await temporal.until(3)
    expect(temporal.sent).toEqual(['start demo', 'signal-with-start b: changed', 'signal c: gone'])
  })

  it('traces and logs of a request its Cluster, action and reason, and no more', async () => {
    const held = [{ role: 'control-plane' as const, claim: 'vip-cp-demo' }]
    const recorded: object[] = []
    let failures = 1
    const temporal = scripted(async () => {
      if (failures-- > 0) throw new Error('connection refused')
    })
    const queue = createRequestQueue({
      client: temporal.client,
      log: { ...silentLog, debug: (_, logged) => void recorded.push({ ...logged, retryInMs: undefined }) },
      outage: noOutage,
      signal: stop.signal,
      around: (request, attempts) => {
        recorded.push(request)
        return attempts()
      },
      limits: { coolDownMs: 1, backOff: { firstMs: 1, longestMs: 2 } },
    })
    queue.add(demo, { ...startRelease, held }, needed)
    await temporal.until(2)
    const fields = { cluster: 'clusters/demo', action: 'start-release', because: 'gone' }
    expect(recorded).toEqual([fields, { ...fields, error: 'connection refused' }])
  })

  it.each([
    ['two starts into one', [start, start], 'start demo'],
    [
      'a start and a signal with start into the latter',
      [start, signalWithStart],
      'signal-with-start demo: changed',
    ],
    [
      'a signal with start and a start into the former',
      [signalWithStart, start],
      'signal-with-start demo: changed',
    ],
    ['a signal and a start into a signal with start', [signal, start], 'signal-with-start demo: gone; new'],
  ])('merges %s', async (_, requests, expected) => {
    const temporal = scripted()
    const queue = queueOn(temporal.client)
    for (const request of requests) queue.add(demo, request, needed)
    queue.add({ ...demo, name: 'last' }, start, needed)
    await temporal.until(2)
    expect(temporal.sent).toEqual([expected, 'start last'])
  })

  it('sends one request at once for a Cluster, and a bounded number for all', async () => {
    const { promise: held, resolve: letGo } = Promise.withResolvers<void>()
    const temporal = scripted(() => held)
    const queue = queueOn(temporal.client, { concurrency: 2 })
    for (const name of ['a', 'b', 'c']) queue.add({ ...demo, name }, start, needed)
    await temporal.until(2)
    queue.add({ ...demo, name: 'a' }, signalWithStart, needed)
    await Promise.resolve()
    expect(temporal.sent).toEqual(['start a', 'start b'])
    letGo()
    await temporal.until(4)
    expect(temporal.sent.slice(2).toSorted()).toEqual(['signal-with-start a: changed', 'start c'])
  })

  it('retries until Temporal is back, and has its last error meanwhile', async () => {
    let failures = 3
    const temporal = scripted(async () => {
      if (failures-- > 0) throw new Error('connection refused')
    })
    const outcomes: string[] = []
    const { promise: arrived, resolve: arrive } = Promise.withResolvers<void>()
    const queue = createRequestQueue({
      client: temporal.client,
      log: silentLog,
      outage: noOutage,
      signal: stop.signal,
      onOutcome: (outcome) => {
        outcomes.push(outcome)
        if (outcome === 'started') queueMicrotask(arrive)
      },
      limits: { backOff: { firstMs: 1, longestMs: 2 } },
    })
    queue.add(demo, start, needed)
    await temporal.until(2)
    expect(queue.lastError()).toBe('connection refused')
    await arrived
    expect(outcomes).toEqual(['failed', 'failed', 'failed', 'started'])
    expect(queue.lastError()).toBeUndefined()
  })

  it('drops what is no longer needed when its turn comes', async () => {
    const temporal = scripted()
    const queue = queueOn(temporal.client)
    queue.add(demo, start, () => false)
    queue.add({ ...demo, name: 'b' }, start, needed)
    await temporal.until(1)
    expect(temporal.sent).toEqual(['start b'])
  })

  it('stops retrying when the request is no longer needed', async () => {
    let isNeeded = true
    const temporal = scripted(async () => {
      isNeeded = false
      throw new Error('connection refused')
    })
    const queue = queueOn(temporal.client)
    queue.add(demo, start, () => isNeeded)
    await temporal.until(1)
    queue.add({ ...demo, name: 'b' }, signal, () => true)
    await temporal.until(2)
    expect(temporal.sent).toEqual(['start demo', 'signal b: gone'])
    expect(queue.lastError()).toBeUndefined()
  })

  it('leaves its slot to others while a failed request waits for its next attempt', async () => {
    const temporal = scripted(async () => {
      if (temporal.sent.at(-1) === 'start demo') throw new Error('connection refused')
    })
    const queue = queueOn(temporal.client, {
      concurrency: 1,
      backOff: { firstMs: 60_000, longestMs: 60_000 },
    })
    queue.add(demo, start, needed)
    await temporal.until(1)
    queue.add({ ...demo, name: 'b' }, start, needed)
    await temporal.until(2)
    expect(temporal.sent).toEqual(['start demo', 'start b'])
  })

  it('does not count the refusal of one request as an outage of Temporal', async () => {
    const outages: string[] = []
    const temporal = scripted(async () => {
      throw new RefusedError('too many signals')
    })
    const queue = createRequestQueue({
      client: temporal.client,
      log: silentLog,
      outage: { failed: (error) => outages.push(error), answered: () => undefined },
      signal: stop.signal,
      limits: { backOff: { firstMs: 1, longestMs: 2 } },
    })
    queue.add(demo, signalWithStart, needed)
    await temporal.until(3)
    expect(outages).toEqual([])
    expect(queue.lastError()).toBeUndefined()
  })

  it('sends a merged request if any part of it is needed', async () => {
    const temporal = scripted()
    const queue = queueOn(temporal.client)
    queue.add(demo, start, needed)
    queue.add(demo, signalWithStart, () => false)
    await temporal.until(1)
    expect(temporal.sent).toEqual(['signal-with-start demo: changed'])
  })

  describe('checks the run of a Cluster that still needs one', () => {
    const checkSoon = { checkDelay: { firstMs: 1, longestMs: 1 } } as const
    const id = 'allocate-vip/clusters/demo'

    it.each([
      ['start', start],
      ['signal with start', signalWithStart],
    ])('after a %s, until it is at work', async (_, request) => {
      let checks = 0
      const temporal = scripted(undefined, () => aRun({ isWaiting: ++checks > 2 }))
      const queue = queueOn(temporal.client, checkSoon)
      queue.add(demo, request, needed)
      await temporal.until(4)
      queue.add({ ...demo, name: 'b' }, signal, needed)
      await temporal.until(5)
      expect(temporal.sent.slice(1)).toEqual([...Array(3).fill(`describe ${id}`), 'signal b: gone'])
    })

    it('and does not if it has what it needs by then', async () => {
      const temporal = scripted()
      const queue = queueOn(temporal.client, checkSoon)
      queue.add(demo, start, () => !temporal.sent.includes('start demo'))
      await temporal.until(1)
      queue.add({ ...demo, name: 'b' }, start, needed)
      await temporal.until(3)
      expect(temporal.sent).toEqual(['start demo', 'start b', 'describe allocate-vip/clusters/b'])
    })

    it('and traces no check that is not needed', async () => {
      const temporal = scripted(undefined, () => aRun({ isWaiting: true }))
      const traced: string[] = []
      const queue = createRequestQueue({
        client: temporal.client,
        log: silentLog,
        outage: noOutage,
        signal: stop.signal,
        around: (request, attempts) => {
          traced.push(`${request.action} ${request.cluster}`)
          return attempts()
        },
        limits: { coolDownMs: 1, ...checkSoon },
      })
      queue.add(demo, start, () => !temporal.sent.includes('start demo'))
      await temporal.until(1)
      queue.add({ ...demo, name: 'b' }, start, needed)
      await temporal.until(3)
      expect(traced).toEqual(['start clusters/demo', 'start clusters/b', 'check clusters/b'])
    })

    it('and starts it if it has ended and left the Cluster as it was, a few times at most', async () => {
      const temporal = scripted()
      const queue = queueOn(temporal.client, checkSoon)
      queue.add(demo, start, needed)
      await temporal.until(7)
      queue.add({ ...demo, name: 'b' }, signal, needed)
      await temporal.until(8)
      const check = [`describe ${id}`, 'start demo']
      expect(temporal.sent).toEqual(['start demo', ...check, ...check, ...check, 'signal b: gone'])
    })

    it('and replaces one on a task queue that nobody polls', async () => {
      const runs = [aRun({ taskQueue: 'dead' }), aRun({ isWaiting: true })]
      const temporal = scripted(undefined, () => runs.shift())
      const outcomes: string[] = []
      const queue = queueOn(temporal.client, checkSoon, outcomes)
      queue.add(demo, start, needed)
      await temporal.until(5)
      expect(temporal.sent).toEqual([
        'start demo',
        `describe ${id}`,
        `terminate ${id}: capi-vip-allocator: run run-1 of ${id} is on task queue "dead", not "ours", and nobody polls that task queue; a new run is started on task queue ours`,
        'start demo',
        `describe ${id}`,
      ])
      expect(outcomes.slice(0, 2)).toEqual(['started', 'replaced'])
    })

    it.each([
      ['on our task queue', {}],
      ['on a task queue that nobody polls', { taskQueue: 'dead' }],
      ['on its own task queue', { taskQueue: 'theirs', pollers: [aPoller()] }],
    ])(
      'and neither signals nor terminates one of another management cluster %s, and reports it',
      async (_, facts) => {
        const temporal = scripted(undefined, () => aRun({ managementClusterUid: 'uid-b', ...facts }))
        const news: RunNews[] = []
        const queue = createRequestQueue({
          client: temporal.client,
          log: silentLog,
          outage: noOutage,
          signal: stop.signal,
          onNews: (each) => news.push(each),
          limits: { coolDownMs: 1, checkDelay: { firstMs: 1, longestMs: 1 } },
        })
        queue.add(demo, start, needed)
        await temporal.until(5)
        expect(new Set(temporal.sent.slice(1))).toEqual(new Set([`describe ${id}`]))
        expect(news.map(({ news, message }) => [news, message])).toEqual([
          ['stray', expect.stringContaining('is of another management cluster')],
        ])
        expect(queue.strays()).toMatchObject([{ workflowId: id, verdict: 'foreign' }])
      },
    )

    it('and reports one that another installation has, after that one has taken a task', async () => {
      const elsewhere = aRun({ taskQueue: 'theirs', pollers: [aPoller()] })
      let isServed = false
      const temporal = scripted(undefined, () => elsewhere)
      const news: RunNews[] = []
      const queue = createRequestQueue({
        client: temporal.client,
        log: silentLog,
        outage: noOutage,
        signal: stop.signal,
        onNews: (each) => news.push(each),
        limits: { coolDownMs: 1, checkDelay: { firstMs: 1, longestMs: 1 } },
      })
      queue.add(demo, start, () => !isServed)
      await temporal.until(5)
      expect(temporal.sent.slice(0, 4)).toEqual([
        'start demo',
        `describe ${id}`,
        'signal demo: needed on task queue ours',
        `describe ${id}`,
      ])
      expect(news.map(({ news, message }) => [news, message])).toEqual([
        ['stray', expect.stringContaining('is on task queue "theirs", not "ours", which 7@theirs polls')],
      ])
      expect(queue.strays()).toMatchObject([{ workflowId: id, verdict: 'elsewhere' }])
      isServed = true
      await eventually('the stray run to be forgotten', () =>
        Promise.resolve(queue.strays().length === 0 || undefined),
      )
    })
  })

  it('checks a release that another watcher started first, and replaces one that nobody works on', async () => {
    const runs = [aRun({ workflowId: 'release-vip/clusters/demo/uid', taskQueue: 'dead' })]
    const temporal = scripted(undefined, () => runs.shift())
    const queue = queueOn(temporal.client, { checkDelay: { firstMs: 1, longestMs: 1 } })
    queue.add(demo, startRelease, needed)
    await temporal.until(5)
    expect(temporal.sent.map((request) => request.split(':')[0])).toEqual([
      'start-release demo uid',
      'describe release-vip/clusters/demo/uid',
      'terminate release-vip/clusters/demo/uid',
      'start-release demo uid again',
      'describe release-vip/clusters/demo/uid',
    ])
  })

  it('sends the release of a deleted Cluster beside the request of one recreated under its name', async () => {
    const temporal = scripted()
    const outcomes: string[] = []
    const queue = queueOn(temporal.client, {}, outcomes)
    queue.add(demo, startRelease, needed)
    queue.add(demo, start, needed)
    queue.add(demo, { ...startRelease, deleted: { ...deleted, uid: 'other' }, again: true }, needed)
    await temporal.until(3)
    expect(temporal.sent).toEqual(['start-release demo uid', 'start demo', 'start-release demo other again'])
  })

  it('signals a release that is running', async () => {
    const temporal = scripted()
    const queue = queueOn(temporal.client)
    queue.add(demo, signalRelease, needed)
    await temporal.until(1)
    expect(temporal.sent).toEqual(['signal-release demo uid: claim is gone'])
  })

  it.each([
    ['before', [signalRelease, startRelease]],
    ['after', [startRelease, signalRelease]],
  ])('starts a release if the claim is gone %s the request for it', async (_, requests) => {
    const temporal = scripted()
    const queue = queueOn(temporal.client)
    for (const request of requests) queue.add(demo, request, needed)
    await temporal.until(1)
    expect(temporal.sent).toEqual(['start-release demo uid'])
  })
})

describe('a request before the management cluster is identified', () => {
  it('is sent later, and is no outage of Temporal', async () => {
    const outages: string[] = []
    let attempts = 0
    const temporal = scripted(async () => {
      attempts += 1
      if (attempts < 3) throw new UnidentifiedError('get Namespace kube-system: away')
    })
    const queue = createRequestQueue({
      client: temporal.client,
      log: silentLog,
      outage: { failed: (error) => void outages.push(error), answered: () => undefined },
      signal: stop.signal,
      limits: { coolDownMs: 1, backOff: { firstMs: 1, longestMs: 2 } },
    })
    queue.add(demo, start, needed)
    await temporal.until(2)
    await eventually('the message about the API server', () =>
      Promise.resolve(queue.lastError() === 'get Namespace kube-system: away' || undefined),
    )
    await temporal.until(3)
    await eventually('the request to arrive', () =>
      Promise.resolve(queue.lastError() === undefined || undefined),
    )
    expect(outages).toEqual([])
  })
})
