import type { Style } from '../console/style.ts'
import { renderTable } from '../console/table.ts'
import { formatKey } from '../domain/model/object-meta.ts'
import { formatPool } from '../domain/model/pool.ts'
import { printable } from '../domain/quote.ts'
import { describeKeptAddress, type KeptAddress } from '../domain/release/kept-addresses.ts'

/** The addresses that are kept as a table, under a heading; no line if there is none. */
export function keptLines(kept: readonly KeptAddress[], style: Style): readonly string[] {
  if (kept.length === 0) return []
  return [
    style.strong('Kept for Clusters that are gone:'),
    renderTable(['address', 'role', 'pool', 'claim', 'why'], kept.map(keptRow), style),
  ]
}

function keptRow(kept: KeptAddress): readonly string[] {
  const { address, role, pool, claim } = kept
  return [
    printable(address ?? ''),
    role,
    formatPool(pool),
    formatKey(claim),
    printable(describeKeptAddress(kept)),
  ]
}
