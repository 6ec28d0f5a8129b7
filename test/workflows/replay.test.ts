import { describe, expect, it } from '@jest/globals'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { DeterminismViolationError } from '@temporalio/workflow'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { scenarios } from './scenarios.ts'

const folder = join(import.meta.dirname, 'histories')
const histories = globSync('*/*.json', { cwd: folder }).toSorted()

Runtime.install({
  logger: new DefaultLogger('ERROR'),
  telemetryOptions: { logging: { filter: { core: 'ERROR', other: 'ERROR' } } },
})

/** Runs the workflow code of today against what a release once did. */
function replay(text: string): Promise<void> {
  const workflowBundle = { codePath: join(import.meta.dirname, '..', '..', 'dist', 'workflow-bundle.js') }
  return Worker.runReplayHistory({ workflowBundle }, JSON.parse(text))
}

describe('a run that an earlier version began', () => {
  it.each(histories.map((file) => [file]))('is continued the same way: %s', async (file) => {
    await expect(replay(readFileSync(join(folder, file), 'utf8'))).resolves.toBeUndefined()
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
