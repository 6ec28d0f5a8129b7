import { forecastOf, type Expectation, type Forecast } from '../domain/forecast.ts'
import { poolRefTo, type IPPoolReference } from '../domain/pool.ts'
import { poolOverviews, type PoolOverview } from '../domain/pool-overview.ts'
import { drawingFor } from '../console/bar.ts'
import { exitCodes } from '../console/exit-code.ts'
import { withManagementCluster } from './management-cluster.ts'
import { poolsText } from './pools-text.ts'
import type { CommandSetup } from './setup.ts'

/** What `pools` answers. */
export interface PoolsReport {
  readonly pools: readonly PoolOverview[]
  readonly forecast: {
    readonly expectations: readonly (Omit<Expectation, 'pool'> & {
      readonly pool: (Pick<IPPoolReference, 'kind' | 'name'> & { readonly namespace: string }) | undefined
    })[]
    readonly classesWithoutPool: Forecast['classesWithoutPool']
  }
}

/** Shows every pool, who waits for it, and who will get an address. */
export async function runPools(_options: object, { config, console }: CommandSetup): Promise<number> {
  const known = await withManagementCluster(config, (managementCluster) =>
    managementCluster.readKnownObjects(),
  )
  const forecast = forecastOf(known, config.variables)
  const report = reportOf(poolOverviews(known, forecast), forecast)
  console.print(report, (style) => poolsText(report, style, drawingFor(process.env)))
  return exitCodes.fine
}

/** A pool is named where the domain has all of it. */
function reportOf(pools: readonly PoolOverview[], forecast: Forecast): PoolsReport {
  const expectations = forecast.expectations.map(({ pool, ...expectation }) => ({
    ...expectation,
    pool: pool && { kind: poolRefTo(pool).kind, namespace: pool.namespace, name: pool.name },
  }))
  return { pools, forecast: { expectations, classesWithoutPool: forecast.classesWithoutPool } }
}
