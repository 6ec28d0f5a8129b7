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
import type { Harness } from './harness.ts'

/** A directory for the analysis of a run with violations. */
export interface Evidence {
  readonly directory: string
  /** Adds a line, with its time, to `journal.txt`. */
  readonly note: (line: string) => void
  /** Writes all versions of objects in a round, and the histories of their runs. */
  readonly keepRound: (round: number, recorder: Recorder, harness: Harness) => Promise<void>
  /** Copies the logs of all programs so far. */
  readonly keepLogs: (harness: Harness) => void
  readonly remove: () => void
}

export function openEvidence(seed: number): Evidence {
  const directory = mkdtempSync(join(tmpdir(), `capi-vip-allocator-faults-${seed}-`))
  return {
    directory,
    note: (line) => appendFileSync(join(directory, 'journal.txt'), `${new Date().toISOString()} ${line}\n`),
    keepRound: async (round, recorder, harness) => {
      const to = join(directory, `round-${round}`)
      mkdirSync(to, { recursive: true })
      const versions = recorder.versions()
      const lines = versions.map((version) =>
        JSON.stringify(version, (_key, value: unknown) =>
          typeof value === 'bigint' ? String(value) : value,
        ),
      )
      writeFileSync(join(to, 'versions.jsonl'), lines.join('\n'))
      const clusters = versions
        .filter(({ kind }) => kind === 'Cluster')
        .map(({ object }) => clusterFacts(object))
      writeFileSync(join(to, 'runs.txt'), await textOfRuns(harness).catch(messageOf))
      for (const key of new Set(clusters.map(({ key }) => key))) {
        const run = await textOfRun(harness.temporal.client, `allocate-vip/${key}`).catch(messageOf)
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

/** All runs, oldest first, each with its task queue and, if it is running, its pending work. */
async function textOfRuns({ temporal: { client } }: Harness): Promise<string> {
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
