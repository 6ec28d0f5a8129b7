import type { Registry } from 'prom-client'
import type { Inventory } from '../../commands/run/inventory/inventory.ts'
import { gaugeOf, type Sample } from './registry.ts'

/** @param read called at each scrape, by each series; undefined until every kind has been listed */
export function inventorySeries(registry: Registry, read: () => Inventory | undefined): void {
  const gauge = <L extends string>(
    name: string,
    help: string,
    labels: readonly L[],
    samples: (reading: Inventory) => readonly Sample<L>[],
  ): void => {
    gaugeOf(registry, { name, help, labels }, () => {
      const reading = read()
      return reading === undefined ? [] : samples(reading)
    })
  }
  gauge(
    'pools_available',
    'Pools that match a ClusterClass and could give an address now.',
    ['cluster_class', 'role'],
    ({ poolsAvailable }) =>
      poolsAvailable.map(({ clusterClass, role, pools }) => ({
        labels: { cluster_class: clusterClass, role },
        value: pools,
      })),
  )
  for (const count of ['total', 'free', 'used'] as const) {
    gauge(
      `pool_addresses_${count}`,
      poolHelp[count],
      ['pool_name', 'kind', 'namespace'],
      ({ poolAddresses }) =>
        poolAddresses.map(({ name, kind, namespace, [count]: value }) => ({
          labels: { pool_name: name, kind, namespace },
          value,
        })),
    )
  }
  for (const count of ['total', 'ready', 'pending'] as const) {
    gauge(`claims_${count}`, claimHelp[count], ['role', 'namespace'], ({ claims }) =>
      claims.map(({ role, namespace, [count]: value }) => ({ labels: { role, namespace }, value })),
    )
  }
  gauge('waiting_clusters', 'VIPs that Clusters wait for.', ['role', 'reason'], ({ waiting }) =>
    waiting.map(({ role, reason, clusters }) => ({ labels: { role, reason }, value: clusters })),
  )
  gauge('lost_addresses', 'VIPs of ours that no claim holds.', ['role'], ({ lost }) =>
    lost.map(({ role, addresses }) => ({ labels: { role }, value: addresses })),
  )
  gauge(
    'leaked_claims',
    'Claims of ours whose Cluster has been gone for 50 seconds.',
    ['role'],
    ({ leaked }) => leaked.map(({ role, claims }) => ({ labels: { role }, value: claims })),
  )
  gauge('reserved_addresses', 'Duplicate addresses kept out of circulation.', [], ({ reserved }) => [
    { labels: {}, value: reserved },
  ])
}

const poolHelp = {
  total: 'Addresses of a pool.',
  free: 'Addresses of a pool that are available.',
  used: 'Addresses of a pool that are in use or reserved.',
} as const

const claimHelp = {
  total: 'IPAddressClaims of ours.',
  ready: 'IPAddressClaims of ours that have an address.',
  pending: 'IPAddressClaims of ours that have no address yet.',
} as const
