import { exitCodes } from '../../console/exit-code.ts'
import { withManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import { poolsReport } from './pools-report.ts'
import { poolsText } from './pools-text.ts'

/** Prints every pool with the Clusters that wait for it, and a forecast of who gets an address. */
export async function runPools(_options: object, { config, console }: CommandSetup): Promise<number> {
  const snapshot = await withManagementCluster(config, (managementCluster) =>
    managementCluster.readSnapshot(),
  )
  const report = poolsReport(snapshot, config.variables)
  console.print(report, (style) => poolsText(report, style, config.isUtf8))
  return exitCodes.fine
}
