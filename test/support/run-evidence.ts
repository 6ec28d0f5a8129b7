import { Client, Connection, type WorkflowExecutionInfo } from '@temporalio/client'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { TemporalAddress } from '../../dev/stack/connection.ts'
import { arrayOf, objectOf, stringOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { pendingActivitiesIn } from '../../src/commands/temporal/pending-activities.ts'
import type { EvidenceSource } from './evidence.ts'

/** Number of runs shown with history; the others get one line. */
const mostHistories = 4
const mostRuns = 60
/** Events shown from the beginning and the end of a history. */
const firstEvents = 15
const lastEvents = 45

/**
 * Runs for the Clusters of a namespace. Those that the wait names, or that are running, come first, with history,
 * pending work and pollers.
 */
export function runEvidence(
  temporal: Pick<TemporalAddress, 'address' | 'namespace'>,
  namespace: string,
): EvidenceSource {
  return {
    title: `runs for namespace ${namespace} in Temporal namespace ${temporal.namespace}`,
    collect: async (about) => {
      const connection = await Connection.connect({ address: temporal.address, connectTimeout: 3_000 })
      try {
        const client = new Client({ connection, namespace: temporal.namespace })
        const runs = await runsFor(client, namespace)
        const ranked = runs.toSorted((one, other) => rank(other, about) - rank(one, about))
        const lines: string[] = []
        for (const run of ranked.slice(0, mostHistories)) lines.push(await wholeRun(client, run))
        lines.push(...ranked.slice(mostHistories).map(lineOf))
        return lines.length === 0 ? 'there is none' : lines.join('\n')
      } finally {
        await connection.close()
      }
    },
  }
}

async function runsFor(client: Client, namespace: string): Promise<readonly WorkflowExecutionInfo[]> {
  const query = ['allocate-vip', 'release-vip']
    .map((kind) => `WorkflowId STARTS_WITH '${kind}/${namespace}/'`)
    .join(' OR ')
  const runs: WorkflowExecutionInfo[] = []
  for await (const run of client.workflow.list({ query })) {
    if (runs.push(run) === mostRuns) break
  }
  return runs
}

function rank({ workflowId, status }: WorkflowExecutionInfo, about: string): number {
  const [, , name = ''] = workflowId.split('/')
  return (about.includes(name) ? 2 : 0) + (status.name === 'RUNNING' ? 1 : 0)
}

function lineOf({
  workflowId,
  runId,
  status,
  taskQueue,
  startTime,
  closeTime,
}: WorkflowExecutionInfo): string {
  const times = `${startTime.toISOString()} to ${closeTime?.toISOString() ?? 'now'}`
  return `${workflowId} ${runId} ${status.name} on task queue ${taskQueue}, ${times}`
}

async function wholeRun(client: Client, run: WorkflowExecutionInfo): Promise<string> {
  const handle = client.workflow.getHandle(run.workflowId, run.runId)
  const [{ raw }, history, pollers] = await Promise.all([
    handle.describe(),
    handle.fetchHistory(),
    pollersOf(client, run.taskQueue),
  ])
  const events = arrayOf(objectOf(JSON.parse(historyToJSON(history)))['events']).map(objectOf)
  const skipped = events.length - firstEvents - lastEvents
  const shown =
    skipped <= 0
      ? events.map(eventLine)
      : [
          ...events.slice(0, firstEvents).map(eventLine),
          `  … ${skipped} events left out …`,
          ...events.slice(-lastEvents).map(eventLine),
        ]
  return [
    lineOf(run),
    `  polled by ${pollers}`,
    `  pending workflow task: ${JSON.stringify(raw.pendingWorkflowTask ?? 'none')}`,
    `  pending activities: ${JSON.stringify(pendingActivitiesIn(raw))}`,
    ...shown,
  ].join('\n')
}

async function pollersOf(client: Client, taskQueue: string): Promise<string> {
  const { pollers } = await client.workflowService.describeTaskQueue({
    namespace: client.options.namespace,
    taskQueue: { name: taskQueue },
    // TASK_QUEUE_TYPE_WORKFLOW
    taskQueueType: 1,
  })
  return (pollers ?? []).map(({ identity }) => identity).join(', ') || 'nobody'
}

/** Formats an event: number, time, type, and selected attributes. */
function eventLine(event: JsonObject): string {
  const [, attributes] = Object.entries(event).find(([key]) => key.endsWith('EventAttributes')) ?? []
  const { activityType, signalName, updateId, cause, failure, reason, scheduledEventId } =
    objectOf(attributes)
  const failed = objectOf(failure)
  const words = [
    objectOf(activityType)['name'],
    signalName,
    updateId,
    cause,
    scheduledEventId && `of ${stringOf(scheduledEventId)}`,
    failed['message'],
    objectOf(failed['cause'])['message'],
    reason,
  ]
  const type = stringOf(event['eventType']).replace('EVENT_TYPE_', '')
  return [
    '  ',
    stringOf(event['eventId']),
    stringOf(event['eventTime']),
    type,
    ...words.filter(Boolean).map(String),
  ].join(' ')
}
