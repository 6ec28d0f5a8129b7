import { describe, expect, it } from '@jest/globals'
import { reportOn, withRuns, type StatusQuestion } from '../../../../src/commands/status/status-report.ts'
import { statusText } from '../../../../src/commands/status/status-text.ts'
import type { WorkflowRuns } from '../../../../src/commands/status/workflow-runs.ts'
import { plainStyle } from '../../../support/plain-style.ts'
import { formatKey } from '../../../../src/domain/model/object-meta.ts'
import { aClaim, aCluster, anIPAddress, aPool, ownerReference, variables } from '../../../support/builders.ts'
import { aSnapshot } from '../../../support/snapshot.ts'

const now = Date.parse('2026-01-02T06:04:05Z')
const question: StatusQuestion = { settings: { variables }, cluster: undefined, problemsOnly: false, now }
const endpoint = { host: '10.0.0.10', port: 6443 }
const annotations = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }

/** One that is served, one that waits, one with an endpoint by hand, one paused; and a claim that is left over. */
const known = aSnapshot({
  clusters: [
    aCluster({ name: 'waits', uid: 'waits', topology: { classRef: { name: 'no-pool' } } }),
    aCluster({ endpoint, annotations }),
    aCluster({ namespace: 'b', name: 'by-hand', uid: 'by-hand', endpoint: { host: '10.9.9.9', port: 6443 } }),
    aCluster({ namespace: 'a', name: 'paused', uid: 'paused', paused: true }),
  ],
  claims: [
    aClaim({ addressName: 'vip-cp-demo' }),
    aClaim({ name: 'vip-cp-gone', owners: [ownerReference({ name: 'gone', uid: 'gone' })] }),
  ],
  ipAddresses: [anIPAddress()],
  pools: [aPool()],
})

/** Answers about every run the same, and notes who is asked about. */
function fakeRuns(state: string): WorkflowRuns & { readonly asked: string[] } {
  const asked: string[] = []
  return {
    asked,
    of: async (clusters) => {
      asked.push(...clusters.map(formatKey))
      return new Map(clusters.map((cluster) => [formatKey(cluster), { id: formatKey(cluster), state }]))
    },
    detailsOf: async () => {
      throw new Error('nobody asks for details here')
    },
    trouble: () => undefined,
  }
}

function names(options: Partial<StatusQuestion> = {}): readonly string[] {
  return reportOn(known, { ...question, ...options }).vips.map(({ cluster, phase }) => `${cluster} ${phase}`)
}

describe('a status report', () => {
  it('has every Cluster, by namespace and name', () => {
    expect(names()).toEqual(['paused Paused', 'by-hand Manual', 'demo Served', 'waits Waiting'])
  })

  it('has nothing but what waits or is lost, where problems alone are asked for', () => {
    expect(names({ problemsOnly: true })).toEqual(['paused Paused', 'waits Waiting'])
  })

  it('has the Clusters of a watch filter alone, and every Cluster that is named', () => {
    const settings = { ...question.settings, watchFilter: 'ours' }
    expect(names({ settings })).toEqual([])
    expect(names({ settings, cluster: { namespace: 'clusters', name: 'demo' } })).toEqual(['demo Served'])
    const labeled = aCluster({ name: 'labeled', labels: { 'cluster.x-k8s.io/watch-filter': 'ours' } })
    const report = reportOn(aSnapshot({ clusters: [labeled, aCluster()] }), { ...question, settings })
    expect(report.vips.map(({ cluster }) => cluster)).toEqual(['labeled'])
  })

  it('about one Cluster has that one, and the findings about it', () => {
    expect(names({ cluster: { namespace: 'clusters', name: 'demo' } })).toEqual(['demo Served'])
    const findings = (name: string): number =>
      reportOn(known, { ...question, cluster: { namespace: 'clusters', name } }).findings.length
    expect(findings('demo')).toBe(0)
    expect(findings('gone')).toBe(1)
  })

  it('asks Temporal about those alone that wait', async () => {
    const runs = fakeRuns('running')
    const report = await withRuns(reportOn(known, question), runs)
    expect(runs.asked).toEqual(['a/paused', 'clusters/waits'])
    expect(report.vips.map(({ workflow }) => workflow?.state)).toEqual([
      'running',
      undefined,
      undefined,
      'running',
    ])
  })

  it('is a table for people, with what is found below', async () => {
    const report = await withRuns(reportOn(known, question), fakeRuns('none'))
    expect(statusText(report, false, plainStyle, now)).toBe(
      [
        'NAMESPACE   CLUSTER   ROLE            VIP         POOL                             CLAIM         PHASE     REASON               AGE   WORKFLOW',
        'a           paused    control-plane   -           -                                -             Paused    ClusterPaused        3h    none',
        'b           by-hand   control-plane   10.9.9.9    -                                -             Manual    EndpointAlreadySet   3h    -',
        'clusters    demo      control-plane   10.0.0.10   GlobalInClusterIPPool/vip-pool   vip-cp-demo   Served    Allocated            3h    -',
        'clusters    waits     control-plane   -           -                                -             Waiting   NoMatchingPool       3h    none',
        '',
        'Found 1 thing that no workflow shows:',
        'LeakedClaim: IPAddressClaim clusters/vip-cp-gone is left over from a Cluster (uid gone) that does not exist and waits for an address',
        '  kubectl --namespace clusters delete ipaddressclaim vip-cp-gone',
      ].join('\n'),
    )
  })

  it('says of each problem why, and what to do', async () => {
    const report = await withRuns(reportOn(known, { ...question, problemsOnly: true }), fakeRuns('none'))
    expect(statusText(report, true, plainStyle, now).split('\n')).toEqual(
      expect.arrayContaining([
        'a/paused control-plane: ClusterPaused',
        '  Cluster a/paused is paused; nothing is written until it is unpaused',
        'clusters/waits control-plane: NoMatchingPool',
      ]),
    )
  })

  it('says so where there is nothing', () => {
    const nothing = reportOn(aSnapshot({}), question)
    expect(statusText(nothing, false, plainStyle, now)).toBe('There is no Cluster.')
    expect(statusText(nothing, true, plainStyle, now)).toBe('No VIP waits, and none is lost.')
  })
})
