import { describe, expect, it } from '@jest/globals'
import { createProgress } from '../../src/commands/allocate/run-progress.ts'
import type { AllocationPhase, AllocationStatus } from '../../src/workflows/contract.ts'

function phase(name: AllocationPhase): AllocationStatus['roles'] {
  return { 'control-plane': { phase: name, message: 'looking', considered: [], duplicates: [] } }
}

const wait = {
  activity: 'selectIPPool',
  reason: 'NoMatchingPool',
  message: 'there is no pool at all',
  retrySeconds: 5,
}

describe('what a person is told of a run', () => {
  it('is each phase once', () => {
    const progress = createProgress()
    expect(progress.news(phase('SelectingPool'), [])).toEqual(['control-plane: SelectingPool, looking'])
    expect(progress.news(phase('SelectingPool'), [])).toEqual([])
    expect(progress.news(undefined, [])).toEqual([])
    expect(progress.news(phase('EnsuringClaim'), [])).toEqual(['control-plane: EnsuringClaim, looking'])
  })

  it('is each wait once, however long it takes, and also after a wake', () => {
    const progress = createProgress()
    progress.news(phase('SelectingPool'), [])
    expect(progress.news(phase('SelectingPool'), [wait])).toEqual([
      'selectIPPool waits, NoMatchingPool: there is no pool at all (looks again in 5 s, or when woken)',
    ])
    expect(progress.news(phase('SelectingPool'), [{ ...wait, retrySeconds: 60 }])).toEqual([])
    expect(progress.news(phase('SelectingPool'), [])).toEqual([])
    expect(progress.news(phase('SelectingPool'), [wait])).toEqual([])
  })

  it('is a wait again where its words or the phase have changed', () => {
    const progress = createProgress()
    progress.news(phase('SelectingPool'), [wait])
    expect(progress.news(phase('SelectingPool'), [{ ...wait, message: 'another' }])).toHaveLength(1)
    expect(progress.news(phase('EnsuringClaim'), [wait])).toHaveLength(2)
  })
})
