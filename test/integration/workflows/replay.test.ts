import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client } from '@temporalio/client'
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { randomUUID } from 'node:crypto'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { realParts } from '../../support/real-parts.ts'
import { noSpans, runScenario, workflowBundles } from './run-scenario.ts'
import { scenarios } from './scenarios.ts'

const folder = join(import.meta.dirname, 'histories')
const histories = globSync('*/*.json', { cwd: folder }).toSorted()

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
})

/** Runs the workflow code of today against what a release once did. */
function replay(text: string, workflowBundle: { codePath: string } = workflowBundles.plain): Promise<void> {
  return Worker.runReplayHistory({ workflowBundle, sinks: noSpans }, JSON.parse(text))
}

describe('a run that an earlier version began', () => {
  it.each(histories.map((file) => [file]))('is continued the same way: %s', async (file) => {
    await expect(replay(readFileSync(join(folder, file), 'utf8'))).resolves.toBeUndefined()
  })

  it.each(histories.map((file) => [file]))('is continued with traces the same way: %s', async (file) => {
    const text = readFileSync(join(folder, file), 'utf8')
    await expect(replay(text, workflowBundles.traced)).resolves.toBeUndefined()
  })

  it('is kept for each scenario', () => {
    const kept = new Set(histories.map((file) => file.replace(/^.*\/(.*)\.json$/, '$1')))
    expect(kept).toEqual(new Set(Object.keys(scenarios())))
  })

  it.each([
    ['another step', 'ensureIPAddressClaim', 'somethingElse'],
    ['the steps in another order', 'awaitIPAddress', 'assignVip'],
  ])('is found to break where it took %s', async (_, activity, other) => {
    const [file = ''] = histories.filter((name) => name.endsWith('/allocated.json'))
    const text = readFileSync(join(folder, file), 'utf8').replaceAll(`"${activity}"`, `"${other}"`)
    await expect(replay(text)).rejects.toThrow(DeterminismViolationError)
  })
})

describe('a run that was begun with traces', () => {
  let connection: NativeConnection
  let client: Client

  beforeAll(async () => {
    const { address } = realParts().stack.temporal
    connection = await NativeConnection.connect({ address })
    client = new Client({ connection })
  })

  afterAll(() => connection.close())

  it.each(Object.keys(scenarios()).map((name) => [name]))(
    'is continued the same way with and without: %s',
    async (name) => {
      const traced = { client, connection, workflowBundle: workflowBundles.traced, id: randomUUID() }
      const text = await runScenario(name, traced)
      // Every step, where there is any, was told of its trace.
      expect(text.includes('_tracer-data')).toBe(text.includes('activityTaskScheduledEventAttributes'))
      await expect(replay(text, workflowBundles.traced)).resolves.toBeUndefined()
      await expect(replay(text)).resolves.toBeUndefined()
    },
  )
})
