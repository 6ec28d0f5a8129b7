import { mkdirSync, rmSync } from 'node:fs'

import { type Child, startChild, waitUntilReady } from './child-process.ts'

/** How one program of the stack is started and judged ready. */
export interface PartDefinition {
  readonly name: string
  readonly command: string
  readonly args: readonly string[]
  readonly env?: Readonly<Record<string, string>>
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
   */
  readonly start: (options?: { readonly forgetData?: boolean }) => Promise<void>
  /** Ends the program in an orderly way (SIGTERM, later SIGKILL) and waits until it is gone. */
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
      if (isRunning()) return
      if (options?.forgetData === true) removeData(definition)
      if (definition.dataPath !== undefined) mkdirSync(definition.dataPath, { recursive: true, mode: 0o700 })
      const started = await startChild(definition)
      child = started
      await waitUntilReady(started, definition.isReady, definition.readyWithinMs)
      void watchEnd(started)
    },
    stop: () => end('stop'),
    kill: () => end('kill'),
  }
}

function removeData(definition: PartDefinition): void {
  if (definition.dataPath === undefined)
    throw new Error(`${definition.name} keeps no data that could be forgotten`)
  rmSync(definition.dataPath, { recursive: true, force: true })
}
