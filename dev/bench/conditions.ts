import { cpus, loadavg, totalmem } from 'node:os'
import { Connection } from '@temporalio/client'
import type { StackConnection } from '../stack/connection.ts'
import { withKubernetesApi } from '../stack/kubernetes-api.ts'
import type { BenchArguments } from './options.ts'

const gibibyte = 2 ** 30

/**
 * Describes the conditions of a run, read from machine and stack, as pairs of name and value.
 *
 * @param loadBefore result of `readLoad` before the run itself loaded the machine
 */
export async function conditionsOf(
  connection: StackConnection,
  args: Pick<BenchArguments, 'rounds' | 'clusters' | 'defaultPolling' | 'temporalStore'>,
  loadBefore: number,
): Promise<readonly (readonly [string, string])[]> {
  const { gitVersion } = await withKubernetesApi(connection, (api) =>
    api.send<{ gitVersion: string }>({ method: 'GET', path: '/version' }),
  )
  const cores = cpus()
  return [
    ['date', new Date().toISOString().slice(0, 10)],
    [
      'machine',
      `${cores.length} cores (${cores[0]?.model ?? 'unknown'}), ${Math.round(totalmem() / gibibyte)} GiB`,
    ],
    ['load before', describeLoad(loadBefore)],
    ['Node.js', process.version],
    ['Kubernetes', gitVersion],
    ['Temporal', await temporalVersion(connection)],
    ["Temporal's store", args.temporalStore],
    [
      'history.transferProcessorMaxPollRPS',
      args.defaultPolling ? "the server's default" : "the stack's setting",
    ],
    ['Cluster API core', connection.clusterApiCore ? 'runs' : 'left out'],
    ['rounds', String(args.rounds)],
    ...(args.clusters === undefined
      ? []
      : [['Clusters', `${args.clusters} in place of each measure's own number`] as const]),
  ]
}

/** Load average over one minute. */
export function readLoad(): number {
  return loadavg()[0] ?? 0
}

function describeLoad(load: number): string {
  const isBusy = load >= 1
  return `${load.toFixed(1)}${isBusy ? ' (others were at work on the machine: these figures are too high)' : ''}`
}

async function temporalVersion({ temporal }: StackConnection): Promise<string> {
  const connection = await Connection.connect({ address: temporal.address })
  try {
    const { serverVersion } = await connection.workflowService.getSystemInfo({})
    return serverVersion ?? 'unknown'
  } finally {
    await connection.close()
  }
}
