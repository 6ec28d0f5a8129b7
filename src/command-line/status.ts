import { clusterArgument, clusterIn } from './cluster-argument.ts'
import { managementClusterFlags, userCommand } from './command.ts'

/** Shows the VIPs of all Clusters, or the details of one Cluster. */
export const statusCommand = userCommand({
  name: 'status',
  summary: 'show the VIP of every Cluster, and everything that is wrong; with one named, all about it',
  argument: { ...clusterArgument, help: 'one Cluster, with all that is known about it' },
  flags: [...managementClusterFlags, 'task-queue', 'control-plane-variable', 'ingress-variable'],
  options: [
    { name: 'watch', alias: 'w', help: 'show every change as it comes, until Ctrl-C' },
    {
      name: 'problems',
      help: 'show only what waits or is wrong; the exit code is 3 where there is anything',
    },
  ],
  examples: [
    { line: 'status', meaning: 'all Clusters' },
    { line: 'status clusters/demo', meaning: 'why this Cluster has no VIP, and what to do' },
    { line: 'status --problems', meaning: 'what needs a person; for a script by the exit code' },
    { line: 'status --watch --output=json', meaning: 'one JSON object a line for every change' },
  ],
  read: (typed) => ({
    cluster: clusterIn(typed),
    watch: typed.isSet('watch'),
    problemsOnly: typed.isSet('problems'),
  }),
  load: async () => (await import('../commands/status/status.ts')).runStatus,
})
