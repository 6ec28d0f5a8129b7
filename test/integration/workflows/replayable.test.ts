import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client'
import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type WorkflowBundleOption,
} from '@temporalio/worker'
import { randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import type { Activities } from '../../../src/activities/index.ts'
import { registerSearchAttributes } from '../../../src/commands/temporal/search-attributes.ts'
import {
  allocateVipType,
  retryNowUpdate,
  wakeSignal,
  type AllocateVipResult,
} from '../../../src/workflows/contract.ts'
import { eventually } from '../../support/eventually.ts'
import { realParts } from '../../support/real-parts.ts'
import { seededRandom } from '../../support/seeded-random.ts'
import { historiesOf, namesOfEvents, runAll, workerFor, type RecordedRun } from './fuzz.ts'
import { workflowBundles } from './run-scenario.ts'
import { input, onDurablePath, onFastPath, signalAndWait, delayedAddress } from './scenarios.ts'

/** A Temporal namespace of its own, with search attributes, so that runs set them. */
const namespace = `replayable-${randomUUID().slice(0, 8)}`
/** A local activity that takes longer than 80 % of this outlasts its workflow task. */
const workflowTaskTimeout = '2 seconds'
/** How many random runs; each takes a second or so, and 300 some four minutes on two cores. */
const runs = Number(process.env['FUZZ_RUNS'] ?? 30)

let connection: NativeConnection
let client: Client

beforeAll(async () => {
  Runtime.install({
    logger: new DefaultLogger('ERROR'),
    telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
  })
  connection = await NativeConnection.connect({ address: realParts().stack.temporal.address })
  await connection.workflowService.registerNamespace({
    namespace,
    workflowExecutionRetentionPeriod: { seconds: 86_400 as never },
  })
  client = new Client({ connection, namespace })
  await eventually('the namespace to take search attributes', async () => {
    await registerSearchAttributes(connection, namespace)
    return true
  })
})

afterAll(() => connection.close())

function workerOn(
  taskQueue: string,
  activities: Activities,
  workflowBundle: WorkflowBundleOption = workflowBundles.plain,
): Promise<Worker> {
  return workerFor({ connection, client, workflowBundle, taskQueue }, activities)
}

function start(id: string): Promise<WorkflowHandle> {
  return client.workflow.start(allocateVipType, {
    workflowId: id,
    taskQueue: id,
    workflowTaskTimeout,
    args: [input],
  })
}

/** Why histories cannot be replayed, one line for each, with its run and what it consists of. */
async function faultsOf(recorded: readonly RecordedRun[]): Promise<readonly string[]> {
  const faults: string[] = []
  const replays = Worker.runReplayHistories({ workflowBundle: workflowBundles.plain }, recorded)
  for await (const { workflowId, runId, error } of replays) {
    const history = recorded.find((run) => run.runId === runId)?.history
    if (error !== undefined) {
      faults.push(`${workflowId}: ${error.message}\n  ${namesOfEvents(history).join('\n  ')}`)
    }
  }
  return faults
}

/** A world whose tasks are prolonged: what is tried at once takes as long as it is told to. */
function slowAtOnce(activities: Partial<Activities>): {
  readonly activities: Activities
  readonly begun: Promise<void>
  end(): void
} {
  const begun = Promise.withResolvers<void>()
  const end = Promise.withResolvers<void>()
  const own = onFastPath(activities)
  return {
    activities: {
      ...own,
      allocateAtOnce: async (of) => {
        begun.resolve()
        await end.promise
        return own.allocateAtOnce(of)
      },
    },
    begun: begun.promise,
    end: end.resolve,
  }
}

/** Until the workflow task has been prolonged: the next one has begun. */
async function untilProlonged({ workflowId }: WorkflowHandle): Promise<void> {
  await eventually('the workflow task to be prolonged', async () => {
    const { events } = await client.workflow.getHandle(workflowId).fetchHistory()
    const begun = events?.filter((event) => event.workflowTaskStartedEventAttributes)
    return (begun?.length ?? 0) > 1 ? true : undefined
  })
}

describe('a run that gets a message while what it tries at once outlasts the workflow task', () => {
  it.each<[string, (handle: WorkflowHandle) => Promise<unknown>]>([
    ['a wake', (handle) => handle.signal(wakeSignal, 'in between')],
    ['an update', (handle) => handle.executeUpdate(retryNowUpdate, { args: ['in between'] })],
    ['a cancellation', (handle) => handle.cancel()],
  ])('has a history that can be replayed: %s', async (_, send) => {
    const id = randomUUID()
    const slow = slowAtOnce({})
    const worker = await workerOn(id, slow.activities)
    await worker.runUntil(async () => {
      const handle = await start(id)
      await slow.begun
      await send(handle)
      await untilProlonged(handle)
      slow.end()
      await handle.result().catch(() => undefined)
    })
    expect(await faultsOf(await historiesOf(client, id))).toEqual([])
  })

  it('goes on when another Worker takes it over', async () => {
    const id = randomUUID()
    const waiting = delayedAddress()
    const slow = slowAtOnce({
      ...waiting.activities,
      allocateAtOnce: async () => ({ left: 'it takes its time' }),
    })
    const handle = await start(id)
    const first = await workerOn(id, slow.activities)
    await first.runUntil(async () => {
      await slow.begun
      await handle.signal(wakeSignal, 'in between')
      await untilProlonged(handle)
      slow.end()
      await waiting.waiting
    })
    waiting.change()
    const second = await workerOn(id, onDurablePath(waiting.activities))
    await second.runUntil(async () => {
      await handle.signal(wakeSignal, 'claim bound')
      const { roles } = (await handle.result()) as AllocateVipResult
      expect(roles['control-plane']?.outcome).toBe('allocated')
    })
  })
})

describe('a run whose history cannot be replayed', () => {
  it('fails, and the next one under its id is served', async () => {
    const id = randomUUID()
    const told = Promise.withResolvers<void>()
    // The same workflow, but for the name of its first step.
    const code = await readFile(workflowBundles.plain.codePath, 'utf8')
    const other = { code: code.replaceAll('selectIPPool', 'selectAnother') }
    const before = await workerOn(
      id,
      {
        ...onDurablePath({}),
        selectAnother: (of: Parameters<Activities['selectIPPool']>[0]) =>
          signalAndWait(of, 'NoMatchingPool', 3_600_000).finally(told.resolve),
      } as Activities,
      other,
    )
    const handle = await start(id)
    await before.runUntil(told.promise)
    const today = await workerOn(id, onDurablePath({}))
    await today.runUntil(async () => {
      await handle.signal(wakeSignal, 'a pool appeared')
      await expect(handle.result()).rejects.toThrow(WorkflowFailedError)
      const next = await start(id)
      const { roles } = (await next.result()) as AllocateVipResult
      expect(roles['control-plane']?.outcome).toBe('allocated')
    })
  })
})

describe('any run', () => {
  it(
    'has a history that can be replayed, whatever its steps answer and whatever it is sent',
    async () => {
      const { seed } = seededRandom('runs of the workflow')
      const taskQueue = randomUUID()
      await runAll({
        client,
        connection,
        workflowBundle: workflowBundles.plain,
        taskQueue,
        seed,
        runs,
      })
      const recorded = await historiesOf(client, taskQueue)
      expect(recorded.length).toBeGreaterThanOrEqual(runs)
      const failed = recorded.filter(({ history }) =>
        namesOfEvents(history).some((name) => /workflowExecutionFailed|Nondeterminism/.test(name)),
      )
      const faults = await faultsOf(recorded)
      expect({ seed, faults, failed: failed.map(({ workflowId }) => workflowId) }).toEqual({
        seed,
        faults: [],
        failed: [],
      })
    },
    runs * 3_000 + 120_000,
  )
})
