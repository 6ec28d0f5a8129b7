import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { Client } from '@temporalio/client'
import { bundleWorkflowCode, NativeConnection, Runtime, Worker } from '@temporalio/worker'
import { inParallel } from '../../../src/domain/in-parallel.ts'
import { workflowTasksAtOnce } from '../../../src/domain/timings.ts'
import { forgetUsage, readCpu } from '../cpu.ts'
import type { EmptyRunReport } from './report.ts'
import type { emptyRun } from './workflow.ts'

/**
 * The smallest program that is as durable as the fast path: it starts runs with one local activity that does nothing, on the
 * Worker's own connection. It depends on Temporal's SDK alone, so its figures can be reported there.
 *
 * Arguments: `--address`, `--namespace`, `--temporal-pid`, `--count` at once, `--rounds`. It prints one line of JSON: an
 * `EmptyRunReport`.
 */
const { address, namespace, ...numbers } = parseArgs({
  options: {
    address: { type: 'string', default: '' },
    namespace: { type: 'string', default: '' },
    'temporal-pid': { type: 'string', default: '' },
    count: { type: 'string', default: '' },
    rounds: { type: 'string', default: '' },
  },
}).values
const count = Number(numbers.count)
const rounds = Number(numbers.rounds)
const temporal = new Map([['temporal', Number(numbers['temporal-pid'])]])

/** As the watcher of the allocator. */
const requestsAtOnce = 30
const taskQueue = `empty-run-${process.pid}`
const begun = new Map<string, number>()

Runtime.install({ logger: { log() {}, trace() {}, debug() {}, info() {}, warn() {}, error() {} } })
const connection = await NativeConnection.connect({ address })
const client = new Client({ connection, namespace })
const worker = await Worker.create({
  connection,
  namespace,
  taskQueue,
  workflowBundle: await bundleWorkflowCode({
    workflowsPath: join(import.meta.dirname, 'workflow.ts'),
    preloadModules: [join(import.meta.dirname, 'workflow.ts')],
  }),
  activities: {
    nothing: (id: string) => void begun.set(id, performance.now()),
  },
  maxConcurrentWorkflowTaskExecutions: workflowTasksAtOnce,
})

async function run(id: string): Promise<number> {
  const started = performance.now()
  const handle = await client.workflow.start<typeof emptyRun>('emptyRun', {
    taskQueue,
    workflowId: `${taskQueue}-${id}`,
    args: [id],
    requestEagerStart: true,
  })
  await handle.result()
  return (begun.get(id) ?? Number.NaN) - started
}

async function atOnce(round: number): Promise<{ readonly cpu: number; readonly temporalCpu: number }> {
  const ids = Array.from({ length: count }, (_, index) => `${round}-${index}`)
  const [before, temporalBefore] = [process.cpuUsage(), await readCpu(temporal)]
  await inParallel(requestsAtOnce, ids, run)
  const { user, system } = process.cpuUsage(before)
  const temporalAfter = await readCpu(temporal)
  const spent = (temporalAfter['temporal'] ?? Number.NaN) - (temporalBefore['temporal'] ?? Number.NaN)
  return { cpu: (user + system) / 1000 / count, temporalCpu: spent / count }
}

await worker.runUntil(async () => {
  const inBursts = []
  // The first one warms up.
  for (let round = 0; round <= rounds; round += 1) inBursts.push(await atOnce(round))
  const untilActivity = []
  for (let index = 0; index < count; index += 1) untilActivity.push(await run(`alone-${index}`))
  const warm = inBursts.slice(1)
  const report: EmptyRunReport = {
    untilActivity,
    cpu: warm.map(({ cpu }) => cpu),
    temporalCpu: warm.map(({ temporalCpu }) => temporalCpu),
  }
  process.stdout.write(`${JSON.stringify(report)}\n`)
})
await connection.close()
forgetUsage()
