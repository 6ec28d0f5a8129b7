import type { AllocateOptions } from '../commands/allocate/allocate.ts'
import { clusterArgument, clusterIn } from './cluster-argument.ts'
import { userCommand } from './command.ts'

export const allocateCommand = userCommand<AllocateOptions>({
  name: 'allocate',
  summary: 'start the run of a Cluster, or join it, and follow it until it ends',
  argument: clusterArgument,
  flags: ['task-queue'],
  examples: [
    { line: 'allocate clusters/demo-cluster', meaning: 'follow it step by step; Ctrl-C leaves it running' },
    { line: 'allocate clusters/demo-cluster --output=yaml', meaning: 'the result for a program' },
  ],
  read: (typed) => {
    const cluster = clusterIn(typed)
    if (cluster === undefined) typed.fault(`allocate names no Cluster, expected ${clusterArgument.name}`)
    return { cluster: cluster ?? { namespace: '', name: '' } }
  },
  load: async () => (await import('../commands/allocate/allocate.ts')).runAllocate,
})
