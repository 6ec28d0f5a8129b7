import { declaredNamespaces } from '../../../domain/allocation/pool-selection.ts'
import { namespaceLabelsIn, poolsUsableBy, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { selectsNamespace, type IPPool } from '../../../domain/model/pool.ts'

/** A namespace whose Clusters can use a pool: what else decides is the same in every such namespace. */
export interface Opening {
  /** `""` stands for all. */
  readonly namespace: string
  /** The pool as Clusters of the namespace see it. */
  readonly pools: readonly IPPool[]
}

/** Undefined if the pool is open to no namespace. */
export function openingOf(pool: IPPool, snapshot: Pick<Snapshot, 'namespaces'>): Opening | undefined {
  const namespace = namespaceOf(pool, snapshot)
  if (namespace === undefined) return undefined
  const labels = namespaceLabelsIn(snapshot, namespace)
  return { namespace, pools: poolsUsableBy(namespace, [pool], labels) }
}

function namespaceOf(pool: IPPool, { namespaces }: Pick<Snapshot, 'namespaces'>): string | undefined {
  const listed = declaredNamespaces(pool)
  if (listed === undefined && pool.namespaceSelector === undefined) return pool.namespace
  return listed?.[0] ?? [...namespaces.values()].find(({ labels }) => selectsNamespace(pool, labels))?.name
}
