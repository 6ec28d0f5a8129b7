import { describe, expect, it } from '@jest/globals'
import { inventoryOf } from '../../../../../src/commands/run/inventory/inventory.ts'
import type { Snapshot } from '../../../../../src/domain/allocation/snapshot.ts'
import { aClaim, aCluster, variables } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const labels = { 'vip.capi.gorizond.io/role': 'control-plane' }

/** The inventory of what a test says is known, at the time it says. */
function counting(): {
  readonly ask: (at: number, known: Snapshot) => ReturnType<ReturnType<typeof inventoryOf>>
} {
  let world = aSnapshot({})
  let now = 0
  const ask = inventoryOf(
    () => world,
    { variables },
    () => now,
  )
  return {
    ask(at, known) {
      now = at
      world = known
      return ask()
    },
  }
}

describe('the inventory for the metrics', () => {
  it('is undefined before every kind has been listed', () => {
    const { ask } = counting()
    expect(ask(0, aSnapshot({ clusters: [aCluster()], isComplete: false }))).toBeUndefined()
    expect(ask(1, aSnapshot({ clusters: [aCluster()] }))?.waiting).toHaveLength(1)
  })

  it('is the same for all series of a scrape, and another one later', () => {
    const { ask } = counting()
    const first = ask(0, aSnapshot({}))
    expect(ask(100, aSnapshot({ clusters: [aCluster()] }))).toBe(first)
    expect(ask(60_000, aSnapshot({ clusters: [aCluster()] }))?.waiting).toHaveLength(1)
  })

  it('calls a claim leaked that it has seen without its Cluster for a minute', () => {
    const { ask } = counting()
    const leaking = aSnapshot({ claims: [aClaim({ labels })] })
    const leakedAt = (at: number): number | undefined => ask(at, leaking)?.leaked[0]?.claims
    expect([leakedAt(0), leakedAt(30_000), leakedAt(60_000)]).toEqual([0, 0, 1])
  })
})
