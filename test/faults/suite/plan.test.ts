import { describe, expect, it } from '@jest/globals'
import { seededRandom } from '../../support/seeded-random.ts'
import { faultKinds } from './fault-kinds.ts'
import { longForm, shortForm } from './form.ts'
import { longPlan, shortPlan, type RoundPlan } from './plan.ts'

const random = () => seededRandom('plan')

function namesIn({ faults }: RoundPlan): readonly string[] {
  return faults.map(({ kind }) => kind.name)
}

function placesIn({ faults }: RoundPlan): readonly string[] {
  return faults.map(({ kind }) => kind.place)
}

describe('the short plan', () => {
  it('has each kind once, and then a storm', () => {
    const rounds = shortPlan(random(), shortForm)
    expect(rounds.slice(0, -1).flatMap(namesIn).toSorted()).toEqual(
      faultKinds.map(({ name }) => name).toSorted(),
    )
    expect(rounds.filter(({ storm }) => storm)).toEqual([rounds.at(-1)])
  })
})

describe('the long plan', () => {
  it('has every kind once before any comes again', () => {
    const dealt = longPlan(random(), longForm)
      .take(faultKinds.length)
      .flatMap(namesIn)
      .take(faultKinds.length)
      .toArray()
    expect(new Set(dealt).size).toBeGreaterThan(faultKinds.length - 4)
  })

  it('never has two faults of one place in a round', () => {
    for (const round of longPlan(random(), longForm).take(50)) {
      expect(placesIn(round)).toEqual([...new Set(placesIn(round))])
    }
  })

  it('has no other kinds than it is given', () => {
    const among = faultKinds.filter(({ place }) => place === 'task-queues' || place === 'temporal')
    const names = longPlan(random(), longForm, among).take(20).flatMap(namesIn)
    expect([...new Set(names)].toSorted()).toEqual(among.map(({ name }) => name).toSorted())
  })

  it('is the same for the same seed', () => {
    const roundsOf = (seed: number): readonly RoundPlan[] =>
      longPlan(seededRandom('plan', seed), longForm).take(10).toArray()
    expect(roundsOf(7)).toEqual(roundsOf(7))
    expect(roundsOf(7)).not.toEqual(roundsOf(8))
  })
})
