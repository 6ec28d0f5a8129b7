import { claimFindings } from './claim-findings.ts'
import { duplicateFindings } from './duplicate-findings.ts'
import { endpointFindings } from './endpoint-findings.ts'
import { findingKinds, type Finding } from './finding.ts'
import { leakFindings } from './leak-findings.ts'
import { formatKey } from '../object-meta.ts'
import { roles, vipRole, type VariableNames } from '../role.ts'
import { createView, type KnownObjects } from '../view.ts'

/**
 * Finds what is wrong in the management cluster and what no workflow shows, in the order of `findingKinds`. What has just
 * happened may be on its way to be mended, and is found all the same where nothing tells the two apart.
 */
export function findingsIn(known: KnownObjects, variables: VariableNames, now: number): readonly Finding[] {
  const vips = roles.map((role) => vipRole(role, variables))
  const owners = new Map([...known.clusters.values()].map((cluster) => [cluster.uid, cluster]))
  const context = { known, view: createView(() => known), variables, vips, owners, now }
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
