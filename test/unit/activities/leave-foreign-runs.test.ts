import { describe, expect, it } from '@jest/globals'
import { MockActivityEnvironment } from '@temporalio/testing'
import { createActivities, type Activities } from '../../../src/activities/index.ts'
import { KubernetesError } from '../../../src/kubernetes/errors.ts'
import { variables } from '../../support/builders.ts'
import { fakeClusterApi } from '../../support/fake-cluster-api.ts'
import { failureOf, poolRef, step } from './support.ts'

type Line = readonly [level: string, message: string]

/** The activities of a Worker that is refused every read, and fails the test by every write or report. */
function activitiesOf(managementClusterUid: () => Promise<string | undefined>) {
  const reports: string[] = []
  const foreign: string[] = []
  const asked: string[] = []
  const lines: Line[] = []
  const refuse = async (): Promise<never> => {
    asked.push('a Cluster')
    throw new KubernetesError('away', { kind: 'unavailable', status: 503 })
  }
  const activities = createActivities({
    probePort: async () => undefined,
    managementClusterUid,
    onForeignRun: (message) => foreign.push(message),
    api: fakeClusterApi({
      getCluster: refuse,
      getIPAddressClaim: refuse,
      listIPPools: refuse,
      listIPAddressesOf: refuse,
    }),
    settings: { defaultPort: 6443, variables, searchable: [] },
    observer: {
      observeStep: () => reports.push('a step'),
      countReport: () => reports.push('a report'),
    },
    signalWorkflow: async () => void reports.push('a signal'),
  })
  const record =
    (level: string) =>
    (message: string): void =>
      void lines.push([level, message])
  const logger = {
    log: (level: string, message: string) => record(level)(message),
    trace: record('TRACE'),
    debug: record('DEBUG'),
    info: record('INFO'),
    warn: record('WARN'),
    error: record('ERROR'),
  }
  const workflowExecution = { workflowId: 'allocate-vip/clusters/demo', runId: 'run-1' }
  const environment = new MockActivityEnvironment({ workflowExecution }, { logger })
  const run = (name: keyof Activities, input: object): Promise<unknown> =>
    environment.run(activities[name] as (argument: unknown) => Promise<unknown>, input)
  return { run, reports, foreign, asked, lines }
}

const inputs: readonly (readonly [keyof Activities, object])[] = [
  ['selectIPPool', step],
  ['ensureIPAddressClaim', { ...step, poolRef }],
  ['awaitIPAddress', step],
  ['assignVip', { ...step, address: '10.0.0.10' }],
  ['allocateAtOnce', { ...step, startedAt: 0 }],
  ['confirmRelease', { namespace: 'clusters', name: 'demo', uid: 'uid', held: [] }],
]

const message =
  'run run-1 of allocate-vip/clusters/demo is of another management cluster, whose namespace kube-system has uid uid-b; here it is uid-a'

describe.each(inputs)('%s', (name, input) => {
  it('is left alone if the run is of another management cluster: nothing is read, written or reported', async () => {
    const { run, reports, foreign, asked } = activitiesOf(async () => 'uid-a')
    const failure = await failureOf(run(name, { ...input, managementClusterUid: 'uid-b' }))
    expect(failure).toMatchObject({ type: 'OtherManagementCluster', category: 'BENIGN', nonRetryable: false })
    expect(failure.message).toBe(
      `${message}; give each management cluster a Temporal namespace of its own (TEMPORAL_NAMESPACE), or a name of its own (--management-cluster)`,
    )
    expect(failure.nextRetryDelay).toBe(1_000)
    expect({ reports, asked, foreign }).toEqual({ reports: [], asked: [], foreign: [message] })
  })

  it.each<[string, string | undefined, string | undefined]>([
    ['of this management cluster', 'uid-a', 'uid-a'],
    ['that a person started', undefined, 'uid-a'],
    ['if it is not known which management cluster this is', 'uid-b', undefined],
  ])('is carried out for a run %s', async (_, theirs, ours) => {
    const { run, foreign, asked } = activitiesOf(async () => ours)
    await run(name, { ...input, ...(theirs !== undefined && { managementClusterUid: theirs }) }).catch(
      () => undefined,
    )
    expect(asked.length).toBeGreaterThan(0)
    expect(foreign).toEqual([])
  })
})

describe('a Worker that is handed runs of another management cluster', () => {
  it('says so once for each such management cluster', async () => {
    const { run, lines } = activitiesOf(async () => 'uid-a')
    for (const managementClusterUid of ['uid-b', 'uid-b', 'uid-c']) {
      await failureOf(run('selectIPPool', { ...step, managementClusterUid }))
    }
    const left = lines.filter(([, text]) => text.startsWith('Left alone: '))
    expect(left.map(([level]) => level)).toEqual(['WARN', 'DEBUG', 'WARN'])
  })

  it('waits for an API server that does not say which management cluster it is', async () => {
    const { run, asked } = activitiesOf(async () => {
      throw new KubernetesError('get Namespace kube-system: away', { kind: 'unavailable', status: 0 })
    })
    const failure = await failureOf(
      run('confirmRelease', { ...inputs[5]?.[1], managementClusterUid: 'uid-b' }),
    )
    expect(failure).toMatchObject({
      type: 'KubernetesUnavailable',
      message: 'get Namespace kube-system: away',
    })
    expect(asked).toEqual([])
  })
})
