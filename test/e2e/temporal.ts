import { Client, Connection, WorkflowNotFoundError } from '@temporalio/client'
import type { StackConnection } from '../../dev/stack/connection.ts'
import type { ClusterIdentity } from '../../src/domain/model/claim.ts'
import type { NamespacedName } from '../../src/domain/model/object-meta.ts'
import {
  releaseWorkflowIdFor,
  retryNowUpdate,
  workflowIdFor,
  type ReleaseVipResult,
} from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'

/** An activity that has failed and will be retried, as the Temporal UI shows it under Pending Activities. */
export interface PendingActivity {
  readonly activity: string
  /** The failure type; empty if Temporal has replaced the failure because it was too large. */
  readonly reason: string
  readonly message: string
  readonly details: readonly unknown[]
  /** Size of the whole failure. */
  readonly bytes: number
  /** The next attempt, or the current one. */
  readonly attempt: number
  /** The delay that the last failure asked for; undefined during an attempt. */
  readonly retryInSeconds: number | undefined
}

/** A Cluster stands for its allocation run, a text is the id of another workflow. */
type RunReference = NamespacedName | string

/** What a user sees of runs in Temporal, and can do to them. */
export interface TemporalView {
  readonly client: Client
  pendingActivities(run: RunReference): Promise<readonly PendingActivity[]>
  /** Polls until a pending activity matches all fields given; `words` occur in its message. */
  untilPending(
    run: RunReference,
    wanted?: { readonly activity?: string; readonly reason?: string; readonly words?: string },
  ): Promise<PendingActivity>
  /** Makes the run retry at once; does nothing if it has ended. */
  retryNow(cluster: NamespacedName): Promise<void>
  /** Waits for the end of the run. Resolves with its outcome for the control plane. */
  outcomeOf(cluster: NamespacedName): Promise<{ readonly outcome: string; readonly reason: string }>
  /** Waits for the start and the end of the release run. Resolves with its result. */
  releaseOf(cluster: ClusterIdentity): Promise<ReleaseVipResult>
  /** Whether there is a release run, running or closed. */
  hasRelease(cluster: ClusterIdentity): Promise<boolean>
  close(): Promise<void>
}

export async function viewTemporal(stack: StackConnection): Promise<TemporalView> {
  const connection = await Connection.connect({ address: stack.temporal.address })
  const client = new Client({ connection })
  const handleOf = (run: RunReference) => client.workflow.getHandle(workflowIdOf(run))
  const pendingActivities: TemporalView['pendingActivities'] = async (run) => {
    const { raw } = await handleOf(run).describe()
    return (raw.pendingActivities ?? []).flatMap(({ activityType, lastFailure, attempt, ...timing }) => {
      if (!lastFailure) return []
      const { type, details } = lastFailure.applicationFailureInfo ?? {}
      return [
        {
          activity: activityType?.name ?? '',
          reason: type ?? '',
          message: lastFailure.message ?? '',
          details: (details?.payloads ?? []).map(decoded),
          bytes: JSON.stringify(lastFailure).length,
          attempt: attempt ?? 0,
          retryInSeconds: timing.currentRetryInterval?.seconds?.toNumber(),
        },
      ]
    })
  }
  return {
    client,
    pendingActivities,
    untilPending: (run, { activity, reason, words = '' } = {}) => {
      const what = `${workflowIdOf(run)} to wait in ${activity ?? 'any activity'} for ${reason ?? 'any reason'}`
      return eventually(what, async () =>
        (await pendingActivities(run)).find(
          (each) =>
            each.activity === (activity ?? each.activity) &&
            each.reason === (reason ?? each.reason) &&
            each.message.includes(words),
        ),
      )
    },
    retryNow: async (cluster) => {
      try {
        await handleOf(cluster).executeUpdate(retryNowUpdate)
      } catch (error) {
        if (!(error instanceof WorkflowNotFoundError)) throw error
      }
    },
    outcomeOf: async (cluster) => {
      const result = (await handleOf(cluster).result()) as {
        roles: { 'control-plane': { outcome: string; reason: string } }
      }
      const { outcome, reason } = result.roles['control-plane']
      return { outcome, reason }
    },
    releaseOf: async (cluster) => {
      const handle = handleOf(releaseWorkflowIdFor(cluster))
      await eventually(`the release of ${cluster.name}`, () => handle.describe())
      return (await handle.result()) as ReleaseVipResult
    },
    hasRelease: async (cluster) => {
      try {
        await handleOf(releaseWorkflowIdFor(cluster)).describe()
        return true
      } catch (error) {
        if (error instanceof WorkflowNotFoundError) return false
        throw error
      }
    },
    close: () => connection.close(),
  }
}

/** Our failures carry JSON. */
function decoded({ data }: { readonly data?: Uint8Array | null }): unknown {
  return data?.length ? JSON.parse(Buffer.from(data).toString()) : undefined
}

function workflowIdOf(run: RunReference): string {
  return typeof run === 'string' ? run : workflowIdFor(run)
}
