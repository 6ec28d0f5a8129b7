import { randomBytes } from 'node:crypto'
import { runCommand } from '../../dev/stack/run-command.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'

/** A namespace of a test's own on the shared Temporal server. */
export interface TemporalNamespace {
  readonly name: string
  /** Runs the `temporal` CLI in the namespace; resolves with what it prints. */
  temporal(...args: readonly string[]): Promise<string>
  /** Deletes the namespace. */
  close(): Promise<void>
}

/** Creates a namespace and resolves when the server knows it. */
export async function createTemporalNamespace(stack: StackConnection): Promise<TemporalNamespace> {
  const name = `e2e-${randomBytes(4).toString('hex')}`
  const temporal: TemporalNamespace['temporal'] = (...args) =>
    runCommand({
      command: stack.paths.temporal,
      args: [...args, '--address', stack.temporal.address, '--namespace', name],
      cwd: stack.runDirectory,
    })
  await temporal('operator', 'namespace', 'create')
  // The parts of the server learn of a new namespace one after the other.
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
