import { join } from 'node:path'
import { allocatorAccount, allocatorManifests } from '../allocator.ts'
import { build } from '../build.ts'
import { interruption, printError, UsageError } from '../command.ts'
import { messageOf } from '../stack/errors.ts'
import { applyManifests } from '../stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../stack/service-account.ts'
import { startStack, type Stack, type StackOptions } from '../stack/stack.ts'
import { openBench } from './bench.ts'
import { overLimit } from './limits.ts'
import { measures } from './measures.ts'
import { parseBenchArguments, type BenchArguments } from './options.ts'
import { resultTable, writeReport } from './report.ts'
import { takeMeasures, type BenchResult } from './take-measures.ts'
import { conditionsOf, readLoad } from './conditions.ts'

process.exitCode = await main()

/**
 * Measures, and prints the figures. Exit codes: 0 measured (targets met or not), 1 failed, 2 wrong arguments, 3 a
 * figure is above its limit, 130 ended by a signal.
 */
async function main(): Promise<number> {
  let signal: AbortSignal | undefined
  try {
    const args = parseBenchArguments(process.argv.slice(2), measures)
    signal = interruption(() => printError('stopping'))
    const result = await measure(args, signal)
    if (args.report) printError(`written: ${(await writeReport(result)).join(', ')}`)
    process.stdout.write(
      `${args.json ? JSON.stringify(result.figures, undefined, 2) : resultTable(result)}\n`,
    )
    const losses = overLimit(result.figures)
    for (const loss of losses) printError(loss)
    return losses.length === 0 ? 0 : 3
  } catch (error) {
    if (signal?.aborted === true) return 130
    printError(messageOf(error))
    return error instanceof UsageError ? 2 : 1
  }
}

async function measure(args: BenchArguments, signal: AbortSignal): Promise<BenchResult> {
  const loadBefore = readLoad()
  await build()
  const stack = await startStack({ ...stackOptionsOf(args), progress: printError })
  try {
    signal.throwIfAborted()
    return await onStack(stack, { args, loadBefore }, signal)
  } finally {
    printError('stopping the stack')
    await stack.stop()
  }
}

function stackOptionsOf({
  withCore,
  defaultPolling,
  temporalStore,
}: BenchArguments): Omit<StackOptions, 'progress'> {
  return { clusterApiCore: withCore, temporalDefaultPolling: defaultPolling, temporalStore }
}

async function onStack(
  stack: Stack,
  { args, loadBefore }: { readonly args: BenchArguments; readonly loadBefore: number },
  signal: AbortSignal,
): Promise<BenchResult> {
  const { connection } = stack
  const kubeconfigPath = join(connection.runDirectory, 'allocator.kubeconfig')
  await applyManifests(connection, allocatorManifests)
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath: kubeconfigPath })
  const conditions = await conditionsOf(connection, args, loadBefore)
  const bench = await openBench({
    connection,
    kubeconfigPath,
    pidOf: (part) => stack.part(part).pid(),
    stopPart: (part) => stack.part(part).stop(),
    rounds: args.rounds,
    progress: printError,
    signal,
    ...(args.clusters !== undefined && { clusters: args.clusters }),
  })
  try {
    const chosen = measures.filter(({ name }) => args.only.includes(name))
    return { ...(await takeMeasures(bench, chosen)), conditions }
  } finally {
    await bench.close()
  }
}
