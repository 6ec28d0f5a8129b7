import { claimProblems } from './claim-problems.ts'
import { duplicateProblems } from './duplicate-problems.ts'
import { endpointProblems } from './endpoint-problems.ts'
import { problemKinds, type Problem } from './problem.ts'
import { leakProblems } from './leak-problems.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { roles, vipRole, type VariableNames } from '../../../domain/role.ts'
import { SnapshotQueries, type Snapshot } from '../../../domain/allocation/snapshot.ts'

/**
 * Finds what is wrong in the management cluster and what no workflow shows, in the order of `problemKinds`. What has just
 * happened may be on its way to be mended, and is found all the same where nothing tells the two apart.
 */
export function problemsIn(known: Snapshot, variables: VariableNames, now: number): readonly Problem[] {
  const vips = roles.map((role) => vipRole(role, variables))
  const owners = new Map([...known.clusters.values()].map((cluster) => [cluster.uid, cluster]))
  const context = { known, view: new SnapshotQueries(() => known), variables, vips, owners, now }
  return [
    ...duplicateProblems(context),
    ...endpointProblems(context),
    ...leakProblems(context),
    ...claimProblems(context),
  ].toSorted(
    (a, b) =>
      problemKinds.indexOf(a.kind) - problemKinds.indexOf(b.kind) ||
      placeOf(a).localeCompare(placeOf(b), 'en'),
  )
}

function placeOf({ objects }: Problem): string {
  return objects.map(formatKey).join()
}
