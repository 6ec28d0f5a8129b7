import { messageOf } from '../stack/errors.ts'
import { seededRandom } from '../../test/support/seeded-random.ts'
import { longForm } from './suite/form.ts'
import { parseFaultOptions, UsageError, type FaultOptions } from './suite/options.ts'
import { longPlan } from './suite/plan.ts'
import { describeReport } from './suite/report.ts'
import { runFaults } from './suite/run.ts'

process.exitCode = await main()

/**
 * Faults at random for some minutes, and after each round all invariants. Exit codes: 0 no violation, 1 violations or
 * a run that broke off, 2 bad arguments, 130 ended by a signal.
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
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // A second signal does not wait; what runs is killed at exit.
      if (stop.signal.aborted) process.exit(130)
      printError('stopping')
      stop.abort()
    })
  }
  printError(`faults: --seed=${seed}`)
  const report = await runFaults({
    ...{ seed, minutes, withCore, form: longForm, signal: stop.signal, progress: printError },
    plans: longPlan(seededRandom('faults', seed), longForm, kinds),
  })
  process.stdout.write(`${json ? JSON.stringify(report, undefined, 2) : describeReport(report)}\n`)
  if (report.violations.length > 0) return 1
  return stop.signal.aborted ? 130 : 0
}

function printError(line: string): void {
  process.stderr.write(`${line}\n`)
}
