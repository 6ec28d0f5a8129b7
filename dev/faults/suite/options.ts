import { randomInt } from 'node:crypto'
import { parseArgs } from 'node:util'
import { UsageError } from '../../command.ts'
import { messageOf } from '../../stack/errors.ts'
import type { FaultKind } from './fault-kind.ts'
import { faultKinds } from './fault-kinds.ts'

/** The command line of a run. */
export interface FaultOptions {
  readonly minutes: number
  /** Determines all random choices: faults, actions and their order. */
  readonly seed: number
  readonly json: boolean
  readonly withCore: boolean
  /** Kinds of faults to choose from. */
  readonly kinds: readonly FaultKind[]
}

const usage = `usage: npm run faults -- [--minutes N] [--seed S] [--output text|json] [--with-core] [--kinds A,B]
  --minutes N     begin new rounds for so long, 10 if absent; one that has begun is ended
  --seed S        a whole number: the same faults and actions as in a run before
  --output json   print one JSON object at the end; what goes on is on standard error either way
  --with-core     with Cluster API core and its webhooks
  --kinds A,B     these kinds of faults and no others, by the names in docs/reliability.md`

const longestMinutes = 24 * 60
const seeds = 2 ** 31

/**
 * Reads the command line, without the program's own name.
 *
 * @throws UsageError
 */
export function parseFaultOptions(argv: readonly string[]): FaultOptions {
  const values = valuesOf(argv)
  const faults: string[] = []
  const minutes = Number(values.minutes)
  if (values.minutes.trim() === '' || !(minutes > 0 && minutes <= longestMinutes)) {
    faults.push(`--minutes=${values.minutes}: expected a number above 0 and not above ${longestMinutes}`)
  }
  const seed = values.seed === undefined ? randomInt(seeds) : Number(values.seed)
  if (values.seed?.trim() === '' || !(Number.isInteger(seed) && seed >= 0 && seed < seeds)) {
    faults.push(`--seed=${values.seed}: expected a whole number from 0 to ${seeds - 1}`)
  }
  if (values.output !== 'text' && values.output !== 'json') {
    faults.push(`--output=${values.output}: expected text or json`)
  }
  const names = values.kinds?.split(',') ?? faultKinds.map(({ name }) => name)
  const kinds = faultKinds.filter(({ name }) => names.includes(name))
  for (const name of names.filter((each) => !kinds.some((kind) => kind.name === each))) {
    faults.push(`--kinds=${values.kinds}: there is no kind ${JSON.stringify(name)}`)
  }
  if (faults.length > 0) throw new UsageError([...faults, usage].join('\n'))
  return { minutes, seed, json: values.output === 'json', withCore: values['with-core'], kinds }
}

function valuesOf(argv: readonly string[]) {
  try {
    return parseArgs({
      args: [...argv],
      options: {
        minutes: { type: 'string', default: '10' },
        seed: { type: 'string' },
        output: { type: 'string', default: 'text' },
        'with-core': { type: 'boolean', default: false },
        kinds: { type: 'string' },
      },
    }).values
  } catch (cause) {
    throw new UsageError(`${messageOf(cause)}\n${usage}`, { cause })
  }
}
