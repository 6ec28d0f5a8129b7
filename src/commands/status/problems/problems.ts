import { claimFindings } from './claim-problems.ts'
import { duplicateFindings } from './duplicate-problems.ts'
import { endpointFindings } from './endpoint-problems.ts'
import { findingKinds, type Finding } from './problem.ts'
import { leakFindings } from './leak-problems.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { roles, vipRole, type VariableNames } from '../../../domain/role.ts'
import { createSnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'

/**
 * Finds what is wrong in the management cluster and what no workflow shows, in the order of `findingKinds`. What has just
 * happened may be on its way to be mended, and is found all the same where nothing tells the two apart.
 */
export function findingsIn(known: Snapshot, variables: VariableNames, now: number): readonly Finding[] {
  const vips = roles.map((role) => vipRole(role, variables))
  const owners = new Map([...known.clusters.values()].map((cluster) => [cluster.uid, cluster]))
  const context = { known, view: createSnapshotQueries(() => known), variables, vips, owners, now }
  return [
    ...duplicateFindings(context),
    ...endpointFindings(context),
    ...leakFindings(context),
    ...claimFindings(context),
  ].toSorted(
    (a, b) =>
      findingKinds.indexOf(a.kind) - findingKinds.indexOf(b.kind) ||
      placeOf(a).localeCompare(placeOf(b), 'en'),
  )
}

function placeOf({ objects }: Finding): string {
  return objects.map(formatKey).join()
}
