import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { WorkflowHandle } from '@temporalio/client'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import type { TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const temporalNamespace = stack.temporal.namespace
/** Bytes of a failure or a status that a person can still read. */
const readable = 4_000

interface Payload {
  readonly metadata: Record<string, Uint8Array>
  readonly data: Uint8Array
}

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView
const started: WorkflowHandle[] = []

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.110.0.10-10.110.0.40')
  await suite.start()
})

afterAll(() =>
  suite.close(async () => {
    await Promise.all(started.map((run) => run.terminate().catch(() => undefined)))
  }),
)

function json(value: unknown, encoding = 'json/plain'): Payload {
  return { metadata: { encoding: Buffer.from(encoding) }, data: Buffer.from(JSON.stringify(value)) }
}

/** Payloads that no JSON converter reads, as another SDK, an encrypting codec or a mistake sends them. */
const undecodable: readonly (readonly [string, Payload])[] = [
  ['bytes', { metadata: { encoding: Buffer.from('binary/plain') }, data: Buffer.from([0, 255, 27, 10]) }],
  ['protobuf as JSON', json({ namespace: 'a', name: 'b' }, 'json/protobuf')],
  ['an encrypted text', json('0a0b', 'binary/encrypted')],
  ['a text without encoding', { metadata: {}, data: Buffer.from('"text"') }],
  [
    'broken JSON',
    { metadata: { encoding: Buffer.from('json/plain') }, data: Buffer.from('{"namespace": "a", \u0000') },
  ],
]

/** How a run ended, or that it cannot: a failing workflow task is tried again for ever. */
interface RunEnd {
  readonly end: 'failed' | 'completed' | 'stuck in its workflow task'
  readonly type: string
  readonly message: string
  readonly bytes: number
}

/** How Temporal refuses the end of a run that was woken meanwhile: the task is tried again, and meets the wake. */
const wokenMeanwhile = 'UnhandledCommand'

function untilEnd(handle: WorkflowHandle): Promise<RunEnd> {
  return eventually('a run to end', async () => {
    const events = (await handle.fetchHistory()).events ?? []
    for (const event of events) {
      const failed = event.workflowExecutionFailedEventAttributes
      const stuck = event.workflowTaskFailedEventAttributes
      const failure = (failed ?? stuck)?.failure
      if (failed || (stuck && failure?.message !== wokenMeanwhile)) {
        return {
          end: failed ? 'failed' : 'stuck in its workflow task',
          type: failure?.applicationFailureInfo?.type ?? '',
          message: failure?.message ?? '',
          bytes: JSON.stringify(failure).length,
        } as const
      }
      if (event.workflowExecutionCompletedEventAttributes) {
        return { end: 'completed', type: '', message: '', bytes: 0 } as const
      }
    }
    return undefined
  })
}

async function runWith(payloads: readonly Payload[]): Promise<RunEnd> {
  const workflowId = `hostile/${randomUUID()}`
  await temporal.client.workflowService.startWorkflowExecution({
    namespace: temporalNamespace,
    workflowId,
    requestId: randomUUID(),
    workflowType: { name: 'allocateVip' },
    taskQueue: { name: suite.taskQueue },
    input: { payloads: [...payloads] },
  })
  const handle = temporal.client.workflow.getHandle(workflowId)
  started.push(handle)
  return untilEnd(handle)
}

const good = { namespace: 'clusters', name: 'demo' }
const huge = 'x'.repeat(1_900_000)

describe('an argument of the wrong shape', () => {
  it.each<[string, readonly unknown[]]>([
    ['none', []],
    ['two', [good, good]],
    ['a number', [1]],
    ['a text', ['clusters/demo']],
    ['null', [null]],
    ['true', [true]],
    ['an array', [[good]]],
    ['a nested object', [{ cluster: good }]],
    ['an empty object', [{}]],
    ['a number for the name', [{ ...good, name: 7 }]],
    ['an object for the namespace', [{ ...good, namespace: { name: 'clusters' } }]],
    ['null for the name', [{ ...good, name: null }]],
    ['an unknown field', [{ ...good, uid: '1' }]],
    ['an unknown field __proto__', [JSON.parse('{"namespace":"a","name":"b","__proto__":{"x":1}}')]],
    ['a line break in the name', [{ ...good, name: 'demo\n' }]],
    ['a slash in the name', [{ ...good, name: 'demo/status' }]],
    ['upper case', [{ ...good, name: 'Demo' }]],
    ['300 characters', [{ ...good, name: 'x'.repeat(300) }]],
    ['unicode', [{ ...good, name: 'démo' }]],
    ['a way out of the path', [{ ...good, namespace: '../../api/v1/secrets?' }]],
    ['two dots', [{ ...good, name: '..' }]],
    ['an empty name', [{ ...good, name: '' }]],
    ['1.9 MB of text', [huge]],
    ['1.9 MB for the name', [{ ...good, name: huge }]],
    ['1.9 MB for a field’s name', [{ [huge]: 1 }]],
  ])('(%s) fails the run at once, in few words', async (_, args) => {
    const end = await runWith(args.map((arg) => json(arg)))
    expect(end).toMatchObject({ end: 'failed', type: 'InvalidInput' })
    expect(end.message).toContain('expected one JSON object')
    expect(end.bytes).toBeLessThan(readable)
  })

  it.each(undecodable)('(%s) fails the run at once, and is not tried again for ever', async (_, payload) => {
    expect(await runWith([payload])).toMatchObject({ end: 'failed', type: 'InvalidInput' })
  })

  it.each(['7', '["a"]', '{"namespace":"../..","name":"b"}', 'null'])(
    'typed as %s at the temporal CLI fails the run at once',
    async (input) => {
      const { temporal: program } = stack.paths
      const command = ['workflow', 'execute', '--task-queue', suite.taskQueue, '--type', 'allocateVip']
      const more = ['--input', input, '--output', 'json', '--address', stack.temporal.address]
      const workflowId = `hostile/${randomUUID()}`
      const executed = promisify(execFile)(program, [...command, '--workflow-id', workflowId, ...more])
      await expect(executed).rejects.toMatchObject({ stdout: expect.stringContaining('InvalidInput') })
    },
  )
})

describe('a run that waits', () => {
  const className = 'hostile-class'
  const name = 'waits'
  let handle: WorkflowHandle
  let execution: { readonly workflowId: string }

  beforeAll(async () => {
    await testbed.createClass(className)
    await testbed.createCluster(name, { className })
    const workflowId = workflowIdFor(testbed.keyOf(name))
    await temporal.untilPending(workflowId)
    handle = temporal.client.workflow.getHandle(workflowId)
    execution = { workflowId }
    started.push(handle)
  })

  async function status(): Promise<string> {
    return JSON.stringify(await handle.query('status'))
  }

  it('answers queries whatever their arguments are', async () => {
    const plain = JSON.parse(await status()) as unknown
    for (const arg of [1, null, { a: 1 }, 'z'.repeat(1_000_000)]) {
      expect(await handle.query('status', arg)).toEqual(plain)
    }
    await expect(handle.query('no-such-query')).rejects.toThrow('no-such-query')
    for (const [, payload] of undecodable) {
      await temporal.client.workflowService
        .queryWorkflow({
          namespace: temporalNamespace,
          execution,
          query: { queryType: 'status', queryArgs: { payloads: [payload] } },
        })
        .catch(() => undefined)
    }
    expect(await handle.query('status')).toEqual(plain)
  })

  it('keeps its status small, whatever signals with arguments of any shape it gets', async () => {
    for (const args of [[], [{ deep: { er: [1] } }], [null], [7], ['a', 'b', 'c'], ['\n\u001b[31m\u0000']]) {
      await handle.signal('wake', ...args)
    }
    const big = 'y'.repeat(1_000_000)
    await Promise.all([1, 2, 3, 4, 5].map(() => handle.signal('wake', big)))
    await handle.signal('no-such-signal', big)
    expect((await status()).length).toBeLessThan(readable)
  })

  it.each(undecodable)('answers after the signal wake with %s', async (_, payload) => {
    await temporal.client.workflowService.signalWorkflowExecution({
      namespace: temporalNamespace,
      workflowExecution: execution,
      signalName: 'wake',
      input: { payloads: [payload] },
      requestId: randomUUID(),
    })
    expect((await status()).length).toBeLessThan(readable)
  })

  it('answers or refuses updates whatever their arguments are', async () => {
    for (const arg of [1, null, { a: 1 }, 'z'.repeat(1_000_000)]) {
      const answer = await handle.executeUpdate('retryNow', { args: [arg] })
      expect(JSON.stringify(answer).length).toBeLessThan(readable)
    }
    await expect(handle.executeUpdate('no-such-update')).rejects.toThrow('failed')
    for (const [, payload] of undecodable) {
      const answered = await temporal.client.workflowService.updateWorkflowExecution({
        namespace: temporalNamespace,
        workflowExecution: execution,
        request: {
          meta: { updateId: randomUUID() },
          input: { name: 'retryNow', args: { payloads: [payload] } },
        },
        waitPolicy: { lifecycleStage: 3 },
      })
      expect(answered.outcome).toBeDefined()
    }
  })

  it('survives all of that, and is served when there is a pool', async () => {
    await testbed.createPool('10.111.1.1', { name: 'hostile-pool', className })
    // Where it is stuck, that shows in the history at once, and in the Cluster after minutes of nothing.
    expect(await untilEnd(handle)).toMatchObject({ end: 'completed' })
    expect(await testbed.hostOf(name)).toBe('10.111.1.1')
  })
})

describe('the worker', () => {
  it('goes on serving afterwards', async () => {
    await testbed.createCluster('afterwards')
    expect((await testbed.untilServed('afterwards')).controlPlaneEndpoint.port).toBe(6443)
    expect((await fetch(suite.allocator.healthUrl)).status).toBe(200)
  })
})
