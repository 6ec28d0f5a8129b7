import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { activityInfo } from '@temporalio/activity'
import { WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import { ApplicationFailure } from '@temporalio/common'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { randomUUID } from 'node:crypto'
import { fileURLToPath } from 'node:url'
import { FastPathAbandoned } from '../../../src/activities/failures.ts'
import type { Activities } from '../../../src/activities/index.ts'
import {
  allocateVipType,
  retryNowUpdate,
  statusQuery,
  waitingSignal,
  wakeSignal,
  type AllocateVipResult,
  type AllocationStatus,
} from '../../../src/workflows/contract.ts'
import { eventually } from '../../support/eventually.ts'
import { realParts } from '../../support/real-parts.ts'
import {
  input,
  onDurablePath,
  poolRef,
  onFastPath,
  scenario,
  fastPath,
  retryLater,
  signalAndWait,
  delayedAddress,
} from './scenarios.ts'

/** Hours pass in no time here, as soon as somebody waits for a result. */
let timeSkipping: TestWorkflowEnvironment
/** The real server, on which an hour takes an hour. */
let realTime: TestWorkflowEnvironment

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  })
  const { temporalTestServer, stack } = realParts()
  timeSkipping = await TestWorkflowEnvironment.createTimeSkipping({
    server: { executable: { type: 'existing-path', path: temporalTestServer } },
  })
  realTime = await TestWorkflowEnvironment.createFromExistingServer(stack.temporal)
})

afterAll(async () => {
  await timeSkipping.teardown()
  await realTime.teardown()
})

interface Run {
  readonly handle: WorkflowHandle
  result(): Promise<AllocateVipResult>
}

interface RunOptions {
  readonly args?: readonly unknown[]
  readonly memo?: Readonly<Record<string, unknown>>
  readonly environment?: TestWorkflowEnvironment
  /** Steps may get on within the workflow task; otherwise each is an activity of its own. */
  readonly atOnce?: boolean
}

/** Runs `allocateVip` on a Worker of its own while `body` drives it. */
async function withRun<T>(
  activities: Partial<Activities>,
  body: (run: Run) => Promise<T>,
  { args = [input], memo = {}, environment = timeSkipping, atOnce = false }: RunOptions = {},
): Promise<T> {
  const taskQueue = randomUUID()
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    taskQueue,
    workflowBundle: { codePath: fileURLToPath(new URL('../../../dist/workflow-bundle.js', import.meta.url)) },
    activities: atOnce ? onFastPath(activities) : onDurablePath(activities),
  })
  return worker.runUntil(async () => {
    const handle = await environment.client.workflow.start(allocateVipType, {
      workflowId: `allocate-vip/${randomUUID()}`,
      taskQueue,
      memo,
      args: [...args],
    })
    return body({ handle, result: () => handle.result() as Promise<AllocateVipResult> })
  })
}

async function eventCount(handle: WorkflowHandle): Promise<number> {
  return (await handle.fetchHistory()).events?.length ?? 0
}

describe('allocateVip', () => {
  it('goes through the four steps and answers with all that was decided', async () => {
    await withRun({}, async ({ handle, result }) => {
      expect(await result()).toEqual({
        cluster: { namespace: 'clusters', name: 'demo', uid: 'uid-1' },
        roles: {
          'control-plane': {
            outcome: 'allocated',
            reason: 'Allocated',
            message: '10.0.0.10:6443 from GlobalInClusterIPPool/vip-pool by IPAddressClaim vip-cp-demo',
            address: '10.0.0.10',
            port: 6443,
            pool: { kind: 'GlobalInClusterIPPool', namespace: '', name: 'vip-pool' },
            claim: 'vip-cp-demo',
          },
        },
      })
      // The marker of what was tried at once is one more.
      expect(await eventCount(handle)).toBeLessThanOrEqual(30)
    })
  })

  it('asks every step for the management cluster that its memo names, also when it continues as new', async () => {
    const asked: unknown[] = []
    const { activities } = scenario('cluster-replaced')
    const recorded = Object.entries(onDurablePath(activities)).map(([name, run]) => [
      name,
      (step: { readonly managementClusterUid?: string }): unknown => {
        asked.push([name, step.managementClusterUid])
        return (run as (input: unknown) => unknown)(step)
      },
    ])
    await withRun(
      Object.fromEntries(recorded) as Partial<Activities>,
      async ({ result }) => {
        expect((await result()).cluster.uid).toBe('uid-2')
      },
      { memo: { managementClusterUid: 'uid-a' }, environment: realTime },
    )
    const names = ['selectIPPool', 'ensureIPAddressClaim', 'selectIPPool', 'ensureIPAddressClaim']
    expect(asked).toEqual([...names, 'awaitIPAddress', 'assignVip'].map((name) => [name, 'uid-a']))
  })

  it('names no management cluster to its steps if its memo names none, or holds something else', async () => {
    for (const memo of [{}, { managementClusterUid: 7 }]) {
      const asked: unknown[] = []
      const selectIPPool: Activities['selectIPPool'] = async (step) => {
        asked.push(step)
        return { next: 'complete-port', uid: 'uid-1' }
      }
      await withRun({ selectIPPool }, ({ result }) => result(), { memo })
      expect(asked).toEqual([{ cluster: input, role: 'control-plane' }])
    }
  })

  it('gets on at once where every step does, within one workflow task', async () => {
    await withRun(
      {},
      async ({ handle, result }) => {
        expect((await result()).roles['control-plane']?.outcome).toBe('allocated')
        expect(await eventCount(handle)).toBe(6)
      },
      { atOnce: true },
    )
  })

  it('makes activities of the step that does not get on at once, and of all that follow', async () => {
    const calls: string[] = []
    const awaitIPAddress: Activities['awaitIPAddress'] = async () => {
      const { isLocal } = activityInfo()
      calls.push(isLocal ? 'at once' : 'as an activity')
      if (isLocal) throw new FastPathAbandoned('no address yet')
      return { next: 'assign', address: '10.0.0.10' }
    }
    await withRun(
      { awaitIPAddress },
      async ({ handle, result }) => {
        expect((await result()).roles['control-plane']?.address).toBe('10.0.0.10')
        const { events } = await handle.fetchHistory()
        const scheduled = events?.flatMap(
          ({ activityTaskScheduledEventAttributes: of }) => of?.activityType?.name ?? [],
        )
        expect(scheduled).toEqual(['awaitIPAddress', 'assignVip'])
        expect(calls).toEqual(['at once', 'as an activity'])
      },
      { atOnce: true },
    )
  })

  it('answers with the reason where nothing is to be done', async () => {
    const { activities } = scenario('endpoint-already-set')
    const result = await withRun({ ...activities, ensureIPAddressClaim: forbidden }, (run) => run.result())
    expect(result.roles['control-plane']).toEqual({
      outcome: 'skipped',
      reason: 'EndpointAlreadySet',
      message: 'set by hand',
      address: '10.9.9.9',
      port: 6443,
    })
  })

  it('completes a port without taking an address', async () => {
    const assigned: unknown[] = []
    const result = await withRun(
      {
        selectIPPool: async () => ({ next: 'complete-port', uid: 'uid-1' }),
        ensureIPAddressClaim: forbidden,
        assignVip: async (step) => {
          assigned.push(step)
          return { next: 'assigned', host: 'api.example.org', port: 6443 }
        },
      },
      (run) => run.result(),
    )
    expect(assigned).toEqual([{ cluster: input, role: 'control-plane', uid: 'uid-1' }])
    expect(result.roles['control-plane']).toMatchObject({ outcome: 'skipped', address: 'api.example.org' })
  })

  it('waits for hours without growing its history', async () => {
    let looks = 0
    const awaitIPAddress: Activities['awaitIPAddress'] = async () => {
      looks += 1
      if (looks <= 200) throw retryLater('PoolExhausted', 60_000)
      return { next: 'assign', address: '10.0.0.10' }
    }
    await withRun({ awaitIPAddress }, async ({ handle, result }) => {
      const before = await timeSkipping.currentTimeMs()
      expect((await result()).roles['control-plane']?.outcome).toBe('allocated')
      expect((await timeSkipping.currentTimeMs()) - before).toBeGreaterThan(3 * 3_600_000)
      expect(await eventCount(handle)).toBeLessThanOrEqual(33)
    })
  })

  it('tries a step again when the API server could not be reached', async () => {
    let attempts = 0
    const assignVip: Activities['assignVip'] = async () => {
      attempts += 1
      if (attempts < 4) throw new Error('connection refused')
      return { next: 'assigned', host: '10.0.0.10', port: 6443 }
    }
    const result = await withRun({ assignVip }, (run) => run.result())
    expect(result.roles['control-plane']?.outcome).toBe('allocated')
    expect(attempts).toBe(4)
  })

  it('begins anew where the world moved between two steps', async () => {
    const steps: string[] = []
    await withRun(
      {
        selectIPPool: async (step) => {
          steps.push('select')
          return fastPath.selectIPPool(step)
        },
        awaitIPAddress: async () => {
          steps.push('await')
          if (steps.length < 3) return { next: 'restart', message: 'the claim is gone' }
          return { next: 'assign', address: '10.0.0.10' }
        },
      },
      (run) => run.result(),
    )
    expect(steps).toEqual(['select', 'await', 'select', 'await'])
  })

  it('says in the end why it is not the address of the annotation, also where it has begun anew', async () => {
    let looks = 0
    const claim = { next: 'claim', uid: 'uid-1', poolRef, considered: [] } as const
    const insteadOf = '10.9.9.9 in the annotation is not taken: no pool has it'
    const selectIPPool: Activities['selectIPPool'] = async () => {
      looks += 1
      return looks === 1 ? { ...claim, insteadOf } : claim
    }
    const awaitIPAddress: Activities['awaitIPAddress'] = async () =>
      looks === 1 ? { next: 'restart', message: 'moved' } : { next: 'assign', address: '10.0.0.10' }
    await withRun({ selectIPPool, awaitIPAddress }, async ({ result }) => {
      expect((await result()).roles['control-plane']?.message).toBe(
        `10.0.0.10:6443 from GlobalInClusterIPPool/vip-pool by IPAddressClaim vip-cp-demo; ${insteadOf}`,
      )
    })
  })

  it('hands over to a new run for a Cluster that was re-created', async () => {
    let selections = 0
    const selectIPPool: Activities['selectIPPool'] = async () => {
      selections += 1
      return { next: 'claim', uid: `uid-${selections}`, poolRef, considered: [] }
    }
    const ensureIPAddressClaim: Activities['ensureIPAddressClaim'] = async ({ uid }) =>
      uid === 'uid-1' ? { next: 'replaced' } : { next: 'await', claim: 'vip-cp-demo', poolRef }
    await withRun({ selectIPPool, ensureIPAddressClaim }, async ({ handle, result }) => {
      expect((await result()).cluster.uid).toBe('uid-2')
      expect((await handle.describe()).runId).not.toBe(
        (handle as { firstExecutionRunId?: string }).firstExecutionRunId,
      )
    })
  })
})

describe('a run that waits', () => {
  const withRealTimeRun: typeof withRun = (activities, body) =>
    withRun(activities, body, { environment: realTime })

  it('looks again at once when it is woken, and keeps the reason', async () => {
    const { activities, change, waiting } = delayedAddress()
    await withRealTimeRun(activities, async ({ handle, result }) => {
      await waiting
      change()
      await handle.signal(wakeSignal, 'claim bound')
      expect((await result()).roles['control-plane']?.outcome).toBe('allocated')
      const status: AllocationStatus = await handle.query(statusQuery)
      expect(status).toMatchObject({
        roles: { 'control-plane': { phase: 'Done', address: '10.0.0.10' } },
        wakes: ['claim bound'],
      })
    })
  })

  it('looks again when somebody asks by hand, and answers where it is', async () => {
    const { activities, change, waiting } = delayedAddress()
    await withRealTimeRun(activities, async ({ handle, result }) => {
      await waiting
      change()
      const status = await handle.executeUpdate<AllocationStatus, [string]>(retryNowUpdate, {
        args: ['pool enlarged'],
      })
      expect(status).toMatchObject({
        roles: {
          'control-plane': {
            phase: 'AwaitingAddress',
            message: 'waiting for GlobalInClusterIPPool/vip-pool to bind vip-cp-demo',
            claim: 'vip-cp-demo',
          },
        },
        uid: 'uid-1',
        wakes: ['pool enlarged'],
      })
      expect((await result()).roles['control-plane']?.outcome).toBe('allocated')
    })
  })

  it('gets the answer of a step that is under way when it is woken', async () => {
    const begun = Promise.withResolvers<void>()
    const woken = Promise.withResolvers<void>()
    let looks = 0
    const awaitIPAddress: Activities['awaitIPAddress'] = async () => {
      looks += 1
      begun.resolve()
      await woken.promise
      return { next: 'assign', address: '10.0.0.10' }
    }
    await withRealTimeRun({ awaitIPAddress }, async ({ handle, result }) => {
      await begun.promise
      await handle.signal(wakeSignal, 'the pool changed')
      await eventually('the wake to be in the status', async () => {
        const { wakes } = await handle.query<AllocationStatus>(statusQuery)
        return wakes.length > 0 ? wakes : undefined
      })
      woken.resolve()
      expect((await result()).roles['control-plane']?.outcome).toBe('allocated')
      expect(looks).toBe(1)
    })
  })

  it('looks again at once where it was woken before its first look turned out to be in vain', async () => {
    const begun = Promise.withResolvers<void>()
    const woken = Promise.withResolvers<void>()
    let looks = 0
    const awaitIPAddress: Activities['awaitIPAddress'] = async (step) => {
      looks += 1
      if (looks > 1) return { next: 'assign', address: '10.0.0.10' }
      begun.resolve()
      await woken.promise
      return signalAndWait(step, 'WaitingForAddress', 3_600_000)
    }
    await withRealTimeRun({ awaitIPAddress }, async ({ handle, result }) => {
      await begun.promise
      await handle.signal(wakeSignal, 'claim bound')
      woken.resolve()
      expect((await result()).roles['control-plane']?.outcome).toBe('allocated')
      expect(looks).toBe(2)
    })
  })

  it('has no look cut short by news of an earlier one', async () => {
    const isBegun = [1, 2].map(() => Promise.withResolvers<void>())
    const woken = Promise.withResolvers<void>()
    const { activities, waiting } = delayedAddress()
    let looks = 0
    let scheduledAt = 0
    const awaitIPAddress: Activities['awaitIPAddress'] = async (step) => {
      looks += 1
      isBegun[looks - 1]?.resolve()
      if (looks > 1) {
        await woken.promise
        return { next: 'assign', address: '10.0.0.10' }
      }
      scheduledAt = activityInfo().scheduledTimestampMs
      return activities.awaitIPAddress?.(step) ?? forbidden()
    }
    await withRealTimeRun({ awaitIPAddress }, async ({ handle, result }) => {
      await waiting
      await handle.signal(wakeSignal, 'claim bound')
      await isBegun[1]?.promise
      const late = { role: 'control-plane', reason: 'WaitingForAddress', message: 'late', scheduledAt }
      await handle.signal(waitingSignal, late)
      await handle.signal(wakeSignal, 'again')
      await eventually('the wake to be in the status', async () => {
        const { wakes } = await handle.query<AllocationStatus>(statusQuery)
        return wakes.includes('again') ? wakes : undefined
      })
      woken.resolve()
      await result()
      expect(looks).toBe(2)
    })
  })

  it('takes a wake of any shape', async () => {
    const { activities, change, waiting } = delayedAddress()
    await withRealTimeRun(activities, async ({ handle, result }) => {
      await waiting
      await handle.signal(wakeSignal)
      await handle.signal(wakeSignal, { not: 'a string' })
      change()
      await handle.signal(wakeSignal, 'x'.repeat(5_000))
      await result()
      const { wakes } = await handle.query<AllocationStatus>(statusQuery)
      expect(wakes).toEqual(['woken', 'woken', 'x'.repeat(200)])
    })
  })

  it('ends when it is canceled by hand', async () => {
    const { activities, waiting } = delayedAddress()
    await withRealTimeRun(activities, async ({ handle, result }) => {
      await waiting
      await handle.cancel()
      await expect(result()).rejects.toThrow(WorkflowFailedError)
    })
  })
})

describe('a Cluster that wants an ingress VIP too', () => {
  const wanted: Activities['selectIPPool'] = async (step) => ({
    ...(await fastPath.selectIPPool(step)),
    ...(step.role === 'control-plane' && { alsoWanted: ['ingress'] }),
  })
  const assignVip: Activities['assignVip'] = async ({ role, address }) =>
    role === 'ingress'
      ? { next: 'assigned', host: address ?? '' }
      : { next: 'assigned', host: '10.0.0.10', port: 6443 }
  const awaitIPAddress: Activities['awaitIPAddress'] = async ({ role }) => ({
    next: 'assign',
    address: role === 'ingress' ? '10.0.0.11' : '10.0.0.10',
  })

  it('gets both, each with its own claim', async () => {
    const { roles } = await withRun({ selectIPPool: wanted, awaitIPAddress, assignVip }, (run) =>
      run.result(),
    )
    expect(roles).toMatchObject({
      'control-plane': { outcome: 'allocated', address: '10.0.0.10', port: 6443, claim: 'vip-cp-demo' },
      ingress: { outcome: 'allocated', address: '10.0.0.11', claim: 'vip-ingress-demo' },
    })
    expect(roles.ingress).not.toHaveProperty('port')
  })

  it('has its control plane served while ingress is stuck, and looked at again with every wake', async () => {
    let selections = 0
    let isBound = false
    const stuck = Promise.withResolvers<void>()
    const served = Promise.withResolvers<void>()
    await withRun(
      {
        selectIPPool: async (step) => {
          if (step.role === 'control-plane') selections += 1
          return wanted(step)
        },
        awaitIPAddress: async (step) => {
          if (step.role === 'control-plane' || isBound) return awaitIPAddress(step)
          return signalAndWait(step, 'PoolExhausted', 3_600_000).finally(stuck.resolve)
        },
        assignVip: async (step) => {
          if (step.role === 'control-plane') served.resolve()
          return assignVip(step)
        },
      },
      async ({ handle, result }) => {
        await Promise.all([stuck.promise, served.promise])
        const status = await eventually('the control plane to be done', async () => {
          const now = await handle.query<AllocationStatus>(statusQuery)
          return now.roles['control-plane']?.phase === 'Done' ? now : undefined
        })
        expect(status.roles.ingress).toMatchObject({ phase: 'AwaitingAddress', claim: 'vip-ingress-demo' })
        isBound = true
        await handle.signal(wakeSignal, 'claim bound')
        expect((await result()).roles.ingress?.address).toBe('10.0.0.11')
        expect(selections).toBe(2)
      },
      { environment: realTime },
    )
  })

  it('has its ingress served while the control plane waits for a pool', async () => {
    let hasRoom = false
    const selectIPPool: Activities['selectIPPool'] = async (step) =>
      step.role === 'ingress' || hasRoom
        ? wanted(step)
        : signalAndWait(step, 'PoolExhausted', 3_600_000, ['ingress'])
    await withRun(
      { selectIPPool, awaitIPAddress, assignVip },
      async ({ handle, result }) => {
        const status = await eventually('the ingress to be done', async () => {
          const now = await handle.query<AllocationStatus>(statusQuery)
          return now.roles.ingress?.phase === 'Done' ? now : undefined
        })
        expect(status.roles.ingress).toMatchObject({ address: '10.0.0.11' })
        expect(status.roles['control-plane']).toMatchObject({ waiting: { reason: 'PoolExhausted' } })
        hasRoom = true
        await handle.signal(wakeSignal, 'there is room')
        expect((await result()).roles).toMatchObject({
          'control-plane': { outcome: 'allocated', address: '10.0.0.10' },
          ingress: { outcome: 'allocated', address: '10.0.0.11' },
        })
      },
      { environment: realTime },
    )
  })

  it('is handed over to a new run by either', async () => {
    let selections = 0
    const selectIPPool: Activities['selectIPPool'] = async (step) => {
      if (step.role === 'control-plane') selections += 1
      return { ...(await wanted(step)), uid: `uid-${selections}` } as Awaited<ReturnType<typeof wanted>>
    }
    const ensureIPAddressClaim: Activities['ensureIPAddressClaim'] = async (step) =>
      step.role === 'ingress' && selections === 1 ? { next: 'replaced' } : fastPath.ensureIPAddressClaim(step)
    await withRun({ selectIPPool, ensureIPAddressClaim, awaitIPAddress, assignVip }, async ({ result }) => {
      expect((await result()).cluster.uid).toBe('uid-2')
    })
  })
})

describe('a duplicate address', () => {
  it('is tried again with the next one, and stays readable', async () => {
    let addresses = 0
    await withRun(
      {
        awaitIPAddress: async () => ({ next: 'assign', address: `10.0.0.${(addresses += 1)}` }),
        assignVip: async ({ address }) =>
          address === '10.0.0.1'
            ? { next: 'restart', reason: 'DuplicateAddress', message: '10.0.0.1 is taken' }
            : { next: 'assigned', host: address ?? '', port: 6443 },
      },
      async ({ handle, result }) => {
        expect((await result()).roles['control-plane']?.address).toBe('10.0.0.2')
        const { roles } = await handle.query<AllocationStatus>(statusQuery)
        expect(roles['control-plane']?.duplicates).toEqual(['10.0.0.1 is taken'])
      },
    )
  })
})

describe('what a step tells its run', () => {
  const news = {
    role: 'control-plane',
    reason: 'PoolExhausted',
    message: '0 of 11 addresses free',
    considered: [],
    searchable: [],
    isLeft: false,
    scheduledAt: 0,
  }

  it('is in the status while it waits, and gone when it goes on', async () => {
    const waiting = delayedAddress()
    await withRun(
      waiting.activities,
      async ({ handle, result }) => {
        await waiting.waiting
        await handle.signal(waitingSignal, news)
        const { roles } = await handle.query<AllocationStatus>(statusQuery)
        expect(roles['control-plane']?.waiting).toMatchObject({
          reason: 'PoolExhausted',
          message: '0 of 11 addresses free',
        })
        waiting.change()
        await handle.signal(wakeSignal, 'claim bound')
        await result()
        const ended = await handle.query<AllocationStatus>(statusQuery)
        expect(ended.roles['control-plane']?.waiting).toBeUndefined()
      },
      { environment: realTime },
    )
  })

  it('is kept once where it is an address that was left to others, and is no wait', async () => {
    const waiting = delayedAddress()
    await withRun(
      waiting.activities,
      async ({ handle, result }) => {
        await waiting.waiting
        const left = { ...news, reason: 'DuplicateAddress', message: '10.0.0.1 is taken', isLeft: true }
        await handle.signal(waitingSignal, left)
        await handle.signal(waitingSignal, left)
        const { roles } = await handle.query<AllocationStatus>(statusQuery)
        expect(roles['control-plane']).toMatchObject({ duplicates: ['10.0.0.1 is taken'] })
        expect(roles['control-plane']?.waiting?.reason).toBe('WaitingForAddress')
        waiting.change()
        await handle.signal(wakeSignal, 'claim bound')
        await result()
      },
      { environment: realTime },
    )
  })

  it.each([['nonsense'], [{ ...news, role: 'other' }], [{ ...news, reason: 7 }]])(
    'is passed over where it is not to be read: %j',
    async (argument) => {
      const waiting = delayedAddress()
      await withRun(
        waiting.activities,
        async ({ handle, result }) => {
          await waiting.waiting
          await handle.signal(waitingSignal, argument)
          const { roles } = await handle.query<AllocationStatus>(statusQuery)
          expect(roles['control-plane']?.waiting?.reason).toBe('WaitingForAddress')
          waiting.change()
          await handle.signal(wakeSignal, 'claim bound')
          await result()
        },
        { environment: realTime },
      )
    },
  )
})

describe('a wrong argument', () => {
  const expected = 'expected one JSON object {"namespace":"<namespace>","name":"<cluster>"}'

  it.each<[string, readonly unknown[], string]>([
    ['nothing', [], `the argument is [], ${expected}`],
    ['a string', ['clusters/demo'], `the argument is "clusters/demo", ${expected}`],
    ['null', [null], `the argument is null, ${expected}`],
    [
      'two objects',
      [input, input],
      `the argument is [${JSON.stringify(input)},${JSON.stringify(input)}], ${expected}`,
    ],
    ['a field too many', [{ ...input, role: 'x' }], `the argument has a field "role", ${expected}`],
    [
      'a missing name',
      [{ namespace: 'clusters' }],
      `"name" is absent, expected a Kubernetes name of at most 63 characters; ${expected}`,
    ],
    [
      'a name with a slash',
      [{ namespace: 'clusters', name: '../x' }],
      `"name" is "../x", expected a Kubernetes name of at most 63 characters; ${expected}`,
    ],
  ])('of %s fails the run at once, in words', async (_, args, message) => {
    await withRun(
      { selectIPPool: forbidden },
      async ({ result }) => {
        const error: unknown = await result().catch((failure: unknown) => failure)
        expect(error).toBeInstanceOf(WorkflowFailedError)
        expect((error as WorkflowFailedError).cause).toMatchObject({
          type: 'InvalidInput',
          message,
          nonRetryable: true,
        })
      },
      { args },
    )
  })
})

async function forbidden(): Promise<never> {
  throw ApplicationFailure.nonRetryable('this step must not be reached')
}
