import { parseArgs } from 'node:util'
import { UsageError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { parseTemporalStore, type TemporalStore } from '../stack/temporal-store.ts'
import type { Measure } from './measure.ts'

/** The command line of a run. */
export interface BenchArguments {
  /** Names of measures, in any order. */
  readonly only: readonly string[]
  /** Overrides the number of Clusters of every measure. */
  readonly clusters?: number
  readonly rounds: number
  readonly json: boolean
  readonly withCore: boolean
  readonly defaultPolling: boolean
  readonly temporalStore: TemporalStore
  readonly report: boolean
}

const mostClusters = 60_000
const mostRounds = 1000

/**
 * Reads the command line, without the program's own name.
 *
 * @param measures all of them; those that need no core are the default of `--only`
 * @throws UsageError
 */
export function parseBenchArguments(
  argv: readonly string[],
  measures: readonly Pick<Measure, 'name' | 'needsCore'>[],
): BenchArguments {
  const names = measures.map(({ name }) => name)
  const needsCore = (name: string): boolean =>
    measures.some((each) => each.name === name && each.needsCore === true)
  const values = valuesOf(argv, names)
  const faults: string[] = []
  const only = values.only.flatMap((list) => list.split(','))
  for (const name of only) {
    if (!names.includes(name)) faults.push(`--only=${name}: expected one of ${names.join(', ')}`)
  }
  const whole = (flag: string, text: string, most: number): number => {
    const value = Number(text)
    if (text.trim() === '' || !Number.isInteger(value) || value < 1 || value > most) {
      faults.push(`--${flag}=${text}: expected a whole number from 1 to ${most}`)
    }
    return value
  }
  const rounds = whole('rounds', values.rounds, mostRounds)
  const clusters =
    values.clusters === undefined ? undefined : whole('clusters', values.clusters, mostClusters)
  if (values.output !== 'table' && values.output !== 'json') {
    faults.push(`--output=${values.output}: expected table or json`)
  }
  let temporalStore: TemporalStore = 'sqlite'
  try {
    temporalStore = parseTemporalStore(values['temporal-store'])
  } catch (error) {
    faults.push(messageOf(error))
  }
  if (temporalStore !== 'sqlite' && values['default-polling']) {
    faults.push(`--default-polling with --temporal-store=${temporalStore}: expected one of them alone`)
  }
  if (faults.length > 0) throw new UsageError([...faults, usage(names)].join('\n'))
  return {
    only: only.length === 0 ? names.filter((name) => values['with-core'] || !needsCore(name)) : only,
    rounds,
    json: values.output === 'json',
    withCore: values['with-core'] || only.some(needsCore),
    defaultPolling: values['default-polling'],
    temporalStore,
    report: values.report,
    ...(clusters !== undefined && { clusters }),
  }
}

function valuesOf(argv: readonly string[], names: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        only: { type: 'string', multiple: true, default: [] },
        clusters: { type: 'string' },
        rounds: { type: 'string', default: '5' },
        output: { type: 'string', default: 'table' },
        'with-core': { type: 'boolean', default: false },
        'default-polling': { type: 'boolean', default: false },
        'temporal-store': { type: 'string', default: 'sqlite' },
        report: { type: 'boolean', default: false },
      },
    }).values
  } catch (cause) {
    throw new UsageError(`${messageOf(cause)}\n${usage(names)}`, { cause })
  }
}

function usage(names: readonly string[]): string {
  return `usage: npm run bench -- [FLAGS]
  --only NAME         measure this alone; repeatable, or with commas: ${names.join(', ')}
  --clusters N        so many Clusters in place of each measure's own number
  --rounds N          medians over so many rounds, 5 if absent
  --output json       print a list of {measure, ours, plain, floor, timesPlain, timesFloor, target, met, unit}; progress is on standard error
  --with-core         with Cluster API core and its webhooks, as for a measure that needs it
  --default-polling   with Temporal's own history.transferProcessorMaxPollRPS
  --temporal-store S  where Temporal keeps its data: sqlite, if absent, or postgresql
  --report            write table and plot into docs/performance.md and docs/images`
}
