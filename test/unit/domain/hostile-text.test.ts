import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import { poolRequestFor } from '../../../src/domain/allocation/eligibility.ts'
import { explicitPoolOf } from '../../../src/domain/allocation/vip-role.ts'
import { selectIPPool } from '../../../src/domain/allocation/pool-selection.ts'
import type { IPPool } from '../../../src/domain/model/pool.ts'
import { aClass, aCluster, aPool } from '../../support/builders.ts'
import { anyText, holdsForAll } from '../../support/seeded-random.ts'

const prefix = 'vip.capi.gorizond.io'
const poolKeys = ['cluster-class', 'role', 'priority', 'namespaces', 'namespace-selector'].map(
  (key) => `${prefix}/${key}`,
)
/** Characters of a message: Temporal keeps no failure of more than 4 KiB, with a stack that repeats the message. */
const longest = 1_500

const fragment = fc.constantFrom(
  ...['\n', '\r', '\u0000', '\u001b[31m', '\u009b', '\u2028', '\u202e', '{{', '${x}', '%s', '</script>'],
  ...['/', ',', '*', '..', 'true', 'InClusterIPPool/', 'GlobalInClusterIPPool/', aClass, '__proto__'],
  ...['1e999', 'NaN', '-0', `1${'0'.repeat(400)}`, 'x'.repeat(10_000)],
)
const hostileText = fc.array(fc.oneof(fragment, anyText), { maxLength: 6 }).map((parts) => parts.join(''))

const hostilePool = fc
  .record({
    name: fc.stringMatching(/^[a-z]{1,253}$/),
    kind: fc.constantFrom('InClusterIPPool' as const, 'GlobalInClusterIPPool' as const),
    annotations: fc.dictionary(fc.constantFrom(...poolKeys), hostileText),
    classLabel: fc.constantFrom('true', aClass),
  })
  .map(({ classLabel, ...pool }) => aPool({ ...pool, labels: { [`${prefix}/cluster-class`]: classLabel } }))
const hostilePools = fc.array(hostilePool, { maxLength: 20 })

function choose(pools: readonly IPPool[], explicit?: string): ReturnType<typeof selectIPPool> {
  const annotations = explicit === undefined ? {} : { [`${prefix}/control-plane-pool`]: explicit }
  return selectIPPool(poolRequestFor(aCluster({ annotations }), 'control-plane', {}), pools)
}

describe('the choice among pools that hold hostile text', () => {
  it('never throws, says something about every pool, and depends on no order', () => {
    holdsForAll(hostilePools, (pools) => {
      const selection = choose(pools)
      expect(selection.considered).toHaveLength(pools.length)
      const { outcome } = choose(pools.toReversed())
      expect(outcome).toBe(selection.outcome)
    })
  })

  it('takes the pool that a Cluster names and no other', () => {
    holdsForAll(fc.tuple(hostilePools, hostileText), ([pools, explicit]) => {
      const selection = choose(pools, explicit)
      const named = explicitPoolOf(
        aCluster({ annotations: { [`${prefix}/control-plane-pool`]: explicit } }),
        'control-plane',
      )
      if (selection.outcome === 'none' || named === undefined) return
      const { kind, name } = selection.pool
      expect([name, `${kind}/${name}`]).toContain(named)
    })
  })

  it('takes no pool of a name with more behind it', () => {
    holdsForAll(fc.string({ minLength: 1 }), (more) => {
      const pool = aPool({ kind: 'InClusterIPPool', name: 'vip-pool' })
      expect(choose([pool], `InClusterIPPool/vip-pool/${more}`).outcome).toBe('none')
    })
  })

  it('is told in a message of few characters, whatever the pools hold', () => {
    holdsForAll(fc.tuple(hostilePools, hostileText), ([pools, explicit]) => {
      const selection = choose(pools, explicit)
      const message = selection.outcome === 'none' ? selection.message : ''
      expect(message.length).toBeLessThan(longest)
    })
  })

  it('is told of each pool in few characters', () => {
    holdsForAll(hostilePools, (pools) => {
      for (const { because } of choose(pools).considered) expect(because.length).toBeLessThan(longest)
    })
  })

  it.each([
    ['unicode', 'häß\u202Eliche 名前 🧨 \u0000\u2028'],
    ['lines', 'first\nsecond\r\n\tthird\n'],
    ['control', '\u0007\u0008\u001b[2J\u001b[31mred\u001b[0m\u009b31m\u007f'],
    ['json', '{"level":"error","message":"forged"}\n{"level":"fatal"}'],
    ['templates', '{{ .Values.x }} {{- end }} ${HOME} $(id) `id` %s%n%p </script><script>alert(1)</script>'],
    ['much', 'e'.repeat(250 * 1024)],
  ])('is told in one short line to a Cluster that names its pool by hostile text (%s)', (_, text) => {
    const selection = choose([aPool()], text)
    const message = selection.outcome === 'none' ? selection.message : ''
    expect(message).toContain(`${prefix}/control-plane-pool`)
    expect(message).not.toMatch(/\p{Cc}/u)
    expect(message.length).toBeLessThan(longest)
  })

  it('is told without control characters', () => {
    holdsForAll(fc.tuple(hostilePools, hostileText), ([pools, explicit]) => {
      const { considered, ...selection } = choose(pools, explicit)
      const words = considered.map(({ because }) => because)
      const all = [...words, 'message' in selection ? selection.message : ''].join('')
      expect(all).not.toMatch(/\p{Cc}/u)
    })
  })
})
