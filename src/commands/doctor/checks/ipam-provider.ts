import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { poolPlaceOf, type IPAddressClaim } from '../../../domain/model/claim.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { availableAddresses, placeOf, type IPPool } from '../../../domain/model/pool.ts'
import { clusterNameLabel, pausedAnnotation } from '../../../domain/names.ts'
import { counted, few } from '../../../domain/quote.ts'
import { fault, ok, skipped, warning, type CheckOutcome, type Reading } from './check-result.ts'
import { nameOf } from './pools.ts'
import {
  availabilityProblems,
  describe,
  inClusterProvider,
  isBefore,
  providerLabel,
  versionIn,
  type ProgramDeployment,
} from './provider-deployment.ts'

/** Milliseconds after which the provider should have bound a claim, or counted a pool. */
const overdueAfterMs = 60_000

const fix =
  'see whether the in-cluster IPAM provider runs, and what its log says: kubectl --namespace capi-ipam-in-cluster-system get pods'

/**
 * Checks the IPAM provider by its Deployment, if there is one, and by its effect: counted pools and bound claims.
 *
 * @param now milliseconds since 1970
 */
export function checkIpamProvider(
  deployments: Reading<readonly ProgramDeployment[]>,
  snapshot: Reading<Snapshot>,
  now: number,
): readonly CheckOutcome[] {
  const found = 'read' in deployments ? deployments.read : []
  const problems = [
    ...found.flatMap((deployment) => [
      ...availabilityProblems('the in-cluster IPAM provider', deployment),
      ...versionProblems(deployment),
    ]),
    ...('read' in snapshot ? effectProblems(snapshot.read, now) : []),
  ]
  if (problems.length > 0) return problems
  const countedPools =
    'read' in snapshot ? poolsIn(snapshot.read).filter(({ capacity }) => capacity !== undefined) : []
  const effect =
    countedPools.length === 0
      ? ''
      : `: ${counted(countedPools.length, 'pool')} with counted addresses, and no claim is overdue`
  if (found.length > 0) return [ok(`${found.map(describe).join(', ')} is available${effect}`)]
  const unknown = whyUnknown(deployments)
  return [countedPools.length > 0 ? ok(`its effect can be seen${effect}; ${unknown}`) : skipped(unknown)]
}

function whyUnknown(deployments: Reading<unknown>): string {
  return 'unread' in deployments
    ? `its version is unknown: ${deployments.unread}`
    : `its version is unknown: no Deployment has the label ${providerLabel}=${inClusterProvider}`
}

function versionProblems(deployment: ProgramDeployment): readonly CheckOutcome[] {
  const version = versionIn(deployment.image)
  if (version === undefined || !isBefore(version, 1, 1)) return []
  return [
    warning(
      `the in-cluster IPAM provider is ${describe(deployment)}: before 1.1.0 it needs v1beta1, which Cluster API is about to drop`,
      'upgrade the in-cluster IPAM provider to v1.1.0 or newer: clusterctl upgrade plan',
    ),
  ]
}

function effectProblems(snapshot: Snapshot, now: number): readonly CheckOutcome[] {
  const isOverdue = ({ creationTimestamp }: { readonly creationTimestamp: string }): boolean =>
    now - Date.parse(creationTimestamp) > overdueAfterMs
  const uncounted = poolsIn(snapshot).filter(
    (pool) => pool.capacity === undefined && !pool.isPaused && isOverdue(pool),
  )
  const unbound = [...snapshot.claims.values()].filter(
    (claim) => isOverdue(claim) && couldBeBound(claim, snapshot),
  )
  return [
    ...(uncounted.length === 0
      ? []
      : [fault(`nobody has counted the addresses of ${few(uncounted.map(nameOf))}`, fix)]),
    ...(unbound.length === 0
      ? []
      : [
          fault(
            `unbound for more than a minute, although their pools have free addresses: IPAddressClaim ${few(unbound.map(formatKey))}`,
            fix,
          ),
        ]),
  ]
}

/** The provider ignores a claim that is paused, or whose Cluster is paused or does not exist. */
function couldBeBound(claim: IPAddressClaim, snapshot: Snapshot): boolean {
  if (claim.addressName !== undefined || claim.isDeleting || pausedAnnotation in claim.annotations)
    return false
  const clusterName = claim.labels[clusterNameLabel]
  const cluster =
    clusterName === undefined
      ? undefined
      : snapshot.clusters.get(formatKey({ namespace: claim.namespace, name: clusterName }))
  if (clusterName !== undefined && (cluster === undefined || cluster.isPaused)) return false
  const pool = poolOf(claim, snapshot)
  return pool !== undefined && !pool.isPaused && !pool.isDeleting && (availableAddresses(pool) ?? 0) > 0
}

function poolOf(claim: IPAddressClaim, snapshot: Snapshot): IPPool | undefined {
  return poolsIn(snapshot).find((pool) => placeOf(pool) === poolPlaceOf(claim))
}
