import { isObject, objectOf, stringOf } from '../../../src/domain/model/decode.ts'
import { isSameAddress } from './address.ts'
import { isHostOurs, writersOfVip, type ClusterFacts } from './facts.ts'
import { controlPlane, reasonWords, serverFailures } from './names.ts'
import { isExcused, type Observations, type PendingActivity, type Run } from './observations.ts'
import { isWanted } from './unserved-clusters.ts'
import type { Violation } from './violation.ts'
import type { SnapshotFacts } from './snapshot-facts.ts'

/**
 * I8: the latest run of its workflow id explains the state of every Cluster.
 *
 * A completed run has a result for this Cluster (by uid), with a listed reason and a message for each role; with
 * `Allocated`, the address is that of the Cluster. A running run waits in a step that failed with a listed reason, or
 * because of the API server, and has a message; it may be between two steps, but not at quiet. It may be on a task
 * queue that is not polled only if the Cluster waits for nothing.
 *
 * There must be a run if we gave the Cluster its host, unless Temporal lost its data since then. At quiet, if the
 * Cluster waits for a VIP, there must be a running one.
 */
export function unreadableReasons(facts: SnapshotFacts, observations: Observations): readonly Violation[] {
  return facts.clusters
    .filter((cluster) => !cluster.isDeleting && !isExcused(observations, 'I8', cluster))
    .flatMap((cluster) => {
      const fault = faultOf(cluster, facts.runs.get(cluster.key), observations)
      if (fault === undefined) return []
      const message = `Cluster ${cluster.key} (uid ${cluster.uid}, host ${cluster.host || 'none'}): run allocate-vip/${cluster.key} ${fault}`
      return [{ invariant: 'I8', message }]
    })
}

function faultOf(
  cluster: ClusterFacts,
  run: Run | undefined,
  observations: Observations,
): string | undefined {
  const isQuiet = observations.isQuiet === true
  const waits = isQuiet && !cluster.isPaused && isWanted(cluster, controlPlane)
  const isDue = waits || isServedByUs(cluster, observations.temporalSince)
  if (run === undefined) return isDue ? 'does not exist' : undefined
  if (run.status === 'RUNNING') {
    const isStray = run.taskQueue !== (observations.taskQueue ?? run.taskQueue)
    if (!isStray) return faultOfRunning(run, isQuiet)
    return waits ? `is on task queue ${run.taskQueue}, which is not polled` : undefined
  }
  if (run.status !== 'COMPLETED') return `is ${run.status}`
  if (!isAbout(run, cluster)) return isDue ? 'is about another Cluster of this name' : undefined
  if (waits) return `is over, while the Cluster waits: ${JSON.stringify(run.result)}`
  return faultOfResult(run.result, cluster)
}

function isServedByUs(cluster: ClusterFacts, since: number | undefined): boolean {
  if (!isHostOurs(cluster)) return false
  const times = writersOfVip(cluster, controlPlane).map(({ time }) => Date.parse(time))
  return since === undefined || times.some((time) => time >= since)
}

function isAbout({ result }: Run, { uid }: ClusterFacts): boolean {
  return stringOf(objectOf(objectOf(result)['cluster'])['uid']) === uid
}

function faultOfRunning({ isDeciding, pendingActivities }: Run, isQuiet: boolean): string | undefined {
  for (const pending of pendingActivities) {
    const fault = faultOfPending(pending, isQuiet)
    if (fault !== undefined) return fault
  }
  const isBetween = isDeciding || pendingActivities.length === 0
  return isQuiet && isBetween ? 'is between two steps' : undefined
}

function faultOfPending(
  { type, failureType, failureMessage }: PendingActivity,
  isQuiet: boolean,
): string | undefined {
  if (failureType === '' && failureMessage === '') {
    return isQuiet ? `is in ${type}, which has not said anything yet` : undefined
  }
  if (![...reasonWords, ...serverFailures].includes(failureType)) {
    return `waits in ${type} for ${failureType || 'no reason'}, which is none of the list: ${failureMessage}`
  }
  return failureMessage === '' ? `waits in ${type} for ${failureType} without a word` : undefined
}

function faultOfResult(result: unknown, cluster: ClusterFacts): string | undefined {
  const entries = Object.entries(objectOf(objectOf(result)['roles']))
  if (entries.length === 0) return `ended without a word: ${JSON.stringify(result)}`
  for (const [role, outcome] of entries) {
    const { reason, message, address } = objectOf(outcome)
    if (!isObject(outcome) || !reasonWords.includes(stringOf(reason))) {
      return `ended for ${role} with the reason ${JSON.stringify(reason)}, which is none of the list`
    }
    if (stringOf(message) === '') return `ended for ${role} with ${stringOf(reason)} without a word`
    if (
      role === 'control-plane' &&
      reason === 'Allocated' &&
      isHostOurs(cluster) &&
      !isSameAddress(stringOf(address), cluster.host)
    ) {
      return `says that ${stringOf(address)} was allocated`
    }
  }
  return undefined
}
