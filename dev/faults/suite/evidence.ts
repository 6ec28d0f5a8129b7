import type { Client } from '@temporalio/client'
import {
  appendFileSync,
  copyFileSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { messageOf } from '../../stack/errors.ts'
import { textOfRun } from '../../../test/e2e/history-text.ts'
import { clusterFacts } from '../invariants/facts.ts'
import type { Recorder } from '../recorder.ts'
import type { Stage } from './stage.ts'

/** A directory with all that is to be known about a run in which something was violated. */
export interface Evidence {
  readonly directory: string
  /** Adds a line, with its time, to `journal.txt`. */
  readonly note: (line: string) => void
  /** Keeps the objects as they were seen in a round, and the histories of their runs. */
  readonly keepRound: (round: number, recorder: Recorder, stage: Stage) => Promise<void>
  /** Keeps the logs of all programs as they are now. */
  readonly keepLogs: (stage: Stage) => void
  readonly remove: () => void
}

export function openEvidence(seed: number): Evidence {
  const directory = mkdtempSync(join(tmpdir(), `capi-vip-allocator-faults-${seed}-`))
  return {
    directory,
    note: (line) => appendFileSync(join(directory, 'journal.txt'), `${new Date().toISOString()} ${line}\n`),
    keepRound: async (round, recorder, stage) => {
      const to = join(directory, `round-${round}`)
      mkdirSync(to, { recursive: true })
      const sightings = recorder.sightings()
      const lines = sightings.map((sighting) =>
        JSON.stringify(sighting, (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      )
      writeFileSync(join(to, 'sightings.jsonl'), lines.join('\n'))
      const clusters = sightings
        .filter(({ kind }) => kind === 'Cluster')
        .map(({ object }) => clusterFacts(object))
      writeFileSync(join(to, 'runs.txt'), await textOfRuns(stage).catch(messageOf))
      for (const key of new Set(clusters.map(({ key }) => key))) {
        const run = await textOfRun(stage.temporal.client, `allocate-vip/${key}`).catch(messageOf)
        writeFileSync(join(to, `run-${key.replace('/', '-')}.jsonl`), run)
      }
    },
    keepLogs: ({ stack }) => {
      const from = stack.connection.runDirectory
      for (const file of readdirSync(from).filter((file) => file.endsWith('.log'))) {
        copyFileSync(join(from, file), join(directory, file))
      }
    },
    remove: () => rmSync(directory, { recursive: true, force: true }),
  }
}

/** All runs that Temporal knows, the oldest first, each with its task queue; of one that goes on, with what is pending. */
async function textOfRuns({ temporal: { client } }: Stage): Promise<string> {
  const lines: string[] = []
  for await (const {
    workflowId,
    runId,
    type,
    status,
    taskQueue,
    startTime,
    closeTime,
  } of client.workflow.list()) {
    const [from, to] = [startTime.toISOString(), closeTime?.toISOString() ?? '']
    const pending =
      status.name === 'RUNNING' ? await pendingIn(client, workflowId, runId).catch(messageOf) : ''
    lines.push([from, to, status.name, type, taskQueue, workflowId, runId, pending].join('\t'))
  }
  return lines.toReversed().join('\n')
}

async function pendingIn(client: Client, workflowId: string, runId: string): Promise<string> {
  const { raw } = await client.workflow.getHandle(workflowId, runId).describe()
  return JSON.stringify({ workflowTask: raw.pendingWorkflowTask, activities: raw.pendingActivities })
}
