import { describe, expect, it } from '@jest/globals'
import { seededRandom, type SeededRandom } from '../../../test/support/seeded-random.ts'
import type { FaultKind } from './fault-kind.ts'
import { faultKinds } from './fault-kinds.ts'
import { longProfile, shortProfile } from './profile.ts'
import { longPlan, shortPlan, type RoundPlan } from './plan.ts'

const random = (): SeededRandom => seededRandom('plan')

function firstRounds(
  count: number,
  of = random(),
  among: readonly FaultKind[] = faultKinds,
): readonly RoundPlan[] {
  const rounds: RoundPlan[] = []
  for (const round of longPlan(of, longProfile, among)) {
    rounds.push(round)
    if (rounds.length === count) break
  }
  return rounds
}

function namesIn({ faults }: RoundPlan): readonly string[] {
  return faults.map(({ kind }) => kind.name)
}

function placesIn({ faults }: RoundPlan): readonly string[] {
  return faults.map(({ kind }) => kind.place)
}

describe('the short plan', () => {
  it('has each kind once, and then a storm', () => {
    const rounds = shortPlan(random(), shortProfile)
    expect(rounds.slice(0, -1).flatMap(namesIn).toSorted()).toEqual(
      faultKinds.map(({ name }) => name).toSorted(),
    )
    expect(rounds.filter(({ storm }) => storm)).toEqual([rounds.at(-1)])
  })
})

describe('the long plan', () => {
  it('has every kind before long', () => {
    const names = firstRounds(30).flatMap(namesIn)
    expect([...new Set(names)].toSorted()).toEqual(faultKinds.map(({ name }) => name).toSorted())
  })

  it('never has two faults of one place in a round', () => {
    for (const round of firstRounds(50)) expect(placesIn(round)).toEqual([...new Set(placesIn(round))])
  })

  it('has no other kinds than it is given', () => {
    const among = faultKinds.filter(({ place }) => place === 'task-queues' || place === 'temporal')
    const names = firstRounds(20, random(), among).flatMap(namesIn)
    expect([...new Set(names)].toSorted()).toEqual(among.map(({ name }) => name).toSorted())
  })

  it('is the same for the same seed', () => {
    const roundsOf = (seed: number): readonly RoundPlan[] => firstRounds(10, seededRandom('plan', seed))
    expect(roundsOf(7)).toEqual(roundsOf(7))
    expect(roundsOf(7)).not.toEqual(roundsOf(8))
  })
})
