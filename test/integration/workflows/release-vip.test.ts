import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import type { Activities } from '../../../src/activities/index.ts'
import {
  releaseVipType,
  wakeSignal,
  type ConfirmReleaseInput,
  type ReleaseVipResult,
} from '../../../src/workflows/contract.ts'
import { eventually } from '../../support/eventually.ts'
import { realParts } from '../../support/real-parts.ts'
import { deletedCluster, releasedVip, fastPath, retryLater } from './scenarios.ts'

let environment: TestWorkflowEnvironment
/** Hours pass in no time here, as soon as somebody waits for a result. */
let timeSkipping: TestWorkflowEnvironment

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  })
  const { temporalTestServer, stack } = realParts()
  timeSkipping = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: temporalTestServer } },
  })
  environment = await TestWorkflowEnvironment.createFromExistingServer(stack.temporal)
})

afterAll(async () => {
  await timeSkipping.teardown()
  await environment.teardown()
})

/** Runs `releaseVip` on a Worker of its own while `body` drives it. */
async function withRun<T>(
  confirmRelease: Activities['confirmRelease'],
  body: (handle: WorkflowHandle) => Promise<T>,
  argument: unknown = deletedCluster,
  memo: Readonly<Record<string, unknown>> = {},
  on = environment,
): Promise<T> {
  const taskQueue = randomUUID()
  const worker = await Worker.create({
    connection: on.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: fileURLToPath(new URL('../../../dist/workflow-bundle.js', import.meta.url)) },
    activities: { ...fastPath, confirmRelease },
  })
  return worker.runUntil(async () => {
    const workflowId = `release-vip/${randomUUID()}`
    return body(
      await on.client.workflow.start(releaseVipType, {
        workflowId,
        taskQueue,
        memo,
        args: [argument],
      }),
    )
  })
}

const resultOf = (handle: WorkflowHandle): Promise<ReleaseVipResult> =>
  handle.result() as Promise<ReleaseVipResult>

/** The number of workflow tasks that were completed. */
async function workflowTasksOf(handle: WorkflowHandle): Promise<number> {
  const { events } = await handle.fetchHistory()
  return (events ?? []).filter(({ workflowTaskCompletedEventAttributes: completed }) => completed).length
}

describe('releaseVip', () => {
  it('ends at once where nothing is left, and names what was known to be held', async () => {
    const asked: ConfirmReleaseInput[] = []
    const result = await withRun(
      async (input) => {
        asked.push(input)
        return { next: 'released', held: input.held }
      },
      resultOf,
      { ...deletedCluster, held: [releasedVip] },
    )
    expect(asked).toEqual([{ ...deletedCluster, isFirst: true, held: [releasedVip], understandsKeep: true }])
    expect(result).toEqual({
      cluster: deletedCluster,
      released: [releasedVip],
      seconds: expect.any(Number),
      message: expect.stringContaining('control-plane VIP 10.0.0.10 (IPAddressClaim vip-cp-demo)'),
    })
  })

  it('asks for the management cluster that its memo names', async () => {
    const asked: ConfirmReleaseInput[] = []
    const confirm: Activities['confirmRelease'] = async (input) => {
      asked.push(input)
      return { next: 'released', held: input.held }
    }
    await withRun(confirm, resultOf, deletedCluster, { managementClusterUid: 'uid-a' })
    expect(asked).toEqual([
      { ...deletedCluster, isFirst: true, held: [], managementClusterUid: 'uid-a', understandsKeep: true },
    ])
  })

  it('remembers what it has seen, and since when the Cluster is gone', async () => {
    const asked: ConfirmReleaseInput[] = []
    const result = await withRun(async (input) => {
      asked.push(input)
      switch (asked.length) {
        case 1:
          return { next: 'wait', held: [releasedVip], isGone: false }
        case 2:
          return { next: 'wait', held: [releasedVip], isGone: true }
        case 3:
          return { next: 'wait', held: [releasedVip, { role: 'ingress' }], isGone: true }
        default:
          return { next: 'released', held: input.held }
      }
    }, resultOf)
    const known = { ...deletedCluster, isFirst: false, held: [releasedVip], understandsKeep: true }
    const goneSince = asked[2]?.goneSince
    expect(goneSince).toEqual(expect.any(Number))
    expect(asked).toEqual([
      { ...deletedCluster, isFirst: true, held: [], understandsKeep: true },
      known,
      { ...known, goneSince },
      { ...known, held: [releasedVip, { role: 'ingress' }], goneSince },
    ])
    expect(result.released).toEqual([releasedVip, { role: 'ingress' }])
  })

  it('looks again at once when it is woken', async () => {
    const waiting = Promise.withResolvers<void>()
    let isGone = false
    await withRun(
      async ({ held, isFirst }) => {
        if (isFirst) return { next: 'wait', held, isGone: true }
        if (isGone) return { next: 'released', held }
        waiting.resolve()
        throw retryLater('ReleasePending', 3_600_000)
      },
      async (handle) => {
        await waiting.promise
        isGone = true
        await handle.signal(wakeSignal, 'claim is gone')
        expect((await resultOf(handle)).released).toEqual([])
      },
    )
  })

  it('does not begin again when it is woken in its first step, which polls by itself', async () => {
    const polls = Promise.withResolvers<void>()
    const ends = Promise.withResolvers<void>()
    let steps = 0
    await withRun(
      async ({ held }) => {
        steps += 1
        polls.resolve()
        await ends.promise
        return { next: 'released', held }
      },
      async (handle) => {
        await polls.promise
        await handle.signal(wakeSignal, 'claim is gone')
        await eventually('the workflow task of the signal', async () =>
          (await workflowTasksOf(handle)) === 2 ? true : undefined,
        )
        ends.resolve()
        await resultOf(handle)
        expect(steps).toBe(1)
      },
    )
  })

  it('sleeps for as long as an address is kept, and then asks again', async () => {
    const asked: number[] = []
    let until = 0
    const result = await withRun(async ({ held, goneSince }) => {
      if (goneSince === undefined) return { next: 'wait', held: [releasedVip], isGone: true }
      asked.push(Date.now())
      until ||= Date.now() + 500
      return Date.now() < until
        ? { next: 'keep', held, until, message: 'it is kept' }
        : { next: 'released', held }
    }, resultOf)
    expect(asked).toHaveLength(2)
    expect(asked[1]).toBeGreaterThanOrEqual(until)
    expect(result.released).toEqual([releasedVip])
  })

  it('keeps an address for weeks, and asks once a day whether that is still so', async () => {
    const days = 40
    const until = (await timeSkipping.currentTimeMs()) + days * 24 * 3_600_000 - 60_000
    let asked = 0
    const keeping: Activities['confirmRelease'] = async ({ held, goneSince }) => {
      if (goneSince === undefined) return { next: 'wait', held, isGone: true }
      asked += 1
      return (await timeSkipping.currentTimeMs()) < until
        ? { next: 'keep', held, until, message: 'it is kept' }
        : { next: 'released', held }
    }
    const { seconds } = await withRun(keeping, resultOf, deletedCluster, {}, timeSkipping)
    expect(seconds).toBeGreaterThanOrEqual((days - 1) * 24 * 3_600)
    expect(asked).toBe(days + 1)
  })

  it('wakes up when it is woken, and names in its timer for whom the address is kept', async () => {
    const sleeps = Promise.withResolvers<void>()
    let isReleased = false
    await withRun(
      async ({ held, goneSince }) => {
        if (goneSince === undefined) return { next: 'wait', held, isGone: true }
        if (isReleased) return { next: 'released', held }
        sleeps.resolve()
        return { next: 'keep', held, message: 'it is kept' }
      },
      async (handle) => {
        await sleeps.promise
        isReleased = true
        const { userMetadata } = await eventually('the timer', async () => {
          const { events } = await handle.fetchHistory()
          return events?.find(({ timerStartedEventAttributes: started }) => started)
        })
        expect(Buffer.from(userMetadata?.summary?.data ?? []).toString()).toBe(
          '"kept for clusters/demo until a person releases it"',
        )
        await handle.signal(wakeSignal, 'claim is gone')
        expect((await resultOf(handle)).released).toEqual([])
      },
    )
  })

  it('says why where it ends without a look', async () => {
    const because = 'the API server serves no IPAddressClaims'
    const result = await withRun(async ({ held }) => ({ next: 'released', held, because }), resultOf)
    expect(result.message).toBe(because)
  })

  it.each<[string, unknown, string]>([
    ['a string', 'clusters/demo', 'the argument is "clusters/demo"'],
    ['no uid', { namespace: 'clusters', name: 'demo' }, '"uid" is absent'],
    ['a field too many', { ...deletedCluster, role: 'x' }, 'the argument has a field "role"'],
    ['something held that is none', { ...deletedCluster, held: ['10.0.0.10'] }, '"held" is ["10.0.0.10"]'],
    ['no list', { ...deletedCluster, held: releasedVip }, '"held" is {"role"'],
  ])('refuses an argument of %s at once, in words', async (_, argument, words) => {
    const error: unknown = await withRun(fastPath.confirmRelease, resultOf, argument).catch(
      (failure: unknown) => failure,
    )
    expect(error).toBeInstanceOf(WorkflowFailedError)
    const { cause } = error as WorkflowFailedError
    expect(cause).toMatchObject({ type: 'InvalidInput', nonRetryable: true })
    expect(cause?.message).toContain(words)
    expect(cause?.message).toContain(
      'expected one JSON object {"namespace":"<namespace>","name":"<cluster>","uid"',
    )
  })
})
