import { Client, Connection } from '@temporalio/client'
import { mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { defaultTaskQueue } from '../../src/domain/names.ts'
import { startAllocator } from '../allocator.ts'
import { build } from '../build.ts'
import { applyExamples } from '../demo/examples.ts'
import { scenarios } from '../demo/scenario.ts'
import type { StackConnection } from '../stack/connection.ts'
import { print, printError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { kubernetesApi } from '../stack/kubernetes-api.ts'
import { startStack } from '../stack/stack.ts'
import { openBrowser } from './browser.ts'
import { drawMetrics } from './metrics.ts'
import { showDetails, showFailed, showFinished, showWaiting, startByHand } from './runs.ts'
import { createScenario, type Scenario } from './scenario.ts'
import { temporalUi, type TemporalUi } from './temporal-ui.ts'

const images = join(import.meta.dirname, '..', '..', 'docs', 'images')
/** The first address of the examples' pool. */
const firstAddress = '10.0.0.10'
/** The name of the examples' Cluster, mistyped by a user. */
const mistyped = { namespace: 'clusters', name: 'Demo_Cluster' }

try {
  await main()
} catch (error) {
  printError(`pictures: ${messageOf(error)}`)
  process.exitCode = 1
}

/** `npm run pictures`: recreates the pictures in `docs/images` from real runs on own stacks. */
async function main(): Promise<void> {
  mkdirSync(images, { recursive: true })
  await build()
  const { page, close } = await openBrowser(print)
  try {
    const stack = await startStack({ clusterApiCore: true, progress: print })
    try {
      await onStack(stack.connection, temporalUi(page, stack.connection.temporal))
    } finally {
      await stack.stop()
    }
  } finally {
    await close()
  }
  await drawMetrics(print)
}

async function onStack(connection: StackConnection, ui: TemporalUi): Promise<void> {
  const api = kubernetesApi(connection)
  const kubeconfigPath = await applyExamples(connection, api, scenarios.vip, print)
  const temporal = await Connection.connect({ address: connection.temporal.address })
  const allocator = await startAllocator({ stack: connection, kubeconfigPath })
  try {
    const scenario = await createScenario(connection, api)
    await startByHand(new Client({ connection: temporal }), defaultTaskQueue, mistyped)
    await takePictures(ui, scenario)
  } finally {
    await allocator.stop()
    await temporal.close()
    await api.close()
  }
}

async function takePictures(ui: TemporalUi, { served, waiting, ...pool }: Scenario): Promise<void> {
  await showFinished(ui, served, { ...pool, address: firstAddress })
  await keep(ui, 'finished')
  await showFailed(ui, mistyped)
  await keep(ui, 'failed')
  await showWaiting(ui, waiting, pool)
  await keep(ui, 'waiting')
  await showDetails(ui, waiting, pool)
  await keep(ui, 'details')
}

async function keep(ui: TemporalUi, name: string): Promise<void> {
  const file = `temporal-ui-${name}.png`
  await ui.picture(join(images, file))
  print(`docs/images/${file}`)
}
