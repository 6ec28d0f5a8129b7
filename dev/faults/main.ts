import { interruption, printError, UsageError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { longProfile } from './suite/profile.ts'
import { parseFaultOptions, type FaultOptions } from './suite/options.ts'
import { longPlan } from './suite/plan.ts'
import { describeReport } from './suite/report.ts'
import { runFaults } from './suite/run.ts'

process.exitCode = await main()

/**
 * Runs random faults for some minutes, and checks all invariants after each round. Exit codes: 0 no violation, 1
 * violations or an aborted run, 2 wrong arguments, 130 ended by a signal.
 */
async function main(): Promise<number> {
  try {
    return await run(parseFaultOptions(process.argv.slice(2)))
  } catch (error) {
    printError(messageOf(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function run({ seed, minutes, json, withCore, kinds }: FaultOptions): Promise<number> {
  const signal = interruption(() => printError('stopping'))
  printError(`faults: --seed=${seed}`)
  const report = await runFaults({
    ...{ seed, minutes, withCore, profile: longProfile, signal, progress: printError },
    plans: longPlan(seededRandom('faults', seed), longProfile, kinds),
  })
  process.stdout.write(`${json ? JSON.stringify(report, undefined, 2) : describeReport(report)}\n`)
  if (report.violations.length > 0) return 1
  return signal.aborted ? 130 : 0
}
