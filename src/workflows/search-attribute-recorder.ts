import { upsertSearchAttributes } from '@temporalio/workflow'
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common'
import { formatPool } from '../domain/model/pool.ts'
import { roles } from '../domain/role.ts'
import { searchAttributes, type SearchAttributeName } from '../domain/search-attributes.ts'
import type { AllocationStatus, RoleStatus } from './contract.ts'

/** Sets those search attributes of a run that its Temporal namespace has. */
export interface SearchAttributeRecorder {
  /** @param names that are registered in Temporal: a run that sets another one would fail */
  register(names: readonly SearchAttributeName[]): void
  /** Sets the values that have changed. Costs an event, so it is for waits and ends. */
  update(status: AllocationStatus): void
}

/** @param managementCluster its name, if it has one */
export function createSearchAttributeRecorder(managementCluster?: string): SearchAttributeRecorder {
  let names: readonly SearchAttributeName[] = []
  let recorded: SearchValues = {}
  return {
    register(registered) {
      if (registered.length > 0) names = registered
    },
    update(status) {
      const values = searchValuesOf(status, managementCluster)
      const changed = names.filter((name) => String(values[name] ?? '') !== String(recorded[name] ?? ''))
      if (changed.length === 0) return
      upsertSearchAttributes(changed.map((name) => pairFor(name, values)))
      recorded = values
    },
  }
}

type SearchValues = Readonly<Partial<Record<SearchAttributeName, string | readonly string[]>>>

function searchValuesOf(
  { cluster, roles: byRole }: AllocationStatus,
  managementCluster: string | undefined,
): SearchValues {
  const statuses = roles.map((role) => byRole[role]).filter((status) => status !== undefined)
  return {
    VipNamespace: cluster.namespace,
    VipCluster: cluster.name,
    VipPhase: phaseOf(statuses),
    VipAddress: statuses
      .flatMap(({ address, second }) => [address, second?.address])
      .filter((address) => address !== undefined),
    ...(managementCluster !== undefined && { VipManagementCluster: managementCluster }),
    VipPool: statuses
      .flatMap(({ pool, second }) => [pool, second?.pool])
      .filter((pool) => pool !== undefined)
      .map(formatPool),
  }
}

/** Of the first VIP that is not done, else of the first one. The control plane comes first. */
function phaseOf(statuses: readonly RoleStatus[]): string {
  const status = statuses.find(({ phase }) => phase !== 'Done') ?? statuses[0]
  return status?.waiting?.reason ?? status?.reason ?? status?.phase ?? ''
}

function pairFor(name: SearchAttributeName, values: SearchValues): SearchAttributeUpdatePair {
  const value = values[name]
  return searchAttributes[name] === 'KEYWORD_LIST'
    ? {
        key: defineSearchAttributeKey(name, 'KEYWORD_LIST'),
        value: value === undefined ? [] : [value].flat(),
      }
    : { key: defineSearchAttributeKey(name, 'KEYWORD'), value: String(value ?? '') }
}
