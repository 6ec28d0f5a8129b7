import { describe, expect, it } from '@jest/globals'
import { createProgress } from '../../../../src/commands/allocate/run-progress.ts'
import type { AllocationPhase, AllocationStatus } from '../../../../src/workflows/contract.ts'

function phase(name: AllocationPhase): AllocationStatus['roles'] {
  return { 'control-plane': { phase: name, message: 'looking', considered: [], duplicates: [] } }
}

const wait = {
  activity: 'selectIPPool',
  reason: 'NoMatchingPool',
  message: 'there is no pool at all',
  retrySeconds: 5,
}

describe('the progress of a run', () => {
  it('is each phase once', () => {
    const progress = createProgress()
    expect(progress(phase('SelectingPool'), [])).toEqual(['control-plane: SelectingPool, looking'])
    expect(progress(phase('SelectingPool'), [])).toEqual([])
    expect(progress(undefined, [])).toEqual([])
    expect(progress(phase('EnsuringClaim'), [])).toEqual(['control-plane: EnsuringClaim, looking'])
  })

  it('is each wait once, however long it takes, and also after a wake', () => {
    const progress = createProgress()
    progress(phase('SelectingPool'), [])
    expect(progress(phase('SelectingPool'), [wait])).toEqual([
      'selectIPPool waits, NoMatchingPool: there is no pool at all (looks again in 5 s, or when woken)',
    ])
    expect(progress(phase('SelectingPool'), [{ ...wait, retrySeconds: 60 }])).toEqual([])
    expect(progress(phase('SelectingPool'), [])).toEqual([])
    expect(progress(phase('SelectingPool'), [wait])).toEqual([])
  })

  it('shows a wait again if its message changed, or its phase was left in between', () => {
    const progress = createProgress()
    progress(phase('SelectingPool'), [wait])
    expect(progress(phase('SelectingPool'), [{ ...wait, message: 'another' }])).toHaveLength(1)
    expect(progress(phase('EnsuringClaim'), [])).toHaveLength(1)
    expect(progress(phase('SelectingPool'), [wait])).toHaveLength(2)
  })

  it('is a wait once where it is seen before the first phase is', () => {
    const progress = createProgress()
    expect(progress(undefined, [wait])).toHaveLength(1)
    expect(progress(phase('SelectingPool'), [wait])).toEqual(['control-plane: SelectingPool, looking'])
  })

  it('is no wait of a step that the run has got over since', () => {
    const progress = createProgress()
    progress(phase('SelectingPool'), [wait])
    expect(progress(phase('EnsuringClaim'), [wait])).toEqual(['control-plane: EnsuringClaim, looking'])
    expect(progress(phase('Done'), [wait])).toEqual(['control-plane: Done, looking'])
  })

  it('is a wait once where one role goes on and another waits in the step that it has left', () => {
    const progress = createProgress()
    const ingress: AllocationStatus['roles'] = {
      ingress: { phase: 'SelectingPool', message: 'looking', considered: [], duplicates: [] },
    }
    progress({ ...phase('SelectingPool'), ...ingress }, [wait])
    expect(progress({ ...phase('EnsuringClaim'), ...ingress }, [wait])).toEqual([
      'control-plane: EnsuringClaim, looking',
    ])
  })
})
