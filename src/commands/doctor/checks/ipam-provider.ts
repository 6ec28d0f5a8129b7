import { poolsIn, type Snapshot } from '../../../domain/allocation/snapshot.ts'
import { poolPlaceOf, type IPAddressClaim } from '../../../domain/model/claim.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { availableAddresses, placeOf } from '../../../domain/model/pool.ts'
import { clusterNameLabel, pausedAnnotation } from '../../../domain/names.ts'
import { counted, few } from '../../../domain/quote.ts'
import { fault, ok, skipped, type CheckOutcome, type Reading } from './check-result.ts'
import { nameOf } from './pools.ts'
import { deploymentProblems, describe, inClusterProvider, type ProgramDeployment } from './providers.ts'

/** Milliseconds after which the provider should have bound a claim, or counted a pool. */
const overdueAfterMs = 60_000

const fix =
  'see whether the in-cluster IPAM provider runs, and what its log says: kubectl --namespace capi-ipam-in-cluster-system get pods'

/** Checks the IPAM provider by its Deployment, if there is one, and by its effect: counted pools and bound claims. */
export function checkIpamProvider(
  deployments: Reading<readonly ProgramDeployment[]>,
  snapshot: Reading<Snapshot>,
  now: number,
): readonly CheckOutcome[] {
  const found = 'read' in deployments ? deployments.read : []
  const problems = [
    ...found.flatMap((deployment) => deploymentProblems(inClusterProvider, deployment)),
    ...('read' in snapshot ? effectProblems(snapshot.read, now) : []),
  ]
  if (problems.length > 0) return problems
  const pools = 'read' in snapshot ? poolsIn(snapshot.read) : []
  const countedPools = pools.filter(({ capacity }) => capacity !== undefined).length
  const effect =
    countedPools === 0
      ? ''
      : `: ${counted(countedPools, 'pool')} with counted addresses, and no claim is overdue`
  if (found.length > 0) return [ok(`${found.map(describe).join(', ')} is available${effect}`)]
  const why =
    'unread' in deployments ? deployments.unread : `no Deployment has the label ${inClusterProvider.label}`
  const unknown = `its version is unknown: ${why}`
  return [countedPools > 0 ? ok(`its effect can be seen${effect}; ${unknown}`) : skipped(unknown)]
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
    ...providerFault(uncounted.map(nameOf), 'nobody has counted the addresses of'),
    ...providerFault(
      unbound.map(formatKey),
      'unbound for more than a minute, although their pools have free addresses: IPAddressClaim',
    ),
  ]
}

function providerFault(objects: readonly string[], found: string): readonly CheckOutcome[] {
  return objects.length === 0 ? [] : [fault(`${found} ${few(objects)}`, fix)]
}

/** The provider ignores a claim that is paused, or whose Cluster is paused or does not exist. */
function couldBeBound(claim: IPAddressClaim, snapshot: Snapshot): boolean {
  if (claim.addressName !== undefined || claim.isDeleting) return false
  if (pausedAnnotation in claim.annotations) return false
  const name = claim.labels[clusterNameLabel]
  if (name !== undefined) {
    const cluster = snapshot.clusters.get(formatKey({ namespace: claim.namespace, name }))
    if (cluster === undefined || cluster.isPaused) return false
  }
  const pool = poolsIn(snapshot).find((each) => placeOf(each) === poolPlaceOf(claim))
  return pool !== undefined && !pool.isPaused && !pool.isDeleting && (availableAddresses(pool) ?? 0) > 0
}
