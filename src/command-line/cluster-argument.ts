import type { NamespacedName } from '../domain/object-meta.ts'
import type { Argument, Typed } from './command.ts'

/** The argument of commands about one Cluster. */
export const clusterArgument: Argument = { name: 'NAMESPACE/CLUSTER', help: 'the Cluster to look at' }

/** Reads `NAMESPACE/CLUSTER`; undefined where it was not typed, or is faulty, which is told. */
export function readCluster(typed: Typed): NamespacedName | undefined {
  if (typed.argument === undefined) return undefined
  const [namespace = '', name = '', ...rest] = typed.argument.split('/')
  if (namespace !== '' && name !== '' && rest.length === 0) return { namespace, name }
  typed.fault(
    `${clusterArgument.name} is ${JSON.stringify(typed.argument)}, expected a namespace and the name of a Cluster with a slash between them`,
  )
  return undefined
}
