import { mkdirSync, rmSync } from 'node:fs'

import { type Child, startChild, waitUntilReady } from './child-process.ts'
import type { StopSignal } from './cleanup.ts'
import type { UserAccount } from './run-command.ts'

/** How one program of the stack is started and judged ready. */
export interface PartDefinition {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
  /** Whom it runs as; this process's own user if absent. */
  readonly account?: UserAccount
  /** What asks it to end; SIGTERM if absent. */
  readonly stopSignal?: StopSignal
  readonly logPath: string
  /** Directory of what the program keeps between two starts; absent if it keeps nothing. */
  readonly dataPath?: string
  /** Asked again and again after the start; an error means "not yet". */
  readonly isReady: () => Promise<boolean>
  /** Milliseconds after which waiting for readiness is given up. */
  readonly readyWithinMs: number
}

/** One program of the stack, for tests that take it away and bring it back. */
export interface Part {
  readonly name: string
  readonly logPath: string
  /** Process id while the program runs. */
  readonly pid: () => number | undefined
  /**
   * Starts the program on the same port and with the same data as before, and waits until it is ready; if it runs
   * already, nothing happens. `forgetData` removes its data first.
   *
   * @throws Error if it does not get ready, or if there is no data to forget or the program still uses it
   */
  readonly start: (options?: { readonly forgetData?: boolean }) => Promise<void>
  /**
   * Ends the program in an orderly way (its stop signal, after 10 seconds SIGKILL) and waits until it is gone. An API server with
   * watches takes all of that time.
   */
  readonly stop: () => Promise<void>
  /** Kills the program (SIGKILL) and waits until it is gone. */
  readonly kill: () => Promise<void>
}

/** A part that has not been started; `onUnexpectedEnd` hears of an end that nobody asked for. */
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
