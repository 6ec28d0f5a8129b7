import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { alertsPath } from '../../dev/monitoring/alerts-path.ts'
import { startPrometheus, type Prometheus } from '../../dev/monitoring/prometheus.ts'
import { arrayOf, objectOf, stringOf } from '../../src/domain/model/decode.ts'
import { dashboardExpressions } from '../integration/deploy/dashboard.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { selectedBy, type Selected } from './promql.ts'
import type { Testbed } from './testbed.ts'

const { prometheus: program } = realParts()
/** Labels that Prometheus adds, or the people who run it. */
const added = ['instance', 'job', 'cluster']

let suite: Fixture
let testbed: Testbed
let directory: string
let prometheus: Prometheus
/** Labels of every series in the scrape, by name; none where it has no value yet. */
let scraped: ReadonlyMap<string, ReadonlySet<string>>

beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'capi-vip-allocator-prometheus-'))
  suite = await openFixtureWithAllocator()
  testbed = suite.testbed
  // A run that gets on at once has nothing handed out by the server; one that waits has.
  await testbed.createCluster('served')
  const served = testbed.keyOf('served')
  await suite.temporal.untilPending(served, { activity: 'selectIPPool', reason: 'NoMatchingPool' })
  await testbed.createPool('10.66.0.10')
  await testbed.untilServed('served')
  await failWorkflowTask()
  prometheus = await startPrometheus({
    program,
    directory,
    targets: [new URL(suite.allocator.metricsUrl)],
    scrapeIntervalSeconds: 1,
    ruleFiles: [alertsPath],
  })
  scraped = await eventually('Prometheus to scrape the allocator', readScrape)
})

afterAll(async () => {
  try {
    await suite.close(() => prometheus.stop())
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
})

/** Temporal Core has no series of failed workflow tasks before there is one. */
async function failWorkflowTask(): Promise<void> {
  const { temporal, taskQueue, allocator } = suite
  const run = await temporal.client.workflow.start('ofNobody', { workflowId: randomUUID(), taskQueue })
  const name = 'temporal_workflow_task_execution_failed_total'
  await eventually(`${name} to be told`, async () =>
    (await (await fetch(allocator.metricsUrl)).text()).includes(name) ? true : undefined,
  )
  await run.terminate('it was only to fail')
}

async function readScrape(): Promise<ReadonlyMap<string, ReadonlySet<string>> | undefined> {
  // What a page has is known line by line while it is read, and its values when it has been: so they are asked for first.
  const samples = await prometheus.ask('series', { 'match[]': '{job="capi-vip-allocator"}' })
  const labels = new Map<string, Set<string>>()
  for (const entry of arrayOf(await prometheus.ask('targets/metadata'))) {
    for (const name of shownAs(objectOf(entry))) labels.set(name, new Set())
  }
  for (const sample of arrayOf(samples).map(objectOf)) {
    const known = labels.get(stringOf(sample['__name__']))
    for (const label of Object.keys(sample)) known?.add(label)
  }
  return labels.get('capi_vip_allocator_build_info')?.has('version') === true ? labels : undefined
}

/** The names under which Prometheus stores a metric. */
function shownAs({ metric, type }: Readonly<Record<string, unknown>>): readonly string[] {
  const name = stringOf(metric)
  return type === 'histogram' ? ['bucket', 'sum', 'count'].map((part) => `${name}_${part}`) : [name]
}

/** `ALERTS` is a series that Prometheus makes itself. */
async function selectedInAll(expressions: readonly string[]): Promise<readonly Selected[]> {
  const trees = await Promise.all(expressions.map((query) => prometheus.ask('parse_query', { query })))
  return trees.flatMap(selectedBy).filter(({ name }) => name !== 'ALERTS')
}

/** What a scrape does not have of what is selected, in words. */
function missing(selected: readonly Selected[]): readonly string[] {
  return selected.flatMap(({ name, labels }) => {
    const known = scraped.get(name)
    if (known === undefined) return [`${name} is not in the scrape`]
    if (known.size === 0) return []
    return labels
      .filter((label) => !known.has(label) && !added.includes(label))
      .map((label) => `${name} has no label ${label}`)
  })
}

async function rules(): Promise<readonly Readonly<Record<string, unknown>>[]> {
  const { groups } = objectOf(await prometheus.ask('rules'))
  return arrayOf(groups).flatMap((group) => arrayOf(objectOf(group)['rules']).map(objectOf))
}

async function expectAlert(alert: string, state: 'inactive' | 'pending'): Promise<void> {
  await eventually(`${alert} to be ${state}`, async () => {
    const rule = (await rules()).find(({ name }) => name === alert)
    return rule?.['state'] === state ? true : undefined
  })
}

describe('Prometheus on a real allocator', () => {
  it('finds every series and label that the alert rules ask for', async () => {
    const selected = await selectedInAll((await rules()).map(({ query }) => stringOf(query)))

    expect(selected.length).toBeGreaterThan(10)
    expect(missing(selected)).toEqual([])
  })

  it('finds every series and label that the dashboard asks for', async () => {
    const selected = await selectedInAll(dashboardExpressions())

    expect(selected.length).toBeGreaterThan(30)
    expect(missing(selected)).toEqual([])
  })

  it('has an answer to everything that the dashboard asks', async () => {
    for (const query of dashboardExpressions()) {
      expect(await prometheus.ask('query', { query })).toMatchObject({ resultType: 'vector' })
    }
  })

  it('would not find a series or label that there is not', async () => {
    const selected = await selectedInAll([
      'sum(capi_vip_allocator_wating_clusters)',
      'sum by (resurce) (capi_vip_allocator_watch_synced{instance!=""})',
    ])

    expect(missing(selected)).toEqual([
      'capi_vip_allocator_wating_clusters is not in the scrape',
      'capi_vip_allocator_watch_synced has no label resurce',
    ])
  })

  it('evaluates every alert rule, and none fires while all is well', async () => {
    const evaluated = await eventually('all rules to be evaluated', async () => {
      const now = await rules()
      return now.every(({ health }) => health !== 'unknown') ? now : undefined
    })

    expect(evaluated.filter(({ health, state }) => health !== 'ok' || state === 'firing')).toEqual([])
  })

  it('notices that a Cluster waits for an exhausted pool, and that it does no longer', async () => {
    await expectAlert('CapiVipAllocatorPoolExhausted', 'inactive')

    await testbed.createCluster('late')
    await expectAlert('CapiVipAllocatorPoolExhausted', 'pending')

    await testbed.deleteCluster('served')
    await testbed.untilServed('late')
    await expectAlert('CapiVipAllocatorPoolExhausted', 'inactive')
  })

  it('notices that no allocator is left', async () => {
    await expectAlert('CapiVipAllocatorDown', 'inactive')

    await suite.allocator.stop()

    await expectAlert('CapiVipAllocatorDown', 'pending')
  })
})
