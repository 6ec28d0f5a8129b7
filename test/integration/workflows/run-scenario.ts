import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import type { Client } from '@temporalio/client'
import { Worker, type NativeConnection } from '@temporalio/worker'
import { join } from 'node:path'
import { allocateVipType } from '../../../src/workflows/contract.ts'
import { input, patiently, quickly, scenario } from './scenarios.ts'

const dist = join(import.meta.dirname, '..', '..', '..', 'dist')

/** The workflow code as it is built: as it is, and with the interceptors that make spans. */
export const workflowBundles = {
  plain: { codePath: join(dist, 'workflow-bundle.js') },
  traced: { codePath: join(dist, 'workflow-bundle-traced.js') },
} as const

/** Takes the spans of a traced bundle, and drops them. */
export const noSpans = { exporter: { export: { fn: () => undefined } } }

export interface ScenarioRun {
  readonly client: Client
  readonly connection: NativeConnection
  readonly workflowBundle: { readonly codePath: string }
  /** Of workflow and task queue. */
  readonly id: string
}

/** Runs a scenario on a real server, and resolves with the history of its first run, as JSON. */
export async function runScenario(name: string, run: ScenarioRun): Promise<string> {
  const { client, connection, workflowBundle, id } = run
  const { type = allocateVipType, activities, isAtOnce, args = [input], drive } = scenario(name)
  const worker = await Worker.create({
    connection,
    identity: 'recorder',
    taskQueue: id,
    workflowBundle,
    activities: isAtOnce === true ? quickly(activities) : patiently(activities),
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
