import { describe, expect, it } from '@jest/globals'
import type { ClusterReport } from '../../../../src/commands/status/cluster-report.ts'
import { clusterText } from '../../../../src/commands/status/cluster-text.ts'
import type { WorkflowRunDetails } from '../../../../src/commands/status/workflow-runs.ts'
import { plainStyle } from '../../../support/plain-style.ts'
import { eventReporter } from '../../../../src/domain/names.ts'

const now = Date.parse('2026-01-02T03:14:05Z')

function reportWith(part: Partial<ClusterReport>): ClusterReport {
  return {
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
    workflow: { id: 'allocate-vip/clusters/demo', state: 'running', pendingActivities: [] },
    events: [],
    ...part,
  }
}

/** The lines about the run of a Cluster. */
function workflowLines(workflow: Partial<WorkflowRunDetails>): readonly string[] {
  const report = reportWith({
    workflow: { id: 'allocate-vip/clusters/demo', state: 'running', pendingActivities: [], ...workflow },
  })
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

/** Of the events that are shown, the reasons, in their order. */
function reasonsShown(events: readonly (readonly [reason: string, controller: string])[]): readonly string[] {
  const report = reportWith({
    events: events.map(([reason, controller], index) => ({
      type: 'Normal',
      reason,
      note: 'a note',
      count: 1,
      lastSeen: new Date(now - (events.length - index) * 1000).toISOString(),
      controller,
    })),
  })
  const text = clusterText(report, plainStyle, now)
  return text
    .slice(text.indexOf('Events:'))
    .split('\n')
    .flatMap((line) => /Normal\s+(\S+)/.exec(line)?.[1] ?? [])
}

describe('the events of a Cluster', () => {
  const many = (count: number, reason: string, controller: string): (readonly [string, string])[] =>
    Array.from({ length: count }, (_, index) => [`${reason}${index}`, controller] as const)

  it("show the allocator's own however many others follow, in the order of time", () => {
    expect(
      reasonsShown([
        ['DuplicateAddress', eventReporter],
        ...many(12, 'Core', 'topology'),
        ['Allocated', eventReporter],
      ]),
    ).toEqual([
      'DuplicateAddress',
      ...many(12, 'Core', 'topology')
        .slice(4)
        .map(([reason]) => reason),
      'Allocated',
    ])
  })

  it("are the last ten, also where all are the allocator's", () => {
    expect(reasonsShown([...many(3, 'Core', 'topology'), ...many(12, 'Own', eventReporter)])).toEqual(
      many(12, 'Own', eventReporter)
        .slice(2)
        .map(([reason]) => reason),
    )
  })
})
