import { textOf } from './support.ts'

export interface Dashboard {
  readonly uid: string
  readonly panels: readonly Panel[]
  readonly templating: { readonly list: readonly Variable[] }
  readonly annotations: { readonly list: readonly Query[] }
}

export interface Panel {
  readonly id: number
  readonly type: string
  readonly title: string
  readonly description?: string
  readonly gridPos: { readonly x: number; readonly y: number; readonly w: number; readonly h: number }
  readonly datasource?: DataSource
  readonly targets?: readonly (Query & { readonly refId: string; readonly legendFormat: string })[]
  readonly fieldConfig?: { readonly defaults: { readonly unit: string } }
}

export interface Query {
  readonly datasource: DataSource
  readonly expr: string
}

interface DataSource {
  readonly type: string
  readonly uid: string
}

interface Variable {
  readonly name: string
  readonly type: string
  readonly query: unknown
  readonly definition?: string
}

export function dashboard(): Dashboard {
  const read: Dashboard = JSON.parse(textOf('deploy/monitoring/grafana-dashboard.json'))
  return read
}

/** All panels except rows, which only group them. */
export function shownPanels(): readonly Panel[] {
  return dashboard().panels.filter(({ type }) => type !== 'row')
}

/** The dashboard's queries, with Grafana's variables replaced. */
export function dashboardExpressions(): readonly string[] {
  const queries = [...shownPanels().flatMap(({ targets = [] }) => targets), ...dashboard().annotations.list]
  return queries.map(({ expr }) =>
    expr.replaceAll('$cluster', '.*').replaceAll('$__rate_interval', '5m').replaceAll('$__range', '1h'),
  )
}
