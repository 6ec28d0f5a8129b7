import { seededRandom, type SeededRandom } from '../../../test/support/seeded-random.ts'
import { faultKinds } from './fault-kinds.ts'
import { faultPlaces, type FaultKind } from './fault-kind.ts'
import type { Profile } from './profile.ts'
import { actionKinds, type ActionKind } from './users.ts'
import { targetsNamed, manualTargets, type Target } from './targets.ts'

/** Faults and user actions of one round, all determined by the seed. */
export interface RoundPlan {
  readonly number: number
  readonly faults: readonly PlannedFault[]
  readonly actions: readonly PlannedAction[]
  /** Many Clusters, and several actions at once until time is up. */
  readonly storm: boolean
  readonly seed: number
}

export interface PlannedFault {
  readonly kind: FaultKind
  readonly seed: number
  /** Number of actions before it starts. */
  readonly after: number
}

export interface PlannedAction {
  readonly kind: ActionKind
  readonly target: Target
  readonly randomValue: number
  readonly pauseMs: number
}

/** Clusters of ordinary rounds. */
const targets = targetsNamed('c', 24)

/** Frequencies other than 1, such that most Clusters exist and are not paused. */
const weights: Partial<Record<ActionKind, number>> = {
  create: 9,
  unpause: 3,
  delete: 3,
  'delete and create again': 2,
}
const weighted = actionKinds.flatMap((kind) => Array.from({ length: weights[kind] ?? 1 }, () => kind))

const stormEvery = 5

/** Endless rounds of up to three faults each; every fifth is a storm. A kind repeats only after all others. */
export function* longPlan(
  random: SeededRandom,
  profile: Profile,
  among: readonly FaultKind[] = faultKinds,
): Generator<RoundPlan, never> {
  let deck: readonly FaultKind[] = []
  for (let number = 1; ; number++) {
    const storm = number % stormEvery === 0
    const wanted = storm ? 4 : 1 + random.below(3)
    if (deck.length < wanted) deck = [...deck, ...random.shuffled(among)]
    const kinds = onePerPlace(deck, wanted)
    deck = withoutFirst(deck, kinds)
    yield planRound({ number, kinds, storm, random, profile })
  }
}

/** Rounds in which each kind of fault occurs once, then a storm. */
export function shortPlan(random: SeededRandom, profile: Profile): readonly RoundPlan[] {
  const columns = faultPlaces.map((place) =>
    random.shuffled(faultKinds.filter((kind) => kind.place === place)),
  )
  const rounds = Math.max(...columns.map(({ length }) => length))
  const plans = Array.from({ length: rounds }, (_, index) => {
    // Spreads the kinds of each place over all rounds.
    const kinds = columns.flatMap((column) =>
      column.filter((_kind, at) => Math.floor((at * rounds) / column.length) === index),
    )
    return planRound({ number: index + 1, kinds, storm: false, random, profile })
  })
  const kinds = onePerPlace(random.shuffled(faultKinds), 4)
  return [...plans, planRound({ number: rounds + 1, kinds, storm: true, random, profile })]
}

function onePerPlace(kinds: readonly FaultKind[], count: number): readonly FaultKind[] {
  return [...Map.groupBy(kinds, ({ place }) => place).values()]
    .flatMap((of) => of.slice(0, 1))
    .slice(0, count)
}

function withoutFirst(deck: readonly FaultKind[], dealt: readonly FaultKind[]): readonly FaultKind[] {
  const places = dealt.map((kind) => deck.indexOf(kind))
  return deck.filter((_kind, index) => !places.includes(index))
}

function planRound(options: {
  readonly number: number
  readonly kinds: readonly FaultKind[]
  readonly storm: boolean
  readonly random: SeededRandom
  readonly profile: Profile
}): RoundPlan {
  const { number, kinds, storm, profile } = options
  const seed = options.random.below(2 ** 31)
  const random = seededRandom('round', seed)
  const actions = storm
    ? []
    : Array.from({ length: profile.actionsPerRound }, () => planAction(random, targets, profile))
  return {
    ...{ number, storm, seed, actions },
    faults: kinds.map((kind) => ({
      kind,
      seed: random.below(2 ** 31),
      after: random.below(Math.ceil(profile.actionsPerRound / 2)),
    })),
  }
}

/** A random action. Clusters with an endpoint by hand are only ever deleted: `createWithEndpoint` creates them. */
export function planAction(random: SeededRandom, among: readonly Target[], profile: Profile): PlannedAction {
  const kind = random.shuffled(weighted)[0] ?? 'create'
  const isManual = kind === 'delete' && random.below(6) === 0
  const all = isManual ? manualTargets : among
  const target = all[random.below(all.length)]
  if (target === undefined) throw new Error('there is no Cluster to act on')
  return { kind, target, randomValue: random.below(1_000), pauseMs: random.below(profile.pauseMs) }
}
