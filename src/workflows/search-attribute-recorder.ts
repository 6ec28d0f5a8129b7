import { upsertSearchAttributes } from '@temporalio/workflow'
import { defineSearchAttributeKey, type SearchAttributeUpdatePair } from '@temporalio/common'
import { formatPool } from '../domain/model/pool.ts'
import { roles } from '../domain/role.ts'
import { searchAttributes, type SearchAttributeName } from '../domain/search-attributes.ts'
import type { AllocationStatus, RoleStatus } from './contract.ts'

/** Makes a run findable by search attributes, as far as its Temporal namespace has them. */
export interface SearchAttributeRecorder {
  /** These are registered: a run that sets another one would get no further. */
  learn(names: readonly SearchAttributeName[]): void
  /** Sets what has changed. Costs an event, so it is for waits and ends. */
  update(status: AllocationStatus): void
}

export function createSearchAttributeRecorder(): SearchAttributeRecorder {
  let names: readonly SearchAttributeName[] = []
  let known: SearchValues = {}
  return {
    learn(registered) {
      if (registered.length > 0) names = registered
    },
    update(status) {
      const values = searchValuesOf(status)
      const changed = names.filter((name) => String(values[name] ?? '') !== String(known[name] ?? ''))
      if (changed.length === 0) return
      upsertSearchAttributes(changed.map((name) => pairFor(name, values)))
      known = values
    },
  }
}

type SearchValues = Readonly<Partial<Record<SearchAttributeName, string | readonly string[]>>>

/** What a run can be found by. */
function searchValuesOf({ cluster, roles: statuses }: AllocationStatus): SearchValues {
  const known = roles.map((role) => statuses[role]).filter((status) => status !== undefined)
  return {
    VipNamespace: cluster.namespace,
    VipCluster: cluster.name,
    VipPhase: phaseOf(known),
    VipAddress: known.map(({ address }) => address).filter((address) => address !== undefined),
    VipPool: known.map(({ pool }) => pool && formatPool(pool)).filter((pool) => pool !== undefined),
  }
}

/** The first VIP that is not done decides; where all are, the first one. The control plane comes first. */
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
