import { describe, expect, it } from '@jest/globals'
import type { ClusterReport } from '../../../../src/commands/status/cluster-report.ts'
import { clusterText } from '../../../../src/commands/status/cluster-text.ts'
import type { WorkflowRunDetails } from '../../../../src/commands/status/workflow-runs.ts'
import { plainStyle } from '../../../../src/console/style.ts'

const now = Date.parse('2026-01-02T03:14:05Z')

/** The lines about the run of a Cluster. */
function workflowLines(workflow: Partial<WorkflowRunDetails>): readonly string[] {
  const report: ClusterReport = {
    cluster: {
      namespace: 'clusters',
      name: 'demo',
      uid: 'uid-of-demo',
      created: '2026-01-02T03:04:05Z',
      clusterClass: undefined,
      isPaused: false,
      isDeleting: false,
    },
    vips: [],
    findings: [],
    workflow: { id: 'allocate-vip/clusters/demo', state: 'running', pendingActivities: [], ...workflow },
    events: [],
  }
  const lines = clusterText(report, plainStyle, now).split('\n')
  const first = lines.findIndex((line) => line.startsWith('Workflow '))
  return lines.slice(first, lines.indexOf('', first))
}

const run = { runId: 'a-run', started: '2026-01-02T03:04:06Z', taskQueue: 'theirs' }

describe('the run of a Cluster', () => {
  it('is shown with its task queue', () => {
    expect(workflowLines(run)).toEqual([
      'Workflow allocate-vip/clusters/demo: running, run a-run, started 2026-01-02T03:04:06Z, task queue theirs',
    ])
  })

  it('has what is the matter with it below, in one line whatever is in it', () => {
    const message = 'run a-run is on task queue "theirs",\nnot "ours"'
    expect(workflowLines({ ...run, problem: { verdict: 'abandoned', message } })).toEqual([
      expect.stringContaining('Workflow allocate-vip/clusters/demo: running'),
      expect.stringMatching(/^ {2}run a-run is on task queue "theirs",.*not "ours"$/),
    ])
  })

  it('that there is not has neither', () => {
    expect(workflowLines({ state: 'none' })).toEqual(['Workflow allocate-vip/clusters/demo: none'])
  })
})
