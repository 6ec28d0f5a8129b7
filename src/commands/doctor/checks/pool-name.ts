import { clusterClassKey } from '../../../domain/names.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { formatPool, type IPPool } from '../../../domain/model/pool.ts'

/** With its namespace, since here pools of all namespaces stand side by side. */
export function nameOf(pool: IPPool): string {
  return pool.namespace === '' ? formatPool(pool) : `${pool.kind} ${formatKey(pool)}`
}

/** A pool is one for VIPs where it names a ClusterClass. */
export function isForVips(pool: IPPool): boolean {
  return clusterClassKey in pool.labels
}
