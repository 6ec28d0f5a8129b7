import type { Snapshot } from '../../domain/allocation/snapshot.ts'
import type { IPPool } from '../../domain/model/pool.ts'
import type { VariableNames } from '../../domain/role.ts'
import { forecastOf, type Expectation, type Forecast } from './forecast.ts'
import { poolOverviews, type PoolOverview } from './pool-overview.ts'

/** The output of `pools`. */
export interface PoolsReport {
  readonly pools: readonly PoolOverview[]
  readonly forecast: {
    readonly expectations: readonly (Omit<Expectation, 'pool'> & {
      readonly pool: Pick<IPPool, 'kind' | 'namespace' | 'name'> | undefined
    })[]
    readonly classesWithoutPool: Forecast['classesWithoutPool']
  }
}

/** Makes the report; its forecast names pools instead of containing them. */
export function poolsReport(snapshot: Snapshot, variables: VariableNames): PoolsReport {
  const forecast = forecastOf(snapshot, variables)
  const expectations = forecast.expectations.map(({ pool, ...expectation }) => ({
    ...expectation,
    pool: pool && { kind: pool.kind, namespace: pool.namespace, name: pool.name },
  }))
  const pools = poolOverviews(snapshot, forecast)
  return { pools, forecast: { expectations, classesWithoutPool: forecast.classesWithoutPool } }
}
