import { flags, type AllocatorCommand } from '../config.ts'
import type { Command } from './command.ts'

const summaries: Readonly<Record<AllocatorCommand, string>> = {
  run: 'watcher and worker in one process (default)',
  watcher: 'start a Temporal workflow for every Cluster that needs a VIP',
  worker: 'run the workflows and their activities',
}

const meanings: Readonly<Record<AllocatorCommand, string>> = {
  run: 'serve the Clusters of two namespaces',
  watcher: 'watch, and leave the work to others',
  worker: 'work on what watchers and people start',
}

/** `run`, `watcher` or `worker`: runs the allocator itself until it is stopped. */
export function allocatorCommand(name: AllocatorCommand): Command {
  return {
    name,
    summary: summaries[name],
    flags: flags.map((flag) => flag.name).filter((flag) => flag !== 'output'),
    options: [],
    examples: [
      {
        line: `${name}${name === 'run' ? ' --namespace=clusters --namespace=staging' : ' --log-format=pretty'}`,
        meaning: meanings[name],
      },
    ],
    prepare: () => async (config, signal) => {
      const { runProgram } = await import('../commands/run/run.ts')
      return runProgram(name, config, signal)
    },
  }
}
