import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { Client } from '@temporalio/client'
import { Worker, type NativeConnection } from '@temporalio/worker'
import { join } from 'node:path'
import { allocateVipType } from '../../../src/workflows/contract.ts'
import { input, onDurablePath, onFastPath, scenario } from './scenarios.ts'

const dist = join(import.meta.dirname, '..', '..', '..', 'dist')

/** The built workflow bundles, without and with the interceptors for traces. */
export const workflowBundles = {
  plain: { codePath: join(dist, 'workflow-bundle.js') },
  traced: { codePath: join(dist, 'workflow-bundle-traced.js') },
} as const

/** Drops the spans of a traced bundle. */
export const noSpans = { exporter: { export: { fn: () => undefined } } }

export interface ScenarioRun {
  readonly client: Client
  readonly connection: NativeConnection
  readonly workflowBundle: { readonly codePath: string }
  /** Workflow id and task queue. */
  readonly id: string
}

/** Runs a scenario on a real server. Resolves with the history of its first run, as JSON. */
export async function runScenario(name: string, run: ScenarioRun): Promise<string> {
  const { client, connection, workflowBundle, id } = run
  const { type = allocateVipType, activities, isFastPath, args = [input], drive } = scenario(name)
  const worker = await Worker.create({
    connection,
    identity: 'recorder',
    taskQueue: id,
    workflowBundle,
    activities: isFastPath === true ? onFastPath(activities) : onDurablePath(activities),
    sinks: noSpans,
  })
  return worker.runUntil(async () => {
    const handle = await client.workflow.start(type, {
      workflowId: id,
      taskQueue: id,
      args: [...args],
    })
    await drive?.(handle)
    await handle.result().catch(() => undefined)
    const first = client.workflow.getHandle(id, handle.firstExecutionRunId)
    return historyToJSON(await first.fetchHistory())
  })
}
