import type { NamespacedName } from '../domain/model/object-meta.ts'
import { quoted } from '../domain/quote.ts'
import type { Argument, Typed } from './command.ts'

/** The argument that names one Cluster. */
export const clusterArgument: Argument = { name: 'NAMESPACE/CLUSTER', help: 'the Cluster' }

/** A namespace, and a name that fits into a label. */
const pattern = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?)$/

/** Reads the argument; undefined if there is none. An argument that is not `NAMESPACE/CLUSTER` is a fault. */
export function clusterIn(typed: Typed): NamespacedName | undefined {
  if (typed.argument === undefined) return undefined
  const [, namespace = '', , name = ''] = pattern.exec(typed.argument) ?? []
  if (name === '') typed.fault(`the Cluster is ${quoted(typed.argument)}, expected ${clusterArgument.name}`)
  return { namespace, name }
}
