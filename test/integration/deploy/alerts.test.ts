import { describe, expect, it } from '@jest/globals'
import { parse, stringify } from 'yaml'
import { headingAnchor } from '../../support/heading-anchor.ts'
import { sectionsOf } from '../../support/runbook.ts'
import { manifestOf, textOf } from './support.ts'
import { promtool, type Verdict } from './promtool.ts'

interface Alert {
  readonly alert: string
  readonly expr: string
  readonly for?: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
}

interface RuleFile {
  readonly groups: readonly { readonly name: string; readonly rules: readonly Alert[] }[]
}

const rulesText = textOf('deploy/monitoring/alerts.yaml')
const casesText = textOf('deploy/monitoring/alerts.test.yaml')
const rules: RuleFile = parse(rulesText)
const alerts = rules.groups.flatMap((group) => group.rules)
const names = alerts.map(({ alert }) => alert)

/** Where the page shows a symptom. */
const places = sectionsOf('docs/troubleshooting.md').map(
  ({ heading }) =>
    `https://github.com/gorizond/capi-vip-allocator/blob/main/docs/troubleshooting.md#${headingAnchor(heading)}`,
)

/** Runs the cases of alerts.test.yaml whose name begins so, on rules whose expressions are all replaced by one. */
function testWith(expr: string, cases: string): Promise<Verdict> {
  const replaced = {
    groups: rules.groups.map((group) => ({
      ...group,
      rules: group.rules.map(({ for: _duration, ...rule }) => ({ ...rule, expr })),
    })),
  }
  const files = { 'alerts.yaml': stringify(replaced), 'alerts.test.yaml': casesText }
  return promtool(['test', 'rules', `--run=^${cases}`, 'alerts.test.yaml'], files)
}

/** Names of the alerts of which promtool says that they are not as expected. */
function faulty({ output }: Verdict): readonly string[] {
  return [...new Set([...output.matchAll(/alertname: (\w+)/g)].map(([, name = '']) => name))].toSorted()
}

describe('the alert rules', () => {
  it('are rules that promtool has nothing to say against', async () => {
    const args = ['check', 'rules', '--lint=all', '--lint-fatal', 'alerts.yaml']

    expect(await promtool(args, { 'alerts.yaml': rulesText })).toMatchObject({
      passed: true,
      output: expect.stringContaining(`${alerts.length} rules found`),
    })
  })

  it('fire when they should, once for all replicas and with their words, and are silent when they should be', async () => {
    const files = { 'alerts.yaml': rulesText, 'alerts.test.yaml': casesText }

    const { passed, output } = await promtool(['test', 'rules', 'alerts.test.yaml'], files)

    expect({ passed, output }).toMatchObject({ passed: true })
  })

  it('are each expected to fire in some case: none of them could fall silent unnoticed', async () => {
    expect(faulty(await testWith('vector(0) > 1', ''))).toEqual(names.toSorted())
  })

  it('are each expected to be silent while all is well: none of them could fire for nothing unnoticed', async () => {
    expect(faulty(await testWith('vector(1)', 'nothing fires'))).toEqual(names.toSorted())
  })

  it('have names that are theirs alone', () => {
    for (const name of names) expect(name).toMatch(/^CapiVipAllocator[A-Z]\w+$/)
    expect(new Set(names).size).toBe(names.length)
  })

  it.each(alerts.map((alert) => [alert.alert, alert] as const))(
    '%s has a severity, words, and a place in docs/troubleshooting.md',
    (_name, { labels, annotations }) => {
      expect(Object.keys(labels)).toEqual(['severity'])
      expect(['info', 'warning', 'critical']).toContain(labels['severity'])
      expect(Object.keys(annotations)).toEqual(['summary', 'description', 'runbook_url'])
      expect(places).toContain(annotations['runbook_url'])
    },
  )
})

describe('docs/monitoring.md', () => {
  it('lists the alert rules with their severities, in order', () => {
    const rows = [...textOf('docs/monitoring.md').matchAll(/^\| `(CapiVip\w+)` +\| (\w+) +\|/gm)]

    expect(rows.map(([, name, severity]) => [name, severity])).toEqual(
      alerts.map(({ alert, labels }) => [alert, labels['severity']]),
    )
  })
})

describe('the PrometheusRule', () => {
  const text = textOf('deploy/monitoring/prometheus-rule.yaml')

  it('holds the same groups', () => {
    const { spec }: { spec: RuleFile } = parse(text)

    expect(spec).toEqual(rules)
  })

  it('is in the namespace of the allocator, under its name', () => {
    const { metadata }: { metadata: { name: string; namespace: string; labels: object } } = parse(text)

    const { name, namespace, labels } = manifestOf('Deployment').metadata
    expect(metadata).toEqual({ name, namespace, labels })
  })
})
