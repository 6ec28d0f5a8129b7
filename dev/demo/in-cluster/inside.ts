import { Client, Connection } from '@temporalio/client'
import { once } from 'node:events'
import { mkdirSync } from 'node:fs'
import { print, printError } from '../../command.ts'
import { leaderVariable } from '../../node/namespaces.ts'
import { startNode } from '../../node/node.ts'
import { nodeAddress, nodeDirectory } from '../../node/place.ts'
import { mountSteps, networkSteps, take } from '../../node/surroundings.ts'
import type { StackConnection } from '../../stack/connection.ts'
import { messageOf } from '../../stack/errors.ts'
import { kubernetesApi, type KubernetesApi } from '../../stack/kubernetes-api.ts'
import { applyManifests } from '../../stack/manifests.ts'
import { formatDuration, type Progress, timed } from '../../stack/progress.ts'
import { startStack, type Stack } from '../../stack/stack.ts'
import { applyPrerequisites, exampleCluster } from '../examples.ts'
import { finishedRun, observeAllocation } from '../observe.ts'
import { readResult, type DemoResult } from '../report.ts'
import { scenarios } from '../scenario.ts'
import { containersIn } from './containers.ts'
import { installByHelm } from './install.ts'
import { takeMeasures } from './measure.ts'
import { brokenPromises } from './measures.ts'
import { readPlan, type Plan } from './plan.ts'
import { listPods } from './pods.ts'
import { readPromises } from './promises.ts'
import { describeInCluster, type InClusterResult } from './report.ts'

const scenario = scenarios.vip
const cluster = { namespace: 'clusters', name: 'demo-cluster' }

process.exitCode = await main()

/**
 * `node dev/demo/in-cluster/inside.ts PLAN`: the demo in the namespaces of a node, until its standard input ends. Exit codes: 0
 * the VIP arrived and all promises were kept, 1 not so.
 */
async function main(): Promise<number> {
  const [, , planPath = ''] = process.argv
  const plan = readPlan(planPath)
  const progress = plan.json ? printError : print
  const signal = untilInputEnds()
  try {
    return await onOwnGround(plan, progress, signal)
  } catch (error) {
    if (!signal.aborted) printError(`demo: ${messageOf(error)}`)
    return 1
  } finally {
    process.stdin.destroy()
  }
}

function untilInputEnds(): AbortSignal {
  const stop = new AbortController()
  process.stdin.once('end', () => stop.abort()).resume()
  return stop.signal
}

async function onOwnGround(plan: Plan, progress: Progress, signal: AbortSignal): Promise<number> {
  mkdirSync(plan.directory)
  const words = { during: 'node: making its network and mounts', after: 'node: its own network and mounts' }
  await timed(progress, words, () => take([...mountSteps(nodeDirectory(plan.directory)), ...networkSteps()]))
  signal.throwIfAborted()
  const stack = await startStack({ clusterApiCore: true, nodeAddress, progress })
  const api = kubernetesApi(stack.connection)
  try {
    signal.throwIfAborted()
    return await onStack(stack, api, plan, progress, signal)
  } finally {
    progress('stopping')
    await api.close()
    await stack.stop()
  }
}

async function onStack(
  { connection }: Stack,
  api: KubernetesApi,
  plan: Plan,
  progress: Progress,
  signal: AbortSignal,
): Promise<number> {
  const { kubeconfigPath } = connection
  const directory = nodeDirectory(plan.directory)
  const [node] = await Promise.all([
    startNode({ ...plan, directory, cgroupRoot: `/${plan.cgroup}`, kubeconfigPath, api, progress }),
    applyPrerequisites(connection, api, scenario, progress),
  ])
  try {
    signal.throwIfAborted()
    await installByHelm(plan.helm, connection, progress)
    signal.throwIfAborted()
    const demo = await serve(connection, api, progress, signal)
    const result = await measured(demo, connection, api, plan, progress)
    const leader = process.env[leaderVariable] ?? ''
    print(plan.json ? JSON.stringify(result) : describeInCluster(result, connection, leader))
    if (!plan.once) {
      progress('It stays up until Ctrl-C.')
      if (!signal.aborted) await once(signal, 'abort')
    }
    return result.broken.length === 0 ? 0 : 1
  } finally {
    await node.stop()
  }
}

/** Lets a Cluster get its VIP from the Pods. */
async function serve(
  stack: StackConnection,
  api: KubernetesApi,
  progress: Progress,
  signal: AbortSignal,
): Promise<DemoResult> {
  const manifests = await exampleCluster(scenario)
  const temporal = await Connection.connect({ address: stack.temporal.address })
  try {
    const millisecondsToEndpoint = await observeAllocation({
      kubeconfigPath: stack.kubeconfigPath,
      cluster,
      create: () => applyManifests(stack, manifests),
      onEvent: ({ atMs, what }) => progress(`${formatDuration(atMs).padStart(8)}  ${what}`),
      signal,
    })
    const run = await finishedRun(new Client({ connection: temporal }), cluster)
    return await readResult(api, cluster, { ...run, millisecondsToEndpoint })
  } finally {
    await temporal.close()
  }
}

async function measured(
  demo: DemoResult,
  stack: StackConnection,
  api: KubernetesApi,
  plan: Plan,
  progress: Progress,
): Promise<InClusterResult> {
  const containers = containersIn(plan.hierarchies, plan.cgroup)
  const measures = plan.measure
    ? await takeMeasures({ helm: plan.helm, stack, api, containers }, progress)
    : undefined
  const pods = (await listPods(api)).map(({ name, ready, restarts }) => ({ name, ready, restarts }))
  if (measures === undefined) return { ...demo, pods, broken: [] }
  return { ...demo, pods, measures, broken: brokenPromises(measures, await readPromises(api)) }
}
