import { setTimeout as delay } from 'node:timers/promises'
import { closeAll } from '../../stack/close-all.ts'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { grantAllExcept } from './permissions.ts'
import type { Users } from './users.ts'
import { planAction, type PlannedAction, type PlannedFault, type RoundPlan } from './plan.ts'
import type { Harness } from './harness.ts'
import { targetsNamed, manualTargets } from './targets.ts'

export interface RoundOptions {
  readonly harness: Harness
  readonly plan: RoundPlan
  /** Called with a line for each action and fault. */
  readonly note: (line: string) => void
  readonly signal: AbortSignal
}

interface FaultInForce {
  readonly name: string
  readonly until: number
  readonly end: () => Promise<void>
}

/** Runs the actions and faults of a plan. Returns after all faults are healed, and everything runs and is ready. */
export async function runRound(options: RoundOptions): Promise<void> {
  const { harness, plan, note, signal } = options
  const inForce: FaultInForce[] = []
  try {
    await harness.users.createWithEndpoint(manualTargets)
    if (plan.storm) await runStorm(options, inForce)
    else await runActions(options, inForce)
    const holdMs = Math.max(0, ...inForce.map(({ until }) => until - Date.now()))
    await delay(holdMs, undefined, { signal })
  } finally {
    await heal(harness, inForce, note)
  }
}

/** Runs one action after another, with faults in between. */
async function runActions(
  { harness, plan, note, signal }: RoundOptions,
  inForce: FaultInForce[],
): Promise<void> {
  for (const [index, action] of plan.actions.entries()) {
    for (const fault of plan.faults.filter(({ after }) => after === index)) {
      inForce.push(await startFault(harness, fault, note))
    }
    await act(harness.users, action, note)
    await delay(action.pauseMs, undefined, { signal })
  }
}

const lanes = 4

/** Creates many Clusters and runs several actions at once, under all faults from the beginning. */
async function runStorm(options: RoundOptions, inForce: FaultInForce[]): Promise<void> {
  const { harness, plan, note, signal } = options
  const { users, profile } = harness
  const { clusters, ms } = profile.storm
  const targets = targetsNamed('s', clusters)
  const random = seededRandom('storm', plan.seed)
  await Promise.all(
    targets.map((target) =>
      act(users, { kind: 'create', target, randomValue: random.below(1_000), pauseMs: 0 }, note),
    ),
  )
  for (const fault of plan.faults) inForce.push(await startFault(harness, fault, note))
  const until = Date.now() + ms
  await Promise.all(
    Array.from({ length: lanes }, async (_, lane) => {
      const random = seededRandom('lane', (plan.seed + lane) % 2 ** 31)
      while (Date.now() < until && !signal.aborted) {
        await act(users, planAction(random, targets, profile), note)
        await delay(random.below(profile.pauseMs), undefined, { signal })
      }
    }),
  )
}

async function act(
  users: Users,
  { kind, target, randomValue }: PlannedAction,
  note: (line: string) => void,
): Promise<void> {
  const outcome = await users.act(kind, target, randomValue)
  note(`${target.namespace}/${target.name}: ${kind} (${randomValue}): ${outcome}`)
}

async function startFault(
  harness: Harness,
  { kind, seed }: PlannedFault,
  note: (line: string) => void,
): Promise<FaultInForce> {
  note(`fault ${kind.name} begins`)
  const end = await kind.start(harness, seededRandom(kind.name, seed))
  return { name: kind.name, until: Date.now() + kind.holdMs(harness.profile), end }
}

async function heal(
  harness: Harness,
  inForce: readonly FaultInForce[],
  note: (line: string) => void,
): Promise<void> {
  try {
    // The end of another fault may wait for these.
    harness.network.resume()
    harness.proxy.heal()
    await harness.stack.part('kube-apiserver').start()
  } finally {
    await closeAll(
      inForce.map(({ name, end }) => async () => {
        await end()
        note(`fault ${name} is over`)
      }),
    )
  }
  harness.proxy.heal()
  await harness.secondFleet.kill()
  await harness.startAllParts()
  await grantAllExcept(harness.stack.connection)
  await harness.users.revert()
  await harness.fleet.fill()
  await harness.fleet.untilReady()
  note('all faults are healed, and everything runs')
}
