import { forecastOf, type Expectation, type Forecast } from '../domain/forecast.ts'
import type { IPPool } from '../domain/pool.ts'
import { poolOverviews, type PoolOverview } from '../domain/pool-overview.ts'
import type { VariableNames } from '../domain/role.ts'
import type { KnownObjects } from '../domain/view.ts'
import { exitCodes } from '../console/exit-code.ts'
import { withManagementCluster } from './management-cluster.ts'
import { poolsText } from './pools-text.ts'
import type { CommandSetup } from './setup.ts'

/** What `pools` answers. */
export interface PoolsReport {
  readonly pools: readonly PoolOverview[]
  readonly forecast: {
    readonly expectations: readonly (Omit<Expectation, 'pool'> & {
      readonly pool: Pick<IPPool, 'kind' | 'namespace' | 'name'> | undefined
    })[]
    readonly classesWithoutPool: Forecast['classesWithoutPool']
  }
}

/** Shows every pool, who waits for it, and who will get an address. */
export async function runPools(_options: object, { config, console }: CommandSetup): Promise<number> {
  const known = await withManagementCluster(config, (managementCluster) =>
    managementCluster.readKnownObjects(),
  )
  const report = poolsReport(known, config.variables)
  console.print(report, (style) => poolsText(report, style, config.isUtf8))
  return exitCodes.fine
}

/** Pools are named where the domain has all of them. */
export function poolsReport(known: KnownObjects, variables: VariableNames): PoolsReport {
  const forecast = forecastOf(known, variables)
  const expectations = forecast.expectations.map(({ pool, ...expectation }) => ({
    ...expectation,
    pool: pool && { kind: pool.kind, namespace: pool.namespace, name: pool.name },
  }))
  const pools = poolOverviews(known, forecast)
  return { pools, forecast: { expectations, classesWithoutPool: forecast.classesWithoutPool } }
}
