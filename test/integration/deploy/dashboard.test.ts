import { describe, expect, it } from '@jest/globals'
import { dashboard, dashboardExpressions, shownPanels, type Panel } from './dashboard.ts'
import { checkExpressions } from './promtool.ts'

const panels = shownPanels().map((panel) => [panel.title, panel] as const)

function overlap({ gridPos: a }: Panel, { gridPos: b }: Panel): boolean {
  return a.x < b.x + b.w && b.x < a.x + a.w && a.y < b.y + b.h && b.y < a.y + a.h
}

describe('the Grafana dashboard', () => {
  it('asks only what Prometheus understands', async () => {
    const expressions = dashboardExpressions()

    expect(await checkExpressions(expressions)).toMatchObject({
      passed: true,
      output: expect.stringContaining(`${expressions.length} rules found`),
    })
  })

  it('would be found out by promtool if it did not', async () => {
    expect(await checkExpressions(['sum by (role (up)'])).toMatchObject({ passed: false })
  })

  it('has variables of its own only, for the data source and the management cluster', () => {
    const { templating, panels } = dashboard()
    const used = [...JSON.stringify(panels).matchAll(/\$\{?(\w+)/g)].map(([, name = '']) => name)

    expect(templating.list.map(({ name, type }) => `${name}: ${type}`)).toEqual([
      'datasource: datasource',
      'cluster: query',
    ])
    // Grafana fills in those that begin with two underscores.
    expect(new Set(used.filter((name) => !name.startsWith('__')))).toEqual(new Set(['datasource', 'cluster']))
  })

  it('has panels with ids of their own that do not lie on each other', () => {
    const all = dashboard().panels

    expect(new Set(all.map(({ id }) => id)).size).toBe(all.length)
    for (const panel of all) {
      const others = all.filter((other) => other !== panel && overlap(panel, other))
      expect({ panel: panel.title, over: others.map(({ title }) => title) }).toEqual({
        panel: panel.title,
        over: [],
      })
      expect(panel.gridPos.x + panel.gridPos.w).toBeLessThanOrEqual(24)
    }
  })

  it.each(panels)('says what "%s" shows, in which unit, from the chosen data source', (_title, panel) => {
    const chosen = { type: 'prometheus', uid: '${datasource}' }
    const { targets = [], datasource, description, fieldConfig } = panel

    expect(description).toMatch(/\.$/)
    expect(fieldConfig?.defaults.unit).toMatch(/^\w+$/)
    expect(datasource).toEqual(chosen)
    expect(targets).not.toEqual([])
    for (const target of targets) expect(target.datasource).toEqual(chosen)
    expect(new Set(targets.map(({ refId }) => refId)).size).toBe(targets.length)
  })

  it('shows one management cluster at a time where several are watched', () => {
    for (const expr of dashboardExpressions()) {
      const selectors = expr.match(/\{[^}]*\}/g) ?? []
      expect(selectors).not.toEqual([])
      for (const selector of selectors) expect(selector).toContain('cluster=~".*"')
    }
  })
})
