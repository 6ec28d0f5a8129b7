import type { EligibilitySettings } from '../../../domain/allocation/action.ts'
import {
  orphanedClaims,
  addressUseIn,
  SnapshotQueries,
  type Snapshot,
} from '../../../domain/allocation/snapshot.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { claimProblems, leakProblems } from './claim-problems.ts'
import { duplicateProblems, endpointProblems } from './address-problems.ts'
import { problemKinds, type Problem, type ProblemContext } from './problem.ts'

/**
 * Finds the problems in the management cluster that no workflow shows, in the order of `problemKinds`. That includes a
 * problem that is about to be fixed, unless something distinguishes it.
 */
export function problemsIn(
  snapshot: Snapshot,
  settings: EligibilitySettings,
  now: number,
): readonly Problem[] {
  const context: ProblemContext = {
    snapshot,
    queries: new SnapshotQueries(() => snapshot, settings),
    addressUse: addressUseIn(snapshot),
    orphaned: new Set(orphanedClaims(snapshot, now)),
    owners: new Map([...snapshot.clusters.values()].map((cluster) => [cluster.uid, cluster])),
    now,
  }
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
