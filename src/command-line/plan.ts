import type { PlanOptions } from '../commands/plan/plan.ts'
import { clusterArgument, clusterIn } from './cluster-argument.ts'
import { managementClusterFlags, userCommand, type Typed } from './command.ts'

export const planCommand = userCommand<PlanOptions>({
  name: 'plan',
  summary: 'say what an allocation would do for a Cluster, and write nothing',
  argument: clusterArgument,
  flags: [...managementClusterFlags, 'default-port', 'control-plane-variable', 'ingress-variable'],
  options: [
    {
      name: 'filename',
      alias: 'f',
      metavar: 'FILE',
      help: 'plan for the Clusters in a manifest, which need not be there yet; - is standard input; repeatable',
    },
  ],
  examples: [
    {
      line: 'plan clusters/demo-cluster',
      meaning: 'which pool, which other ones and why not, and what would be written',
    },
    { line: 'plan -f cluster.yaml', meaning: 'the same for a Cluster that is yet to be created' },
    { line: 'plan clusters/demo-cluster --output=json', meaning: 'the same for a program' },
  ],
  read: (typed) => optionsIn(typed),
  load: async () => (await import('../commands/plan/plan.ts')).runPlan,
})

function optionsIn(typed: Typed): PlanOptions {
  const cluster = clusterIn(typed)
  const files = typed.values('filename')
  if (cluster === undefined && files.length > 0) return { files }
  if (cluster !== undefined && files.length === 0) return { cluster }
  typed.fault(
    cluster === undefined
      ? `plan names no Cluster, expected ${clusterArgument.name} or --filename`
      : `plan names a Cluster and a file, expected one of them`,
  )
  return { files: [] }
}
