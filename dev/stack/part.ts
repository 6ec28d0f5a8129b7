import { mkdirSync, rmSync } from 'node:fs'

import { type Child, startChild, waitUntilReady } from './child-process.ts'
import type { StopSignal } from './cleanup.ts'
import type { UserAccount } from './run-command.ts'

/** How a program of the stack is started, and when it is ready. */
export interface PartDefinition {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** User to run as; that of this process if absent. */
  readonly account?: UserAccount
  /** Signal that asks for a graceful exit; SIGTERM if absent. */
  readonly stopSignal?: StopSignal
  readonly logPath: string
  /** Directory of its persistent data; absent if there is none. */
  readonly dataPath?: string
  /** Polled after the start; a rejection means "not yet". */
  readonly isReady: () => Promise<boolean>
  /** Time limit for readiness. */
  readonly readyWithinMs: number
}

/** A program of the stack, which tests can stop and start. */
export interface Part {
  readonly name: string
  readonly logPath: string
  /** Process id while the program runs. */
  readonly pid: () => number | undefined
  /**
   * Starts the program with the same port and data as before, and waits until it is ready; does nothing if it runs.
   * `forgetData` removes its data first.
   *
   * @throws Error if it does not become ready, or if it has no data to forget or still uses it
   */
  readonly start: (options?: { readonly forgetData?: boolean }) => Promise<void>
  /**
   * Sends the stop signal, and SIGKILL after 10 seconds, and waits until the program has ended. An API server with open
   * watches takes all that time.
   */
  readonly stop: () => Promise<void>
  /** Kills the program (SIGKILL) and waits until it has ended. */
  readonly kill: () => Promise<void>
}

/** Creates a part, which `start` starts; `onUnexpectedEnd` reports a crash. */
export function createPart(definition: PartDefinition, onUnexpectedEnd: (outcome: string) => void): Part {
  let child: Child | undefined
  const isRunning = (): boolean => child !== undefined && child.outcome() === undefined
  const end = async (how: 'stop' | 'kill'): Promise<void> => {
    const ending = child
    child = undefined
    await ending?.[how]()
  }
  const watchEnd = async (started: Child): Promise<void> => {
    const outcome = await started.ended
    if (child === started) onUnexpectedEnd(outcome)
  }
  return {
    name: definition.name,
    logPath: definition.logPath,
    pid: () => (isRunning() ? child?.pid : undefined),
    start: async (options) => {
      if (options?.forgetData === true) removeData(definition, isRunning())
      if (isRunning()) return
      if (definition.dataPath !== undefined) mkdirSync(definition.dataPath, { recursive: true, mode: 0o700 })
      const started = await startChild(definition)
      child = started
      try {
        await waitUntilReady(started, definition.isReady, definition.readyWithinMs)
      } catch (error) {
        await end('kill')
        throw error
      }
      void watchEnd(started)
    },
    stop: () => end('stop'),
    kill: () => end('kill'),
  }
}

function removeData({ name, dataPath }: PartDefinition, isRunning: boolean): void {
  if (dataPath === undefined) throw new Error(`${name} keeps no data that could be forgotten`)
  if (isRunning) throw new Error(`${name} runs: stop it before its data can be forgotten`)
  rmSync(dataPath, { recursive: true, force: true })
}
