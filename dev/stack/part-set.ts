import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { guardDirectory } from './cleanup.ts'
import { logTail } from './child-process.ts'
import { closeAll } from './close-all.ts'
import { createPart, type Part, type PartDefinition } from './part.ts'
import { type Progress, timed } from './progress.ts'

/** The parts of a stack, with the directory they share. */
export interface PartSet<Name extends string> {
  readonly runDirectory: string
  /** Starts a part, reports how long it took, and returns when it is ready. */
  readonly start: (name: Name, definition: PartDefinition) => Promise<void>
  /** @throws Error if there is no such part */
  readonly part: (name: Name) => Part
  /** Stops all parts, newest first, and removes the directory. No part can be started afterwards. */
  readonly stop: () => Promise<void>
}

/** Creates an empty set, with a directory under the system's directory for temporary files. */
export function createPartSet<Name extends string>(progress: Progress): PartSet<Name> {
  const runDirectory = mkdtempSync(join(tmpdir(), 'capi-vip-allocator-'))
  guardDirectory(runDirectory)
  const parts = new Map<Name, Part>()
  let isStopped = false

  return {
    runDirectory,
    start: async (name, definition) => {
      if (isStopped) throw new Error(`${name} was not started: the stack is being stopped`)
      const part = createPart(definition, (outcome) =>
        progress(
          `${name}: ended by itself with ${outcome}. The end of its log:\n${logTail(definition.logPath)}`,
        ),
      )
      parts.set(name, part)
      await timed(progress, { during: `${name}: starting`, after: `${name}: ready` }, () => part.start())
    },
    part: (name) => {
      const part = parts.get(name)
      if (part !== undefined) return part
      throw new Error(`this stack runs without ${name}; it has ${[...parts.keys()].join(', ')}`)
    },
    stop: async () => {
      isStopped = true
      await closeAll([...parts.values()].map(({ stop }) => stop))
      rmSync(runDirectory, { recursive: true, force: true, maxRetries: 10, retryDelay: 50 })
    },
  }
}
