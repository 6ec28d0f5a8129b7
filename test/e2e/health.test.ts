import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { join } from 'node:path'
import type { Allocator } from '../../dev/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { allocatorContainer } from '../integration/deploy/support.ts'
import { allocateVipType } from '../../src/workflows/contract.ts'
import { openFixture, type Fixture, type StartOptions } from './fixture.ts'
import { linesOf } from './log-lines.ts'

let suite: Fixture
let allocator: Allocator | undefined

/** What `/healthz` answers before, during and after a long and a short stall. Other tests run meanwhile. */
let aroundStalls: Promise<readonly Answers[]>

beforeAll(async () => {
  suite = await openFixture()
  aroundStalls = Promise.all([answersAround('block 33000'), answersAround('block 7000')])
  // The tests that wait for it report it.
  aroundStalls.catch(() => undefined)
})

afterAll(() => suite.close())

afterEach(async () => {
  await allocator?.kill()
  allocator = undefined
})

/** On a task queue of its own each: what one leaves behind is nothing to the next. */
async function start(options: StartOptions): Promise<Allocator> {
  allocator = await suite.start({ taskQueue: randomUUID(), ...options })
  return allocator
}

/** The environment of a program into which SIGUSR2 injects a fault. */
function withFault(fault: string): Readonly<Record<string, string>> {
  const preload = join(import.meta.dirname, 'fault-on-signal.ts')
  return { NODE_OPTIONS: `--import=${preload}`, FAULT_ON_SIGNAL: fault }
}

interface Answer {
  readonly status: number
  readonly text: string
}

/** Asks as the kubelet does, with the time that the manifest gives it; undefined where no answer came in it. */
async function probe(url: string): Promise<Answer | undefined> {
  const { timeoutSeconds } = allocatorContainer().livenessProbe
  try {
    const answer = await fetch(url, { signal: AbortSignal.timeout(timeoutSeconds * 1000) })
    return { status: answer.status, text: await answer.text() }
  } catch {
    return undefined
  }
}

interface Answers {
  readonly before: Answer | undefined
  readonly after: Answer
}

/** Stalls an allocator until a probe has no answer, and waits for the next answer. */
async function answersAround(stall: string): Promise<Answers> {
  const { pid, healthUrl } = await suite.start({ taskQueue: randomUUID(), env: withFault(stall) })
  const before = await probe(healthUrl)
  process.kill(pid, 'SIGUSR2')
  await eventually('a probe without an answer', async () =>
    (await probe(healthUrl)) === undefined ? true : undefined,
  )
  return { before, after: await eventually('an answer', () => probe(healthUrl)) }
}

describe('a Worker that dies', () => {
  it('ends the program with exit code 1 and the reason, so that it is started anew', async () => {
    const taskQueue = randomUUID()
    const { pid, ended, logPath } = await start({ taskQueue, env: withFault('end-threads') })
    process.kill(pid, 'SIGUSR2')
    // Nobody notices before there is work for the thread.
    const run = await suite.temporal.client.workflow.start(allocateVipType, {
      workflowId: `health-${taskQueue}`,
      taskQueue,
      args: [{ namespace: 'nowhere', name: 'nobody' }],
    })
    expect(await ended).toBe('exit code 1')
    await run.terminate('nobody polls its task queue any more')
    expect(linesOf(logPath)).toContainEqual({
      level: 'error',
      time: expect.any(String),
      message: 'The Worker has died; ending, so that it is started anew',
      // In other words where the thread was at work when it ended.
      error: expect.stringMatching(/thread exited/i),
    })
  })
})

describe('a Worker that leaves a thread behind', () => {
  it('does not keep the program from ending where it is asked to stop', async () => {
    const { pid, ended } = await start({ env: withFault('keep-threads') })
    process.kill(pid, 'SIGUSR2')
    process.kill(pid, 'SIGTERM')
    expect(await ended).toBe('exit code 0')
  })
})

describe('/healthz', () => {
  const well = { status: 200, text: 'ok\n' }

  it('is not answered while the event loop is blocked, and says so afterwards', async () => {
    const [long] = await aroundStalls
    expect(long).toEqual({
      before: well,
      after: {
        status: 500,
        text: expect.stringMatching(/^the event loop was blocked for 3\d s of the last 60 s\n$/),
      },
    })
  })

  it('stays well over a short stall', async () => {
    const [, short] = await aroundStalls
    expect(short).toEqual({ before: well, after: well })
  })
})
