import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { keptSinceAnnotation, keptUntilAnnotation, retainAnnotation } from '../../../../src/domain/names.ts'
import {
  decideRetention,
  type ObservedRetained,
  type RetentionDecision,
} from '../../../../src/domain/release/retention.ts'
import { aCluster, aPool, aRetainedClaim } from '../../../support/builders.ts'

const now = Date.parse('2026-03-01T12:00:00Z')
const hour = 3_600_000

/** A claim that has outlived the Cluster, with the annotations given besides. */
const kept = (annotations: Readonly<Record<string, string>> = {}, retain = '24h') =>
  aRetainedClaim({ annotations: { [retainAnnotation]: retain, ...annotations } })
const marked = (since: string, until: string) => ({
  [keptSinceAnnotation]: since,
  [keptUntilAnnotation]: until,
})
const pool = (retain?: string) =>
  aPool({ annotations: retain === undefined ? {} : { [retainAnnotation]: retain } })

function decide(observed: Partial<ObservedRetained> = {}): RetentionDecision {
  return decideRetention({
    claim: kept(),
    address: '10.0.0.10',
    pools: [pool('24h')],
    present: undefined,
    now,
    ...observed,
  })
}

describe('a claim whose Cluster is gone', () => {
  it('is marked when that is first seen', () => {
    expect(decide()).toEqual({
      decision: 'mark',
      annotations: marked('2026-03-01T12:00:00Z', '2026-03-02T12:00:00Z'),
      until: now + 24 * hour,
    })
  })

  it.each<[string, string, Partial<ObservedRetained>, string, number]>([
    ['as long as its pool says', '24h', {}, '2026-03-02T11:00:00Z', now + 23 * hour],
    ['until a person acts', 'always', { pools: [pool('always')] }, 'always', Number.POSITIVE_INFINITY],
    ['as it was, if its pool is gone', '24h', { pools: [] }, '2026-03-02T11:00:00Z', now + 23 * hour],
    [
      'as it was, if its pool is unreadable',
      '24h',
      { pools: [pool('1 day')] },
      '2026-03-02T11:00:00Z',
      now + 23 * hour,
    ],
    ['for good, if nobody knows for how long', '??', { pools: [] }, 'always', Number.POSITIVE_INFINITY],
  ])('is kept %s', (_, retain, observed, until, untilMs) => {
    const claim = kept(marked('2026-03-01T11:00:00Z', until), retain)
    expect(decide({ claim, ...observed })).toEqual({ decision: 'keep', until: untilMs })
  })

  it.each([
    ['a longer', '48h', '2026-03-03T11:00:00Z'],
    ['a shorter', '2h', '2026-03-01T13:00:00Z'],
    ['no end of the', 'always', 'always'],
  ])('is kept since the same moment for %s time, if its pool says so now', (_, retain, until) => {
    const claim = kept(marked('2026-03-01T11:00:00Z', '2026-03-02T11:00:00Z'))
    expect(decide({ claim, pools: [pool(retain)] })).toMatchObject({
      decision: 'mark',
      annotations: marked('2026-03-01T11:00:00Z', until),
    })
  })

  it.each<[string, Partial<ObservedRetained>, string]>([
    [
      'its time is over',
      { claim: kept(marked('2026-02-28T11:59:59Z', '2026-03-01T11:59:59Z')) },
      'its time is over',
    ],
    [
      'its pool retains nothing',
      { pools: [pool()] },
      'GlobalInClusterIPPool/vip-pool keeps no addresses any more',
    ],
    ['it never had an address', { address: undefined }, 'it has no address'],
  ])('is released if %s', (_, observed, because) => {
    expect(decide(observed)).toEqual({ decision: 'release', because })
  })

  it('is kept from now on if what it says of the past cannot be true', () => {
    for (const since of ['yesterday', '2030-01-01T00:00:00Z']) {
      const claim = kept(marked(since, '2030-01-02T00:00:00Z'))
      expect(decide({ claim })).toMatchObject({ decision: 'mark', until: now + 24 * hour })
    }
  })

  it('waits while it is young and has no address', () => {
    const claim = kept()
    const young = Date.parse(claim.creationTimestamp) + 1_000
    expect(decide({ claim, address: undefined, now: young })).toMatchObject({ decision: 'wait' })
  })

  it.each([
    ['endpoint', aCluster({ uid: 'new', endpoint: { host: '10.0.0.10', port: 6443 } })],
    [
      'annotation',
      aCluster({ uid: 'new', annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' } }),
    ],
  ])('is never released while a Cluster of this name has its address as %s', (_, present) => {
    const claim = kept(marked('2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z'))
    expect(decide({ claim, present })).toMatchObject({ decision: 'wait' })
    expect(decide({ claim, present, pools: [pool()] })).toMatchObject({ decision: 'wait' })
  })

  it('is released beside a Cluster of this name that has another address', () => {
    const claim = kept(marked('2020-01-01T00:00:00Z', '2020-01-02T00:00:00Z'))
    const present = aCluster({ uid: 'new', endpoint: { host: '10.9.9.9', port: 6443 } })
    expect(decide({ claim, present })).toMatchObject({ decision: 'release' })
  })

  it('is neither released early nor kept for longer, whatever else changes in between', () => {
    fc.assert(
      fc.property(
        fc.array(fc.integer({ min: 0, max: 40 * 60 }), { maxLength: 8 }),
        fc.integer({ min: 1, max: 36 }),
        (minutes, hours) => {
          let claim = kept({}, `${hours}h`)
          const pools = [pool(`${hours}h`)]
          for (const after of minutes.toSorted((a, b) => a - b)) {
            const decision = decide({ claim, pools, now: now + after * 60_000 })
            const first = claim.annotations[keptSinceAnnotation]
            const end = (first === undefined ? now + after * 60_000 : Date.parse(first)) + hours * hour
            expect(decision.decision === 'release').toBe(now + after * 60_000 >= end)
            if (decision.decision === 'mark') {
              claim = { ...claim, annotations: { ...claim.annotations, ...decision.annotations } }
            }
          }
        },
      ),
    )
  })
})
