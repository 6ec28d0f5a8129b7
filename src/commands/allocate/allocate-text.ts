import { defaultRole } from '../../domain/role.ts'
import type { Style } from '../../console/style.ts'
import { renderTable } from '../../console/table.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { formatPool } from '../../domain/model/pool.ts'
import type { AllocateVipResult } from '../../workflows/contract.ts'

/** Whether the Cluster has its control-plane VIP, from us or from somebody else. */
export function servesCluster({ roles }: AllocateVipResult): boolean {
  return roles[defaultRole]?.address !== undefined
}

export function resultText(result: AllocateVipResult, style: Style): string {
  const roles = Object.entries(result.roles)
  const key = formatKey(result.cluster)
  const rows = roles.map(([role, { outcome, reason, address, port, pool, claim }]) => [
    role,
    outcome === 'allocated' ? style.good(reason) : style.warn(reason),
    address ?? '',
    port === undefined ? '' : String(port),
    pool === undefined ? '' : formatPool(pool),
    claim ?? '',
  ])
  return [
    servesCluster(result)
      ? style.good(`Cluster ${key} has its VIP`)
      : style.bad(`the run of Cluster ${key} ended without a VIP`),
    '',
    renderTable(['role', 'reason', 'address', 'port', 'pool', 'claim'], rows, style),
    '',
    ...roles.map(([role, { message }]) => `${role}: ${message}`),
  ].join('\n')
}
