import type { SeededRandom } from '../../../test/support/seeded-random.ts'
import { seededRandom } from '../../../test/support/seeded-random.ts'
import { faultKinds } from './fault-kinds.ts'
import { faultPlaces, type FaultKind } from './fault-kind.ts'
import type { Form } from './form.ts'
import { deeds, type Deed } from './people.ts'
import { subjectsNamed, typedSubjects, type Subject } from './subjects.ts'

/** What happens in one round; all of it follows from the seed. */
export interface RoundPlan {
  readonly number: number
  readonly faults: readonly PlannedFault[]
  readonly actions: readonly PlannedAction[]
  /** Actions come without a pause, several at once, until time is up. */
  readonly storm: boolean
  readonly seed: number
}

export interface PlannedFault {
  readonly kind: FaultKind
  readonly seed: number
  /** It starts after so many actions. */
  readonly after: number
}

export interface PlannedAction {
  readonly deed: Deed
  readonly subject: Subject
  readonly dice: number
  readonly pauseMs: number
}

/** Clusters of ordinary rounds. */
const subjects = subjectsNamed('c', 20)

/** How often a deed is done, where it is not once: so that there are Clusters, and most of them not paused. */
const weights: Partial<Record<Deed, number>> = {
  create: 9,
  unpause: 3,
  delete: 3,
  'delete and create again': 2,
}
const weighted = deeds.flatMap((deed) => Array.from({ length: weights[deed] ?? 1 }, () => deed))

const stormEvery = 5

/** Rounds without end: up to three faults each, every kind once before any comes again, and storms now and then. */
export function* longPlan(
  random: SeededRandom,
  form: Form,
  among: readonly FaultKind[] = faultKinds,
): Generator<RoundPlan, never> {
  let deck: readonly FaultKind[] = []
  for (let number = 1; ; number++) {
    const storm = number % stormEvery === 0
    const wanted = storm ? 4 : 1 + random.below(3)
    if (deck.length < wanted) deck = [...deck, ...random.shuffled(among)]
    const kinds = onePerPlace(deck, wanted)
    deck = withoutFirst(deck, kinds)
    yield planRound({ number, kinds, storm, random, form })
  }
}

/** A list of rounds in which each kind occurs once, and a storm with several again. */
export function shortPlan(random: SeededRandom, form: Form): readonly RoundPlan[] {
  const columns = faultPlaces.map((place) =>
    random.shuffled(faultKinds.filter((kind) => kind.place === place)),
  )
  const rounds = Math.max(...columns.map(({ length }) => length))
  const plans = Array.from({ length: rounds }, (_, index) => {
    // Spread over all rounds.
    const kinds = columns.flatMap((column) =>
      column.filter((_kind, at) => Math.floor((at * rounds) / column.length) === index),
    )
    return planRound({ number: index + 1, kinds, storm: false, random, form })
  })
  const kinds = onePerPlace(random.shuffled(faultKinds), 4)
  return [...plans, planRound({ number: rounds + 1, kinds, storm: true, random, form })]
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
  readonly form: Form
}): RoundPlan {
  const { number, kinds, storm, form } = options
  const seed = options.random.below(2 ** 31)
  const random = seededRandom('round', seed)
  const actions = storm ? [] : Array.from({ length: form.actions }, () => planAction(random, subjects, form))
  return {
    ...{ number, storm, seed, actions },
    faults: kinds.map((kind) => ({
      kind,
      seed: random.below(2 ** 31),
      after: random.below(Math.ceil(form.actions / 2)),
    })),
  }
}

/** One action at random. People who type endpoints delete their Clusters, too. */
export function planAction(random: SeededRandom, among: readonly Subject[], form: Form): PlannedAction {
  const deed = random.shuffled(weighted)[0] ?? 'create'
  const isTyped = deed === 'delete' && random.below(6) === 0
  const all = isTyped ? typedSubjects : among
  const subject = all[random.below(all.length)]
  if (subject === undefined) throw new Error('there is no Cluster to act on')
  return { deed, subject, dice: random.below(1_000), pauseMs: random.below(form.pauseMs) }
}
