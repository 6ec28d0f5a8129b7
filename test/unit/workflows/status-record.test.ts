import { describe, expect, it } from '@jest/globals'
import type { PoolVerdict } from '../../../src/domain/allocation/pool-selection.ts'
import { createStatusRecord } from '../../../src/workflows/status-record.ts'

const verdict = (because: string): PoolVerdict => ({
  kind: 'GlobalInClusterIPPool',
  name: 'vip-pool',
  verdict: 'selected',
  because,
})
const chosen = verdict('11 of 11 addresses free')
const found = verdict('its IPAddressClaim is there, and stays')

/** What the status shows after passes, each with its verdict and whether it found the claim in place. */
function consideredAfter(...passes: readonly (readonly [PoolVerdict, boolean])[]): readonly PoolVerdict[] {
  const record = createStatusRecord({ namespace: 'clusters', name: 'demo' })
  for (const [considered, keepsVerdicts] of passes) {
    record.progress('control-plane', { phase: 'EnsuringClaim', considered: [considered] }, { keepsVerdicts })
  }
  return record.report([]).roles['control-plane']?.considered ?? []
}

describe('the status of a run', () => {
  it('keeps the verdicts by which the pool was selected when a later pass finds the claim', () => {
    expect(consideredAfter([chosen, false], [found, true])).toEqual([chosen])
  })

  it('has verdicts also if a lost attempt has created the claim', () => {
    expect(consideredAfter([found, true])).toEqual([found])
  })

  it('has the verdicts of a pass that selects a pool anew', () => {
    expect(consideredAfter([found, true], [chosen, false])).toEqual([chosen])
  })
})
