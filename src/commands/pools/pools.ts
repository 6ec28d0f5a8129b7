import { exitCodes } from '../../console/exit-code.ts'
import type { Style } from '../../console/style.ts'
import { capacityBar, renderTable } from '../../console/table.ts'
import { formatKey } from '../../domain/model/object-meta.ts'
import { formatPool } from '../../domain/model/pool.ts'
import { parseRetain } from '../../domain/model/retain.ts'
import { shortened } from '../../domain/quote.ts'
import { keptLines } from '../kept-text.ts'
import { withManagementCluster } from '../management-cluster.ts'
import type { CommandSetup } from '../setup.ts'
import { poolsReport, type PoolOverview, type PoolsReport } from './pools-report.ts'

/** Prints every pool with the Clusters that wait for it, and a forecast of who gets an address. */
export async function runPools(_options: object, setup: CommandSetup): Promise<number> {
  const { config, console } = setup
  const snapshot = await withManagementCluster(setup, (managementCluster) => managementCluster.readSnapshot())
  const report = poolsReport(snapshot, config)
  console.print(report, (style) => poolsText(report, style, config.isUtf8))
  return exitCodes.fine
}

/** The pools as a table, with the forecast below it. */
export function poolsText({ pools, forecast }: PoolsReport, style: Style, isUtf8: boolean): string {
  const more = optionalColumns.filter(({ isShown }) => pools.some(isShown))
  const rows = pools.map((pool) => [
    ...poolRow(pool, style, isUtf8),
    ...more.map(({ valueOf }) => valueOf(pool, style)),
  ])
  const kept = pools.flatMap((pool) => pool.kept)
  return [
    pools.length === 0
      ? 'There is no pool.'
      : renderTable([...head, ...more.map(({ title }) => title)], rows, style),
    ...pools.flatMap((pool) => queueLines(pool, style)),
    '',
    ...keptLines(kept, style),
    ...(kept.length === 0 ? [] : ['']),
    ...forecastLines(forecast, style),
    ...forecast.classesWithoutPool.map(
      (clusterClass) => `No pool is for control planes of ClusterClass ${formatKey(clusterClass)}.`,
    ),
  ].join('\n')
}

const head = ['pool', 'namespaces', 'used', 'free', 'waiting', 'classes', 'roles', 'priority', 'state']

/** Columns that stand there only if some pool has something to show in them. */
const optionalColumns: readonly {
  readonly title: string
  readonly isShown: (pool: PoolOverview) => boolean
  readonly valueOf: (pool: PoolOverview, style: Style) => string
}[] = [
  {
    title: 'network',
    isShown: ({ network }) => network !== '',
    valueOf: ({ network }) => network || 'default',
  },
  { title: 'retain', isShown: ({ retain }) => retain !== undefined, valueOf: retainText },
]

function retainText(pool: PoolOverview, style: Style): string {
  if (pool.retain === undefined) return ''
  const ms = parseRetain(pool.retain)
  return ms === undefined ? style.bad('unreadable') : shortened(pool.retain.trim())
}

function poolRow(pool: PoolOverview, style: Style, isUtf8: boolean): readonly string[] {
  const { capacity, available, claimsWaiting, clustersWaiting, state } = pool
  const waiting = claimsWaiting + clustersWaiting
  return [
    formatPool(pool),
    namespacesText(pool),
    capacity === undefined ? '' : capacityBar(capacity.used, capacity.total, isUtf8),
    available === undefined ? '' : String(available),
    waiting === 0 ? '0' : style.warn(String(waiting)),
    pool.classes.join(', '),
    pool.roles.join(', '),
    pool.priority === undefined ? style.bad('unreadable') : String(pool.priority),
    state === 'Ready' ? style.good(state) : style.warn(state),
  ]
}

function namespacesText({ namespace, namespaces, namespaceSelector }: PoolOverview): string {
  if (namespace !== '') return namespace
  if (namespaceSelector === undefined) return namespaces?.join(', ') ?? 'all'
  const selected = namespaceSelector.trim() === '' ? 'all' : `those with ${shortened(namespaceSelector)}`
  return [...(namespaces ?? []), selected].join(', ')
}

/** How many of a queue the text shows; JSON and YAML have all. */
const shownOfQueue = 5

function queueLines(pool: PoolOverview, style: Style): readonly string[] {
  const { queue } = pool
  if (queue.length === 0) return []
  const rows = queue
    .slice(0, shownOfQueue)
    .map(({ cluster, role, since, priority }, index) => [
      String(index + 1),
      formatKey(cluster),
      role,
      since,
      String(priority),
    ])
  const more = queue.length - rows.length
  return [
    '',
    style.strong(`Queue of ${formatPool(pool)}:`),
    renderTable(['place', 'cluster', 'role', 'since', 'priority'], rows, style),
    ...(more === 0 ? [] : [`and ${more} more`]),
  ]
}

/** How many expectations the table shows; JSON and YAML have all. */
const shown = 20

function forecastLines({ expectations }: PoolsReport['forecast'], style: Style): readonly string[] {
  if (expectations.length === 0) return ['No VIP is still to be allocated.']
  const count = (gets: string): number => expectations.filter((each) => each.gets === gets).length
  const unknown = count('unknown')
  const [first, ...others] = [
    `${expectations.length} still to be allocated`,
    `${count('address')} will get an address`,
    `${count('nothing')} will not`,
    ...(unknown === 0 ? [] : [`${unknown} cannot be told, since the provider has not counted the pool`]),
  ]
  const rows = expectations
    .slice(0, shown)
    .map(({ cluster, role, gets, pool, reason, message }) => [
      formatKey(cluster),
      role,
      gets === 'nothing' ? style.bad(gets) : gets,
      pool === undefined ? '' : formatPool(pool),
      reason === undefined ? '' : `${reason}: ${message ?? ''}`,
    ])
  const more = expectations.length - rows.length
  return [
    style.strong(`Forecast, in the order of turns: ${first}; ${others.join(', ')}.`),
    renderTable(['cluster', 'role', 'gets', 'pool', 'why'], rows, style),
    ...(more === 0 ? [] : [`and ${more} more`]),
  ]
}
