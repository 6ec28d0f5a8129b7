import { join } from 'node:path'

import { Connection } from '@temporalio/client'

import type { TemporalAddress } from './connection.ts'
import type { PartDefinition } from './part.ts'
import { loopback } from './ports.ts'
import { answersOk } from './readiness.ts'

/** The namespace that the development server creates. */
export const temporalNamespace = 'default'

/** Flags that make the CLI ignore the user's profiles and variables, which are for other servers. */
export const withoutUserSettings = ['--disable-config-file', '--disable-config-env'] as const

/** URL of the latest run of a workflow id in the UI. */
export function workflowUrl(temporal: TemporalAddress, workflowId: string): string {
  return `${workflowsUrl(temporal)}/${encodeURIComponent(workflowId)}`
}

/** URL of the runs that a list filter selects in the UI. */
export function workflowListUrl(temporal: TemporalAddress, filter: string): string {
  return `${workflowsUrl(temporal)}?query=${encodeURIComponent(filter)}`
}

function workflowsUrl({ uiUrl, namespace }: TemporalAddress): string {
  if (uiUrl === undefined) throw new Error('this stack runs a Temporal server that has no UI')
  return `${uiUrl}/namespaces/${namespace}/workflows`
}

/** The Temporal development server with its UI. */
export function temporalPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly port: number
  readonly uiPort: number
  /** Serves on all addresses, for Pods. On one other address than loopback, it would not find its own services. */
  readonly everywhere: boolean
  /** Keeps the server's default of `history.transferProcessorMaxPollRPS`. */
  readonly defaultPolling: boolean
}): PartDefinition {
  const address = `${loopback}:${options.port}`
  const dataPath = join(options.runDirectory, 'temporal')
  return {
    name: 'temporal',
    command: options.program,
    args: [
      'server',
      'start-dev',
      `--ip=${options.everywhere ? '0.0.0.0' : loopback}`,
      `--port=${options.port}`,
      `--ui-port=${options.uiPort}`,
      '--ui-disable-news-fetch',
      `--db-filename=${join(dataPath, 'temporal.db')}`,
      // As fast as the default, a database in memory, but persistent across a kill.
      '--sqlite-pragma=journal_mode=wal',
      '--sqlite-pragma=synchronous=0',
      // The default dispatches tasks on a grid of 50 ms per history shard, which delays four sequential steps
      // noticeably.
      ...(options.defaultPolling ? [] : ['--dynamic-config-value=history.transferProcessorMaxPollRPS=2000']),
      ...withoutUserSettings,
      '--log-level=warn',
    ],
    logPath: join(options.runDirectory, 'temporal.log'),
    dataPath,
    // Waits for the UI first: a refused gRPC connection retries only after a second.
    isReady: async () =>
      (await answersOk(`http://127.0.0.1:${options.uiPort}/`)) && (await servesNamespace(address)),
    readyWithinMs: 60_000,
  }
}

/** Whether a Temporal frontend responds: connecting already sends a request. */
export async function answers(address: string): Promise<boolean> {
  return await asked(address, async () => {})
}

async function servesNamespace(address: string): Promise<boolean> {
  return await asked(address, ({ workflowService }) =>
    workflowService.describeNamespace({ namespace: temporalNamespace }),
  )
}

async function asked(address: string, ask: (connection: Connection) => Promise<unknown>): Promise<boolean> {
  const connection = await Connection.connect({ address, connectTimeout: 1000 })
  try {
    await ask(connection)
    return true
  } finally {
    await connection.close()
  }
}
