import { describe, expect, it } from '@jest/globals'
import { isToBeProbed, probeOf } from '../../../../src/domain/allocation/probe.ts'
import { selectIPPool } from '../../../../src/domain/allocation/pool-selection.ts'
import { poolRequestFor } from '../../../../src/domain/allocation/eligibility.ts'
import { aCluster, aPool } from '../../../support/builders.ts'

const portsAnnotation = 'vip.capi.gorizond.io/probe-ports'
const exceptAnnotation = 'vip.capi.gorizond.io/probe-except'

describe('the probe of a pool', () => {
  it.each([
    ['6443', [6443]],
    [' 6443 , 443,6443', [6443, 443]],
    ['1,2,3,4,5,6,7,65535', [1, 2, 3, 4, 5, 6, 7, 65_535]],
  ])('tries the ports of "%s"', (text, ports) => {
    expect(probeOf(aPool({ annotations: { [portsAnnotation]: text } }))).toEqual({ ports, except: [] })
  })

  it('is none without the annotation', () => {
    expect(probeOf(aPool())).toBeUndefined()
  })

  it.each(['', 'https', '0', '65536', '6443-6445', '1,2,3,4,5,6,7,8,9', '-1'])(
    'is unreadable if the annotation is "%s", and the pool serves nobody and says so',
    (text) => {
      const pool = aPool({ annotations: { [portsAnnotation]: text } })
      expect(probeOf(pool)).toBe('unreadable')
      expect(selectIPPool(poolRequestFor(aCluster(), 'control-plane', {}), [pool])).toMatchObject({
        outcome: 'none',
        reason: 'NoMatchingPool',
        message: expect.stringContaining(
          `${portsAnnotation} is ${JSON.stringify(text)}, expected 1 to 8 ports from 1 to 65535, such as 6443,443`,
        ),
      })
    },
  )

  it('leaves out the addresses that a person says are free, in any spelling', () => {
    const annotations = { [portsAnnotation]: '6443', [exceptAnnotation]: '10.0.0.10, 2001:db8:0::1' }
    const probe = probeOf(aPool({ annotations }))
    if (probe === undefined || probe === 'unreadable') throw new Error('it can be read')
    expect(['10.0.0.10', '10.0.0.11', '2001:db8::1'].map((each) => isToBeProbed(probe, each))).toEqual([
      false,
      true,
      false,
    ])
  })
})
