import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { startAllocator } from '../allocator.ts'
import { build } from '../build.ts'
import { applyExamples } from '../demo/examples.ts'
import { scenarios } from '../demo/scenario.ts'
import { queryRange, startPrometheus, type Prometheus } from '../monitoring/prometheus.ts'
import { alertsPath } from '../monitoring/alerts-path.ts'
import { kubernetesApi } from '../stack/kubernetes-api.ts'
import { ensurePrograms } from '../stack/programs.ts'
import type { Progress } from '../stack/progress.ts'
import { startStack, type Stack } from '../stack/stack.ts'
import { fillPool, type Moment } from './full-pool.ts'
import { drawLineChart, type Line } from './line-chart.ts'

const images = join(import.meta.dirname, '..', '..', 'docs', 'images')

/** A chart in docs/images, with its queries. */
interface Picture {
  readonly file: string
  readonly title: string
  readonly lines: readonly (Pick<Line, 'name' | 'shaded'> & { readonly query: string })[]
}

const pictures: readonly Picture[] = [
  {
    file: 'metrics-pool.svg',
    title: 'Addresses of GlobalInClusterIPPool/vip-pool',
    lines: [
      { query: 'max(capi_vip_allocator_pool_addresses_total)', name: 'all' },
      { query: 'max(capi_vip_allocator_pool_addresses_used)', name: 'used' },
      { query: 'max(capi_vip_allocator_pool_addresses_free)', name: 'free' },
    ],
  },
  {
    file: 'metrics-waiting.svg',
    title: 'Clusters that wait, and the alert CapiVipAllocatorPoolExhausted',
    lines: [
      { query: 'max(capi_vip_allocator_waiting_clusters{reason="PoolExhausted"})', name: 'PoolExhausted' },
      { query: alertQuery('firing'), name: 'alert firing', shaded: true },
      { query: alertQuery('pending'), name: 'alert pending', shaded: true },
    ],
  },
  {
    file: 'metrics-attempts.svg',
    title: 'Attempts of steps per second, by result (mean of 15 s)',
    lines: ['success', 'waiting'].map((result) => ({
      query: `sum(rate(capi_vip_allocator_reconcile_total{result="${result}"}[15s]))`,
      name: result,
    })),
  },
  {
    file: 'metrics-requests.svg',
    title: 'Requests to the API server per second (mean of 15 s)',
    lines: ['get', 'list', 'create|patch'].map((verbs) => ({
      query: `sum(rate(capi_vip_allocator_api_request_duration_seconds_count{verb=~"${verbs}"}[15s]))`,
      name: verbs.replace('|', ' and '),
    })),
  },
]

if (import.meta.main) await drawMetrics((line) => void process.stderr.write(`${line}\n`))

/** Fills a pool under a real Prometheus, and draws its data into docs/images. */
export async function drawMetrics(progress: Progress): Promise<void> {
  const { prometheus } = await ensurePrograms(['prometheus'], progress)
  await build()
  const stack = await startStack({ clusterApiCore: true, progress })
  try {
    await onStack(stack, prometheus.path, progress)
  } finally {
    await stack.stop()
  }
}

async function onStack({ connection }: Stack, program: string, progress: Progress): Promise<void> {
  const api = kubernetesApi(connection)
  const kubeconfigPath = await applyExamples(connection, api, scenarios.vip, progress)
  const allocator = await startAllocator({ stack: connection, kubeconfigPath })
  const prometheus = await startPrometheus({
    program,
    directory: connection.runDirectory,
    targets: [new URL(allocator.metricsUrl)],
    scrapeIntervalSeconds: 1,
    ruleFiles: [alertsPath],
  })
  try {
    const from = new Date()
    const moments = await fillPool(connection, api, prometheus, progress)
    mkdirSync(images, { recursive: true })
    for (const picture of pictures) {
      writeFileSync(join(images, picture.file), await draw(picture, prometheus, from, moments))
      progress(`docs/images/${picture.file}`)
    }
  } finally {
    await prometheus.stop()
    await allocator.stop()
    await api.close()
  }
}

async function draw(
  { title, lines }: Picture,
  prometheus: Prometheus,
  from: Date,
  marks: readonly Moment[],
): Promise<string> {
  const range = { from, to: new Date(), stepSeconds: 1 }
  const drawn = await Promise.all(
    lines.map(async ({ query, ...line }): Promise<Line> => {
      const [series] = await queryRange(prometheus, query, range)
      return { ...line, points: (series?.points ?? []).filter(([, value]) => Number.isFinite(value)) }
    }),
  )
  return drawLineChart({
    title,
    lines: drawn,
    marks,
    from: range.from.getTime() / 1000,
    to: range.to.getTime() / 1000,
  })
}

function alertQuery(state: string): string {
  return `max(ALERTS{alertname="CapiVipAllocatorPoolExhausted", alertstate="${state}"})`
}
