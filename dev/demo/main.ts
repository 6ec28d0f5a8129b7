import { Client, Connection } from '@temporalio/client'
import { once } from 'node:events'
import { parseArgs } from 'node:util'
import { startAllocator } from '../allocator.ts'
import { build } from '../build.ts'
import { interruption, print, printError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { kubernetesApi } from '../stack/kubernetes-api.ts'
import { applyManifests } from '../stack/manifests.ts'
import { ensurePrograms } from '../stack/programs.ts'
import { formatDuration } from '../stack/progress.ts'
import { startStack, type Stack } from '../stack/stack.ts'
import { finishedRun, observeAllocation } from './observe.ts'
import { awaitInfrastructure, describeResult, readResult } from './report.ts'
import { example, applyExamples } from './examples.ts'

const cluster = { namespace: 'clusters', name: 'demo-cluster' }

const usage = `usage: npm run demo -- [--once] [--output text|json]
  --once          end by itself once the VIP has arrived
  --output json   print one JSON object at the end, and everything else on standard error`

interface Options {
  readonly once: boolean
  readonly json: boolean
}

process.exitCode = await main()

/** Shows a VIP arrive on a real Cluster. Exit codes: 0 it arrived, 1 it did not, 2 wrong flags. */
async function main(): Promise<number> {
  const options = parseOptions()
  if (options === undefined) return 2
  const signal = interruption()
  const printLine = options.json ? printError : print
  try {
    await demo(options, printLine, signal)
    return 0
  } catch (error) {
    if (!signal.aborted) printError(`demo: ${messageOf(error)}`)
    return 1
  }
}

async function demo(options: Options, printLine: (line: string) => void, signal: AbortSignal): Promise<void> {
  const { tctl } = await ensurePrograms(['tctl'], printLine)
  signal.throwIfAborted()
  await build()
  const stack = await startStack({ clusterApiCore: true, progress: printLine })
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
  options: Options,
  printLine: (line: string) => void,
  signal: AbortSignal,
): Promise<void> {
  const { connection } = stack
  const api = kubernetesApi(connection)
  const kubeconfigPath = await applyExamples(connection, api, printLine)
  const allocator = await startAllocator({ stack: connection, kubeconfigPath })
  const temporal = await Connection.connect({ address: connection.temporal.address })
  try {
    printLine(`allocator: ready, process ${allocator.pid}\n`)
    signal.throwIfAborted()
    const millisecondsToEndpoint = await observeAllocation({
      kubeconfigPath: connection.kubeconfigPath,
      cluster,
      create: () => applyManifests(connection, [example('cluster-v1beta2')]),
      onEvent: ({ atMs, what }) => printLine(`${formatDuration(atMs).padStart(8)}  ${what}`),
      signal,
    })
    const run = await finishedRun(new Client({ connection: temporal }), cluster)
    const result = await readResult(api, cluster, { ...run, millisecondsToEndpoint })
    if (options.json) print(JSON.stringify(result))
    else
      print(
        describeResult(result, await awaitInfrastructure(api, cluster, signal), connection, {
          tctl,
          allocator,
        }),
      )
    if (options.once) return
    printLine('It stays up until Ctrl-C.')
    if (!signal.aborted) await once(signal, 'abort')
  } finally {
    await temporal.close()
    await allocator.stop()
    await api.close()
  }
}

function parseOptions(): Options | undefined {
  try {
    const { values } = parseArgs({
      options: { once: { type: 'boolean', default: false }, output: { type: 'string', default: 'text' } },
    })
    if (values.output === 'text' || values.output === 'json')
      return { once: values.once, json: values.output === 'json' }
    printError(`--output is "${values.output}", expected text or json\n${usage}`)
  } catch (error) {
    printError(`${messageOf(error)}\n${usage}`)
  }
  return undefined
}
