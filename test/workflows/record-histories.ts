import { Client } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime, Worker } from '@temporalio/worker'
import { historyToJSON } from '@temporalio/common/lib/proto-utils.js'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from '../../dev/build.ts'
import { ensurePrograms } from '../../dev/stack/programs.ts'
import { allocateVipType } from '../../src/workflows/contract.ts'
import { input, scenarios, smooth } from './scenarios.ts'

/**
 * Records the history of each scenario on a real Temporal server into `histories/<release>/`, for the replay tests:
 * once for every release, so that its running workflows are known to survive the next. A history that is there is kept.
 */
const [release] = process.argv.slice(2)
if (release === undefined || !/^\d+\.\d+\.\d+$/.test(release)) {
  process.stderr.write(
    `the release is ${JSON.stringify(release)}, expected x.y.z: npm run record-histories -- x.y.z\n`,
  )
  process.exit(2)
}

const tell = (line: string): void => void process.stderr.write(`${line}\n`)
const { temporal } = await ensurePrograms(['temporal'], tell)
await build()
Runtime.install({ logger: new DefaultLogger('ERROR') })
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'existing-path', path: temporal.path } },
})
const client = new Client({ connection: environment.connection, identity: 'recorder' })
const folder = join(import.meta.dirname, 'histories', release)
await mkdir(folder, { recursive: true })
for (const [name, { type = allocateVipType, activities, args = [input], drive }] of Object.entries(
  scenarios(),
)) {
  if (existsSync(join(folder, `${name}.json`))) {
    tell(`${name}: is kept`)
    continue
  }
  const worker = await Worker.create({
    connection: environment.nativeConnection,
    identity: 'recorder',
    taskQueue: name,
    workflowBundle: { codePath: join(import.meta.dirname, '..', '..', 'dist', 'workflow-bundle.js') },
    activities: { ...smooth, ...activities },
  })
  await worker.runUntil(async () => {
    const handle = await client.workflow.start(type, {
      workflowId: name,
      taskQueue: name,
      args: [...args],
    })
    await drive?.(handle)
    await handle.result().catch(() => undefined)
    const first = client.workflow.getHandle(name, handle.firstExecutionRunId)
    const text = historyToJSON(await first.fetchHistory())
    // Stack traces hold the paths of whoever records, and replay does not look at them.
    await writeFile(
      join(folder, `${name}.json`),
      `${text.replaceAll(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""')}\n`,
    )
    tell(`${name}: recorded`)
  })
}
await environment.teardown()
