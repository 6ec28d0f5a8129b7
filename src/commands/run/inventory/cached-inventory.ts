import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import type { VariableNames } from '../../../domain/role.ts'
import { orphanedForLong, orphanedSince, type OrphanedSince } from './claim-inventory.ts'
import { takeInventory, type Inventory } from './inventory.ts'

/** Milliseconds for which an inventory is reused: a scrape reads it once for each series. */
const keptMs = 3_000

/**
 * The inventory of the watcher's cache, for the metrics.
 *
 * @param now milliseconds since the epoch
 * @returns undefined until every kind has been listed, since partial counts would raise alarms
 */
export function inventoryOf(
  snapshot: () => Snapshot,
  variables: VariableNames,
  now: () => number,
): () => Inventory | undefined {
  let since: OrphanedSince = new Map()
  let last: { readonly at: number; readonly inventory: Inventory } | undefined
  return () => {
    const at = now()
    const objects = snapshot()
    if (!objects.isComplete) return undefined
    if (last === undefined || at - last.at > keptMs) {
      since = orphanedSince(objects, since, at)
      last = { at, inventory: takeInventory(objects, variables, orphanedForLong(since, at)) }
    }
    return last.inventory
  }
}
