import { Client } from '@temporalio/client'
import { TestWorkflowEnvironment } from '@temporalio/testing'
import { DefaultLogger, Runtime } from '@temporalio/worker'
import { existsSync } from 'node:fs'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { build } from '../../../dev/build.ts'
import { printError } from '../../../dev/command.ts'
import { ensurePrograms } from '../../../dev/stack/programs.ts'
import { runScenario, workflowBundles } from './run-scenario.ts'
import { scenarios } from './scenarios.ts'

/**
 * Records the history of each scenario on a real Temporal server into `histories/<release>/`, for the replay tests:
 * once for each release, to check that later releases can continue its runs. Existing histories are kept.
 */
const [release] = process.argv.slice(2)
if (release === undefined || !/^\d+\.\d+\.\d+$/.test(release)) {
  process.stderr.write(
    `the release is ${JSON.stringify(release)}, expected x.y.z: npm run record-histories -- x.y.z\n`,
  )
  process.exit(2)
}

const { temporal } = await ensurePrograms(['temporal'], printError)
await build()
Runtime.install({ logger: new DefaultLogger('ERROR') })
const environment = await TestWorkflowEnvironment.createLocal({
  server: { executable: { type: 'existing-path', path: temporal.path } },
})
const client = new Client({ connection: environment.connection, identity: 'recorder' })
const folder = join(import.meta.dirname, 'histories', release)
await mkdir(folder, { recursive: true })
for (const name of Object.keys(scenarios())) {
  if (existsSync(join(folder, `${name}.json`))) {
    printError(`${name}: is kept`)
    continue
  }
  const text = await runScenario(name, {
    client,
    connection: environment.nativeConnection,
    workflowBundle: workflowBundles.plain,
    id: name,
  })
  // Stack traces contain local paths, and replay ignores them.
  await writeFile(
    join(folder, `${name}.json`),
    `${text.replaceAll(/"stackTrace": "(?:[^"\\]|\\.)*"/g, '"stackTrace": ""')}\n`,
  )
  printError(`${name}: recorded`)
}
await environment.teardown()
