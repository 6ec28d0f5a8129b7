import type { Allocator } from '../../allocator.ts'
import { logTail } from '../../stack/child-process.ts'
import { killProcessGroup, type PauseSignal } from '../../stack/cleanup.ts'
import type { StackConnection } from '../../stack/connection.ts'
import { freePort } from '../../stack/ports.ts'
import { answersOk } from '../../stack/readiness.ts'
import { startAllocator } from '../../../test/support/allocator.ts'
import { eventually } from '../../../test/support/eventually.ts'

/** The replicas of an allocator. Its asynchronous methods run one after another. */
export interface Fleet {
  /** Kills all replicas (SIGKILL). */
  readonly kill: () => Promise<void>
  /** Starts replicas until `replicas` of them run, without waiting until they are ready. */
  readonly fill: () => Promise<void>
  /** Replaces the replicas one after another: terminates each (SIGTERM) and starts another. */
  readonly roll: () => Promise<void>
  /** Sets the number of replicas; surplus ones are terminated. */
  readonly resize: (replicas: number) => Promise<void>
  /** Stops all replicas (SIGSTOP) immediately. A replica is continued before it is terminated. */
  readonly suspend: () => void
  /** Continues them (SIGCONT). */
  readonly resume: () => void
  /** Ports of the runtime extension of the replicas that run. */
  readonly hookPorts: () => readonly number[]
  readonly areReady: () => Promise<boolean>
  /** Resolves when all are ready. */
  readonly untilReady: () => Promise<void>
  /** Unexpected exits since the last call, each with the end of its log. */
  readonly takeCrashes: () => readonly string[]
  readonly stop: () => Promise<void>
}

export interface FleetOptions {
  readonly stack: StackConnection
  readonly kubeconfigPath: string
  readonly replicas: number
  /** The allocator's default if absent. */
  readonly taskQueue?: string
  readonly flags?: readonly string[]
  /** Certificate files of the runtime extension; absent: it is not served. */
  readonly hookFlags?: readonly string[]
}

/** Creates a fleet; `fill` starts its replicas. */
export function createFleet({ replicas, hookFlags, flags = [], ...installation }: FleetOptions): Fleet {
  let running: readonly Allocator[] = []
  const hookPorts = new Map<Allocator, number>()
  let wanted = replicas
  const crashes: string[] = []
  let last: Promise<unknown> = Promise.resolve()

  async function stopOne(allocator: Allocator): Promise<void> {
    running = running.filter((one) => one !== allocator)
    signal(allocator, 'SIGCONT')
    await allocator.stop(30_000)
    const how = allocator.outcome()
    // SIGTERM ends a process that has not installed its handler yet; a SIGKILL after the time limit is a crash.
    if (how !== 'exit code 0' && how !== 'signal SIGTERM')
      crashes.push(`was asked to end and ended with ${how}:\n${logTail(allocator.logPath)}`)
  }

  async function startOne(): Promise<void> {
    const hookPort = hookFlags && (await freePort())
    const extension =
      hookFlags === undefined ? [] : [`--runtime-extension-bind-address=127.0.0.1:${hookPort}`, ...hookFlags]
    const allocator = await startAllocator({
      ...installation,
      ...{ flags: [...flags, ...extension], namespaces: [], unready: true },
    })
    if (hookPort !== undefined) hookPorts.set(allocator, hookPort)
    running = [...running, allocator]
    void watchEnd(allocator)
  }

  async function watchEnd(allocator: Allocator): Promise<void> {
    const how = await allocator.ended
    if (!running.includes(allocator)) return
    running = running.filter((one) => one !== allocator)
    crashes.push(`ended by itself with ${how}:\n${logTail(allocator.logPath)}`)
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
    hookPorts: () => running.flatMap((allocator) => hookPorts.get(allocator) ?? []),
    areReady,
    untilReady: () =>
      inTurn(async () => {
        await eventually('all allocators to be ready', async () => ((await areReady()) ? true : undefined))
      }),
    takeCrashes: () => crashes.splice(0),
    stop: () => inTurn(async () => void (await Promise.all(running.map(stopOne)))),
  }
}
