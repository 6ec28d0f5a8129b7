import { describe, expect, it } from '@jest/globals'
import { roles } from '../../../src/domain/role.ts'
import type { StepReading } from '../../../src/activities/step-outcome.ts'
import type { Inventory } from '../../../src/commands/run/inventory/inventory.ts'
import type { InformerHealth } from '../../../src/kubernetes/informer/informer-types.ts'
import { createMetrics, type Metrics } from '../../../src/observability/metrics.ts'
import type { WatcherReadings } from '../../../src/observability/metrics/watcher-series.ts'
import {
  describedSeries,
  samplesOf,
  seriesOn,
  valueOf,
  type ShownSeries,
} from '../../support/metrics-page.ts'

const own = 'capi_vip_allocator_'

const aWatch: InformerHealth = {
  resource: 'clusters',
  synced: true,
  lastListAt: Date.now(),
  lastContactAt: Date.now(),
  lists: 3,
  reconnects: 2,
  expired: 1,
  failures: 4,
  drift: 5,
  undelivered: [],
  lastError: undefined,
  refusals: [],
  loss: undefined,
  lastSyncResourceVersion: undefined,
  listResourceVersion: undefined,
}

const anInventory: Inventory = {
  poolsAvailable: [{ clusterClass: 'rke2', role: 'ingress', pools: 2 }],
  poolAddresses: [
    { kind: 'InClusterIPPool', namespace: 'clusters', name: 'vip', total: 11, free: 4, used: 7 },
  ],
  claims: [{ role: 'ingress', namespace: 'clusters', total: 5, ready: 3, pending: 2 }],
  waiting: [{ role: 'control-plane', reason: 'PoolExhausted', clusters: 6 }],
  queues: [
    {
      kind: 'GlobalInClusterIPPool',
      namespace: '',
      name: 'vip-pool',
      vips: 6,
      since: '2026-01-02T03:04:05Z',
    },
  ],
  lost: [{ role: 'control-plane', addresses: 1 }],
  leaked: [{ role: 'ingress', claims: 8 }],
  reserved: 9,
  kept: [{ kind: 'InClusterIPPool', namespace: 'clusters', name: 'vip', addresses: 3 }],
}

const quiet: WatcherReadings = { watches: () => [], inventory: () => undefined, strays: () => [] }

const aStep: StepReading = {
  step: 'assignVip',
  role: 'control-plane',
  clusterClass: 'rke2',
  result: 'success',
  reason: '',
  isDuplicate: false,
  isRefused: false,
  seconds: 0.02,
}

function metricsOf(parts: { readonly watcher?: boolean; readonly worker?: boolean }): Metrics {
  const { watcher = false, worker = false } = parts
  return createMetrics({ version: '1.2.3', parts: { watcher, worker }, roles })
}

/** A page on which every series of the parts has a sample. */
async function fullPage(parts: { readonly watcher?: boolean; readonly worker?: boolean }): Promise<string> {
  const metrics = metricsOf(parts)
  metrics.countApiRequest({ verb: 'get', resource: 'clusters', code: 200, seconds: 0.01 })
  if (parts.watcher === true) {
    metrics.observeWatcher({ ...quiet, watches: () => [aWatch], inventory: () => anInventory })
  }
  metrics.countWorkflowRequest('started')
  const allocated = { sinceStartSeconds: 0.4, sinceCreationSeconds: 2 }
  metrics.observeStep({ ...aStep, result: 'error', reason: 'PoolExhausted' })
  metrics.observeStep({ ...aStep, allocated })
  metrics.countReport('condition', 'written')
  return metrics.text()
}

function byName(series: readonly ShownSeries[]): readonly ShownSeries[] {
  return series.toSorted((a, b) => (a.name < b.name ? -1 : 1))
}

/** The samples of a name as `label="value",… value`, labels in the order shown. */
async function samples(metrics: Metrics, name: string): Promise<readonly string[]> {
  return samplesOf(await metrics.text(), `${own}${name}`).map(
    ({ labels, value }) => `${labels.join(',')} ${value}`,
  )
}

describe('a step', () => {
  it('that succeeds is counted, and its time, and is no error', async () => {
    const metrics = metricsOf({ worker: true })
    metrics.observeStep(aStep)
    const page = await metrics.text()
    expect(valueOf(page, `${own}reconcile_total`, { cluster_class: 'rke2', result: 'success' })).toBe(1)
    expect(valueOf(page, `${own}reconcile_duration_seconds_sum`, { cluster_class: 'rke2' })).toBe(0.02)
    expect(samplesOf(page, `${own}allocation_errors_total`)).toEqual([])
    expect(samplesOf(page, `${own}allocations_total`)).toEqual([])
  })

  it.each(['waiting', 'error'] as const)('that ends with %s is counted by its reason', async (result) => {
    const metrics = metricsOf({ worker: true })
    metrics.observeStep({ ...aStep, result, reason: 'PoolExhausted' })
    const page = await metrics.text()
    expect(valueOf(page, `${own}reconcile_total`, { cluster_class: 'rke2', result })).toBe(1)
    const labels = { role: 'control-plane', cluster_class: 'rke2', reason: 'PoolExhausted' }
    expect(valueOf(page, `${own}allocation_errors_total`, labels)).toBe(1)
  })

  it('that writes a VIP is counted as an allocation, with its time since the start and since the creation', async () => {
    const metrics = metricsOf({ worker: true })
    metrics.observeStep({ ...aStep, allocated: { sinceStartSeconds: 0.4, sinceCreationSeconds: 90 } })
    const page = await metrics.text()
    const labels = { role: 'control-plane', cluster_class: 'rke2' }
    expect(valueOf(page, `${own}allocations_total`, labels)).toBe(1)
    expect(valueOf(page, `${own}allocation_duration_seconds_sum`, labels)).toBe(0.4)
    expect(valueOf(page, `${own}time_to_endpoint_seconds_bucket`, { le: '60', ...labels })).toBe(0)
    expect(valueOf(page, `${own}time_to_endpoint_seconds_bucket`, { le: '120', ...labels })).toBe(1)
  })

  it('that writes a VIP in a run of unknown start has no time since the start', async () => {
    const metrics = metricsOf({ worker: true })
    metrics.observeStep({ ...aStep, allocated: { sinceCreationSeconds: 2 } })
    expect(await samples(metrics, 'allocations_total')).toEqual([
      'role="control-plane",cluster_class="rke2" 1',
    ])
    expect(await samples(metrics, 'allocation_duration_seconds_count')).toEqual([])
  })

  it('that writes a VIP is counted even if clocks differ, or its age is unknown', async () => {
    const metrics = metricsOf({ worker: true })
    metrics.observeStep({ ...aStep, allocated: { sinceStartSeconds: -2, sinceCreationSeconds: Number.NaN } })
    const labels = 'role="control-plane",cluster_class="rke2"'
    expect(await samples(metrics, 'allocations_total')).toEqual([`${labels} 1`])
    expect(await samples(metrics, 'allocation_duration_seconds_sum')).toEqual([`${labels} 0`])
    expect(await samples(metrics, 'time_to_endpoint_seconds_count')).toEqual([])
  })

  it('that steps back from an address is counted as a duplicate, from zero on', async () => {
    const metrics = metricsOf({ worker: true })
    expect(await samples(metrics, 'duplicates_total')).toEqual(['role="control-plane" 0', 'role="ingress" 0'])
    metrics.observeStep({ ...aStep, role: 'ingress', isDuplicate: true })
    expect(await samples(metrics, 'duplicates_total')).toEqual(['role="control-plane" 0', 'role="ingress" 1'])
  })
})

describe('a claim that its IPAM provider refused', () => {
  it('is counted by the reason when it is given back, from zero on', async () => {
    const metrics = metricsOf({ worker: true })
    metrics.observeStep({ ...aStep, isRefused: true, reason: 'AllocationFailed' })
    expect(await samples(metrics, 'refused_claims_total')).toEqual([
      'role="control-plane",reason="PoolExhausted" 0',
      'role="control-plane",reason="AllocationFailed" 1',
      'role="ingress",reason="PoolExhausted" 0',
      'role="ingress",reason="AllocationFailed" 0',
    ])
  })
})

describe('requests and reports', () => {
  it('are counted from zero on, each outcome for itself', async () => {
    const metrics = metricsOf({ watcher: true, worker: true })
    metrics.countWorkflowRequest('already-started')
    metrics.countReport('event', 'failed')
    const page = await metrics.text()
    expect(valueOf(page, `${own}workflow_requests_total`, { outcome: 'already-started' })).toBe(1)
    expect(valueOf(page, `${own}workflow_requests_total`, { outcome: 'failed' })).toBe(0)
    expect(valueOf(page, `${own}reports_total`, { kind: 'event', result: 'failed' })).toBe(1)
    expect(valueOf(page, `${own}reports_total`, { kind: 'signal', result: 'written' })).toBe(0)
  })
})

describe('temporal_reachable', () => {
  it('is 0 until Temporal has answered, 1 then, and 0 when it no longer does', async () => {
    const metrics = metricsOf({})
    expect(await samples(metrics, 'temporal_reachable')).toEqual([' 0'])
    metrics.temporalReachable(true)
    expect(await samples(metrics, 'temporal_reachable')).toEqual([' 1'])
    metrics.temporalReachable(false)
    expect(await samples(metrics, 'temporal_reachable')).toEqual([' 0'])
  })
})

describe('the series of the watcher', () => {
  it('show the state of each list+watch loop', async () => {
    const metrics = metricsOf({ watcher: true })
    metrics.observeWatcher({ ...quiet, watches: () => [aWatch], inventory: () => undefined })
    const page = await metrics.text()
    const shown = [
      'synced',
      'lists_total',
      'reconnects_total',
      'expired_total',
      'failures_total',
      'drift_total',
    ]
    expect(shown.map((name) => valueOf(page, `${own}watch_${name}`, { resource: 'clusters' }))).toEqual([
      1, 3, 2, 1, 4, 5,
    ])
  })

  it('show nothing of a kind that cannot be read, and without which everything else works', async () => {
    const metrics = metricsOf({ watcher: true })
    const unread = { ...aWatch, synced: false, lastContactAt: undefined, refusals: ['no'] }
    const watches = [
      { ...unread, resource: 'globalinclusterippools', loss: 'a little' },
      { ...unread, resource: 'clusters' },
    ]
    metrics.observeWatcher({ ...quiet, watches: () => watches })
    expect(await samples(metrics, 'watch_synced')).toEqual(['resource="clusters" 0'])
    expect(await samples(metrics, 'watch_staleness_seconds')).toEqual([])
  })

  it('show no age before the first contact', async () => {
    const metrics = metricsOf({ watcher: true })
    const unsynced = { ...aWatch, synced: false, lastContactAt: undefined }
    metrics.observeWatcher({ ...quiet, watches: () => [unsynced], inventory: () => undefined })
    expect(await samples(metrics, 'watch_synced')).toEqual(['resource="clusters" 0'])
    expect(await samples(metrics, 'watch_staleness_seconds')).toEqual([])
  })

  it('show each number of the inventory in its place', async () => {
    const metrics = metricsOf({ watcher: true })
    metrics.observeWatcher({ ...quiet, inventory: () => anInventory })
    const pool = 'pool_name="vip",kind="InClusterIPPool",namespace="clusters"'
    const claims = 'role="ingress",namespace="clusters"'
    expect(await samples(metrics, 'pools_available')).toEqual(['cluster_class="rke2",role="ingress" 2'])
    expect(await samples(metrics, 'pool_addresses_total')).toEqual([`${pool} 11`])
    expect(await samples(metrics, 'pool_addresses_free')).toEqual([`${pool} 4`])
    expect(await samples(metrics, 'pool_addresses_used')).toEqual([`${pool} 7`])
    expect(await samples(metrics, 'claims_total')).toEqual([`${claims} 5`])
    expect(await samples(metrics, 'claims_ready')).toEqual([`${claims} 3`])
    expect(await samples(metrics, 'claims_pending')).toEqual([`${claims} 2`])
    expect(await samples(metrics, 'waiting_clusters')).toEqual([
      'role="control-plane",reason="PoolExhausted" 6',
    ])
    const queue = 'pool_name="vip-pool",kind="GlobalInClusterIPPool",namespace=""'
    expect(await samples(metrics, 'queue_length')).toEqual([`${queue} 6`])
    const [waited = ''] = await samples(metrics, 'queue_longest_wait_seconds')
    expect(waited).toMatch(new RegExp(`^${queue} \\d`))
    expect(await samples(metrics, 'lost_addresses')).toEqual(['role="control-plane" 1'])
    expect(await samples(metrics, 'leaked_claims')).toEqual(['role="ingress" 8'])
    expect(await samples(metrics, 'reserved_addresses')).toEqual([' 9'])
  })

  it('show nothing that is gone, and no made-up number', async () => {
    let inventory: Inventory | undefined = anInventory
    const metrics = metricsOf({ watcher: true })
    metrics.observeWatcher({ ...quiet, inventory: () => inventory })
    await metrics.text()
    inventory = { ...anInventory, waiting: [] }
    expect(await samples(metrics, 'waiting_clusters')).toEqual([])
    inventory = undefined
    expect(await samples(metrics, 'lost_addresses')).toEqual([])
    expect(await samples(metrics, 'reserved_addresses')).toEqual([])
  })
})

describe('stray runs', () => {
  it('are counted by verdict, from 0 on', async () => {
    let strays: ReturnType<WatcherReadings['strays']> = []
    const metrics = metricsOf({ watcher: true })
    metrics.observeWatcher({ ...quiet, strays: () => strays })
    expect(await samples(metrics, 'stray_runs')).toEqual([
      'verdict="elsewhere" 0',
      'verdict="failing" 0',
      'verdict="foreign" 0',
    ])
    strays = [{ verdict: 'elsewhere' }, { verdict: 'failing' }, { verdict: 'elsewhere' }]
    expect(await samples(metrics, 'stray_runs')).toEqual([
      'verdict="elsewhere" 2',
      'verdict="failing" 1',
      'verdict="foreign" 0',
    ])
    strays = [{ verdict: 'failing' }, { verdict: 'foreign' }]
    expect(await samples(metrics, 'stray_runs')).toEqual([
      'verdict="elsewhere" 0',
      'verdict="failing" 1',
      'verdict="foreign" 1',
    ])
  })
})

describe('docs/metrics.md', () => {
  it.each([
    ['a process that is neither watcher nor worker', {}, ['Every process']],
    ['a watcher', { watcher: true }, ['Every process', 'Watcher']],
    ['a worker', { worker: true }, ['Every process', 'Worker']],
    ['both in one process', { watcher: true, worker: true }, ['Every process', 'Watcher', 'Worker']],
  ])('describes all series of %s, with type and labels', async (_, parts, sections) => {
    expect(byName(seriesOn(await fullPage(parts)))).toEqual(byName(sections.flatMap(describedSeries)))
  })
})

describe('the runtime extension', () => {
  it('has the series that docs/metrics.md promises, and only if it is served', async () => {
    const metrics = metricsOf({})
    expect(await metrics.text()).not.toContain(`${own}runtime_extension`)
    metrics.observeRuntimeExtension()({ call: 'patch', outcome: 'success', seconds: 0.02 })
    const page = await metrics.text()
    const shown = seriesOn(page).filter(({ name }) => name.startsWith(`${own}runtime_extension`))
    expect(shown).toEqual(describedSeries('Runtime extension'))
    const labels = { call: 'patch', outcome: 'success' }
    expect(valueOf(page, `${own}runtime_extension_duration_seconds_sum`, labels)).toBe(0.02)
  })
})
