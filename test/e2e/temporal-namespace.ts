import { randomBytes } from 'node:crypto'
import { runCommand } from '../../dev/stack/run-command.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'

/** A namespace of one test on the shared Temporal server. */
export interface TemporalNamespace {
  readonly name: string
  /** Runs the `temporal` CLI in the namespace. Resolves with its output. */
  temporal(...args: readonly string[]): Promise<string>
  close(): Promise<void>
}

/** Creates a namespace. Resolves when the server knows it. */
export async function createTemporalNamespace(stack: StackConnection): Promise<TemporalNamespace> {
  const name = `e2e-${randomBytes(4).toString('hex')}`
  const temporal: TemporalNamespace['temporal'] = (...args) =>
    runCommand({
      command: stack.paths.temporal,
      args: [...args, '--address', stack.temporal.address, '--namespace', name],
      cwd: stack.runDirectory,
    })
  await temporal('operator', 'namespace', 'create')
  // A new namespace takes time to propagate through the server.
  await eventually(`namespace ${name} to take search attributes`, () =>
    temporal('operator', 'search-attribute', 'list'),
  )
  return {
    name,
    temporal,
    close: async () => {
      await eventually(`namespace ${name} to be deleted`, () =>
        temporal('operator', 'namespace', 'delete', '--yes'),
      )
    },
  }
}
