import { setTimeout as delay } from 'node:timers/promises'
import { closeAll } from '../../stack/close-all.ts'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { grantAllBut } from './rights.ts'
import type { People } from './people.ts'
import { planAction, type PlannedAction, type PlannedFault, type RoundPlan } from './plan.ts'
import type { Stage } from './stage.ts'
import { subjectsNamed, typedSubjects } from './subjects.ts'

export interface RoundOptions {
  readonly stage: Stage
  readonly plan: RoundPlan
  /** Told each thing that happens. */
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

interface FaultInForce {
  readonly name: string
  readonly until: number
  readonly end: () => Promise<void>
}

/** Lets faults and people loose; returns when all faults are healed, and everything runs and is ready. */
export async function playRound(options: RoundOptions): Promise<void> {
  const { stage, plan, note, signal } = options
  const inForce: FaultInForce[] = []
  try {
    await stage.people.typeEndpoints(typedSubjects)
    if (plan.storm) await storm(options, inForce)
    else await calm(options, inForce)
    const holdMs = Math.max(0, ...inForce.map(({ until }) => until - Date.now()))
    await delay(holdMs, undefined, { signal })
  } finally {
    await heal(stage, inForce, note)
  }
}

/** One action after the other, and the faults in between. */
async function calm({ stage, plan, note, signal }: RoundOptions, inForce: FaultInForce[]): Promise<void> {
  for (const [index, action] of plan.actions.entries()) {
    for (const fault of plan.faults.filter(({ after }) => after === index)) {
      inForce.push(await startFault(stage, fault, note))
    }
    await act(stage.people, action, note)
    await delay(action.pauseMs, undefined, { signal })
  }
}

const lanes = 4

/** Many Clusters and several people at once, under all faults from the beginning. */
async function storm(options: RoundOptions, inForce: FaultInForce[]): Promise<void> {
  const { stage, plan, note, signal } = options
  const { people, form } = stage
  const { clusters, ms } = form.storm
  const subjects = subjectsNamed('s', clusters)
  await Promise.all(
    subjects.map((subject) => act(people, { deed: 'create', subject, dice: 0, pauseMs: 0 }, note)),
  )
  for (const fault of plan.faults) inForce.push(await startFault(stage, fault, note))
  const until = Date.now() + ms
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const random = seededRandom('lane', (plan.seed + lane) % 2 ** 31)
      while (Date.now() < until && !signal.aborted) {
        await act(people, planAction(random, subjects, form), note)
        await delay(random.below(form.pauseMs), undefined, { signal })
      }
    }),
  )
}

async function act(
  people: People,
  { deed, subject, dice }: PlannedAction,
  note: (line: string) => void,
): Promise<void> {
  const came = await people.act(deed, subject, dice)
  note(`${subject.namespace}/${subject.name}: ${deed} (${dice}): ${came}`)
}

async function startFault(
  stage: Stage,
  { kind, seed }: PlannedFault,
  note: (line: string) => void,
): Promise<FaultInForce> {
  note(`fault ${kind.name} begins`)
  const end = await kind.start(stage, seededRandom(kind.name, seed))
  return { name: kind.name, until: Date.now() + kind.holdMs(stage.form), end }
}

async function heal(
  stage: Stage,
  inForce: readonly FaultInForce[],
  note: (line: string) => void,
): Promise<void> {
  try {
    // First what other faults may wait behind.
    stage.network.resume()
    stage.proxy.heal()
    await stage.stack.part('kube-apiserver').start()
  } finally {
    await closeAll(
      inForce.map(({ name, end }) => async () => {
        await end()
        note(`fault ${name} is over`)
      }),
    )
  }
  stage.proxy.heal()
  await stage.secondFleet.kill()
  await stage.startAllParts()
  await grantAllBut(stage.stack.connection)
  await stage.people.tidyUp()
  await stage.fleet.fill()
  await stage.fleet.untilReady()
  note('all faults are healed, and everything runs')
}
