import type { Allocator } from '../../allocator.ts'
import { logTail } from '../../stack/child-process.ts'
import { killProcessGroup, type PauseSignal } from '../../stack/cleanup.ts'
import type { StackConnection } from '../../stack/connection.ts'
import { answersOk } from '../../stack/readiness.ts'
import { startAllocator } from '../../../test/support/allocator.ts'
import { eventually } from '../../../test/support/eventually.ts'

/** The replicas of the allocator. Its methods do their work one after the other, whoever calls them. */
export interface Fleet {
  /** Kills all replicas (SIGKILL) that run. */
  readonly kill: () => Promise<void>
  /** Starts replicas until `replicas` of them run; does not wait until they are ready. */
  readonly fill: () => Promise<void>
  /** Ends each replica in an orderly way (SIGTERM), one after the other, and starts another in its place. */
  readonly roll: () => Promise<void>
  /** How many there ought to be from now on; those that are too many end in an orderly way. */
  readonly resize: (replicas: number) => Promise<void>
  /** Has all replicas that run stand still (SIGSTOP), at once and out of turn. One that ends in an orderly way goes on first. */
  readonly suspend: () => void
  /** Has them go on (SIGCONT). */
  readonly resume: () => void
  readonly areReady: () => Promise<boolean>
  /** Resolves when all are ready. */
  readonly untilReady: () => Promise<void>
  /** What ended without being asked to since the last call, with the end of its log. */
  readonly takeDeaths: () => readonly string[]
  readonly stop: () => Promise<void>
}

export interface FleetOptions {
  readonly stack: StackConnection
  readonly kubeconfigPath: string
  /** Replicas at first. */
  readonly replicas: number
  /** The allocator's own default if absent. */
  readonly taskQueue?: string
}

/** A fleet that has yet to be filled. */
export function createFleet({ replicas, ...installation }: FleetOptions): Fleet {
  let running: readonly Allocator[] = []
  let wanted = replicas
  const deaths: string[] = []
  let last: Promise<unknown> = Promise.resolve()

  /** An orderly end that takes too long would be ended by SIGKILL, unnoticed. */
  async function stopOne(allocator: Allocator): Promise<void> {
    running = running.filter((one) => one !== allocator)
    signal(allocator, 'SIGCONT')
    await allocator.stop(30_000)
    const how = allocator.outcome()
    // One that has just begun has not asked for the signal yet.
    if (how !== 'exit code 0' && how !== 'signal SIGTERM')
      deaths.push(`was asked to end and ended with ${how}:\n${logTail(allocator.logPath)}`)
  }

  async function startOne(): Promise<void> {
    const allocator = await startAllocator({ ...installation, namespaces: [], unready: true })
    running = [...running, allocator]
    void watchEnd(allocator)
  }

  async function watchEnd(allocator: Allocator): Promise<void> {
    const how = await allocator.ended
    if (!running.includes(allocator)) return
    running = running.filter((one) => one !== allocator)
    deaths.push(`ended by itself with ${how}:\n${logTail(allocator.logPath)}`)
  }

  async function fill(): Promise<void> {
    while (running.length < wanted) await startOne()
  }

  function signal({ pid, outcome }: Allocator, name: PauseSignal): void {
    if (outcome() === undefined) killProcessGroup(pid, name)
  }

  async function areReady(): Promise<boolean> {
    const answers = await Promise.all(running.map(({ readyUrl }) => answersOk(readyUrl).catch(() => false)))
    return running.length === wanted && answers.every(Boolean)
  }

  function inTurn<T>(work: () => Promise<T>): Promise<T> {
    const done = last.then(work)
    last = done.catch(() => undefined)
    return done
  }

  return {
    kill: () =>
      inTurn(async () => {
        const killed = running
        running = []
        await Promise.all(killed.map((allocator) => allocator.kill()))
      }),
    fill: () => inTurn(fill),
    roll: () =>
      inTurn(async () => {
        for (const allocator of running) {
          await stopOne(allocator)
          await startOne()
        }
      }),
    resize: (replicas) =>
      inTurn(async () => {
        wanted = replicas
        await Promise.all(running.slice(replicas).map(stopOne))
        await fill()
      }),
    suspend: () => running.forEach((allocator) => signal(allocator, 'SIGSTOP')),
    resume: () => running.forEach((allocator) => signal(allocator, 'SIGCONT')),
    areReady,
    untilReady: () =>
      inTurn(async () => {
        await eventually('all allocators to be ready', async () => ((await areReady()) ? true : undefined))
      }),
    takeDeaths: () => deaths.splice(0),
    stop: () => inTurn(async () => void (await Promise.all(running.map(stopOne)))),
  }
}
