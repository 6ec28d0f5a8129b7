import { Client, Connection } from '@temporalio/client'
import { once } from 'node:events'
import { startAllocator } from '../allocator.ts'
import { build } from '../build.ts'
import { interruption, print, printError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { kubernetesApi } from '../stack/kubernetes-api.ts'
import { applyManifests } from '../stack/manifests.ts'
import { ensurePrograms } from '../stack/programs.ts'
import { formatDuration } from '../stack/progress.ts'
import { startStack, type Stack } from '../stack/stack.ts'
import { watchAvailability } from './observe-availability.ts'
import { finishedRun, observeAllocation, type ObservedEvent } from './observe.ts'
import { awaitInfrastructure, describeAvailability, describeResult, readResult } from './report.ts'
import { exampleCluster, applyExamples } from './examples.ts'
import { demoInCluster } from './in-cluster/outside.ts'
import { parseOptions, usage, type DemoOptions } from './options.ts'
import { scenarios } from './scenario.ts'

const cluster = { namespace: 'clusters', name: 'demo-cluster' }

process.exitCode = await main()

/** Shows a VIP arrive on a real Cluster, or a cluster that is reached through it. Exit codes: 0 it arrived, 1 it did not, 2 wrong flags. */
async function main(): Promise<number> {
  let options: DemoOptions
  try {
    options = parseOptions(process.argv.slice(2))
  } catch (error) {
    printError(`demo: ${messageOf(error)}\n${usage}`)
    return 2
  }
  const signal = interruption()
  const printLine = options.json ? printError : print
  try {
    const { inCluster, once, json } = options
    if (inCluster !== undefined) return await demoInCluster({ ...inCluster, once, json }, printLine, signal)
    await demo(options, printLine, signal)
    return 0
  } catch (error) {
    if (!signal.aborted) printError(`demo: ${messageOf(error)}`)
    return 1
  }
}

async function demo(
  options: DemoOptions,
  printLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { tctl } = await ensurePrograms(['tctl'], printLine)
  signal.throwIfAborted()
  await build()
  const stack = await startStack({
    clusterApiCore: true,
    wholeClusters: options.until === 'available',
    progress: printLine,
  })
  try {
    await onStack(stack, tctl.path, options, printLine, signal)
  } finally {
    printLine('stopping')
    await stack.stop()
  }
}

async function onStack(
  stack: Stack,
  tctl: string,
  options: DemoOptions,
  printLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { connection } = stack
  const api = kubernetesApi(connection)
  const scenario = scenarios[options.until]
  const kubeconfigPath = await applyExamples(connection, api, scenario, printLine)
  const allocator = await startAllocator({ stack: connection, kubeconfigPath })
  const temporal = await Connection.connect({ address: connection.temporal.address })
  const onEvent = ({ atMs, what }: ObservedEvent): void =>
    printLine(`${formatDuration(atMs).padStart(8)}  ${what}`)
  const observation = { stack: connection, cluster, onEvent, signal }
  const watch = options.until === 'available' ? await watchAvailability(observation) : undefined
  try {
    printLine(`allocator: ready, process ${allocator.pid}\n`)
    signal.throwIfAborted()
    const manifests = await exampleCluster(scenario)
    const millisecondsToEndpoint = await observeAllocation({
      ...observation,
      kubeconfigPath: connection.kubeconfigPath,
      create: () => applyManifests(connection, manifests),
    })
    const availability = await watch?.untilAvailable()
    const run = await finishedRun(new Client({ connection: temporal }), cluster)
    const result = await readResult(api, cluster, { ...run, millisecondsToEndpoint })
    if (options.json) {
      print(JSON.stringify({ ...result, ...(availability && { available: true, ...availability }) }))
    } else {
      const infrastructure =
        availability === undefined
          ? await awaitInfrastructure(api, cluster, signal)
          : `${availability.infrastructure.kind} ${availability.infrastructure.name}`
      print(describeResult(result, infrastructure, connection, { tctl, allocator, scenario }))
      if (availability !== undefined) print(describeAvailability(availability, connection, cluster))
    }
    if (options.once) return
    printLine('It stays up until Ctrl-C.')
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await watch?.close()
    await temporal.close()
    await allocator.stop()
    await api.close()
  }
}
