import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { cpSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join, relative } from 'node:path'
import { parse, stringify } from 'yaml'
import { chartDirectory, runHelm, settings } from '../../../dev/chart/helm.ts'
import { readManifests } from '../../../dev/stack/manifests.ts'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { realParts } from '../../support/real-parts.ts'
import { root, textOf } from './support.ts'

const { helm, helmUnittest } = realParts()
const chartPath = 'deploy/chart/capi-vip-allocator'
const rules = textOf(`${chartPath}/templates/_validations.tpl`)
let directory: string

beforeAll(() => {
  directory = mkdtempSync(join(tmpdir(), 'capi-vip-allocator-values-'))
})

afterAll(() => rmSync(directory, { recursive: true, force: true }))

interface Schema {
  readonly $ref?: string
  readonly type?: string | readonly string[]
  readonly enum?: readonly unknown[]
  readonly minimum?: number
  readonly maximum?: number
  readonly minItems?: number
  readonly properties?: Readonly<Record<string, Schema>>
  readonly required?: readonly string[]
  readonly definitions?: Readonly<Record<string, Schema>>
}

/** A value of the chart, with what the schema says about it. */
interface Value {
  readonly path: string
  readonly name: string
  readonly schema: Schema
  readonly isRequired: boolean
}

const schema: Schema = JSON.parse(textOf(`${chartPath}/values.schema.json`))
const defaults: unknown = parse(textOf(`${chartPath}/values.yaml`))

/** Every value that values.yaml has, sections included. Keys of maps that users fill are no values. */
const values: readonly Value[] = valuesIn(schema, defaults, '').filter(
  ({ path }) => !path.startsWith('global'),
)

function valuesIn(at: Schema, value: unknown, prefix: string): readonly Value[] {
  const known = Object.entries(at.properties ?? {})
  if (typeof value !== 'object' || value === null) return []
  return known
    .filter(([name]) => name in value)
    .flatMap(([name, given]) => {
      const part = schema.definitions?.[given.$ref?.split('/').at(-1) ?? ''] ?? given
      const path = `${prefix}${name}`
      const within = valuesIn(part, (value as Readonly<Record<string, unknown>>)[name], `${path}.`)
      return [{ path, name, schema: part, isRequired: at.required?.includes(name) === true }, ...within]
    })
}

const typesOf = ({ type = [] }: Schema): readonly string[] => [type].flat()
const isText = (each: Schema): boolean => typesOf(each).includes('string') && each.enum === undefined

/** Values with which every part of the chart is there. */
const everything = {
  'networkPolicy.enabled': true,
  'serviceMonitor.enabled': true,
  'prometheusRule.enabled': true,
  'dashboard.enabled': true,
  'runtimeExtension.enabled': true,
  'runtimeExtension.certManager.enabled': true,
  'temporal.embedded.enabled': true,
}
/** Those that are not in the section itself. */
function switchesFor(path: string): Readonly<Record<string, unknown>> {
  const switches = path.startsWith('podMonitor')
    ? { ...everything, 'serviceMonitor.enabled': false, 'podMonitor.enabled': true }
    : everything
  return Object.fromEntries(Object.entries(switches).filter(([name]) => !name.startsWith(`${path}.`)))
}

/** What Helm has to say of a value; absent: it renders everything. */
interface Case {
  readonly it: string
  readonly set: Readonly<Record<string, unknown>>
  readonly fault?: string
  /** Not together with other cases. */
  readonly alone?: boolean
}

/** Runs cases by helm-unittest, in one process: each that has a fault, and all others that have the same switches at once. */
async function expectAll(name: string, cases: readonly Case[]): Promise<void> {
  const [rendered = [], refused = []] = [false, true].map((is) =>
    cases.filter(({ fault }) => (fault !== undefined) === is),
  )
  const together = Map.groupBy(rendered, ({ alone, it: title }) => (alone === true ? title : 'all others'))
  const tests = [
    ...refused.map(({ it: title, set, fault }) => ({
      it: title,
      template: 'templates/tests/doctor.yaml',
      set,
      asserts: [{ failedTemplate: { errorPattern: fault } }],
    })),
    ...[...together].map(([title, each]) => ({
      it: title,
      set: Object.assign({}, ...each.map(({ set }) => set)),
      asserts: [{ notFailedTemplate: {} }],
    })),
  ]
  const file = join(directory, `${name}_test.yaml`)
  const release = { name: 'vips', namespace: 'vip-system' }
  writeFileSync(file, stringify({ suite: name, release, tests }))
  const output = await runCommand({
    command: helmUnittest,
    args: [`--file=${relative(chartDirectory, file)}`, chartDirectory],
    cwd: root,
  })
  expect(output).toContain(`${tests.length} passed`)
}

const escaped = (text: string): string => text.replaceAll(/[[\].]/g, String.raw`\$&`)

/** Texts that may not be empty, with what is expected in their place. */
const neverEmpty: Readonly<Record<string, string>> = {
  'image.repository': 'expected a repository',
  'temporal.apiKey.key': 'expected a key in a Secret',
  'temporal.config.key': 'expected a key in a Secret',
  'temporal.tls.certKey': 'expected both or none',
  'temporal.tls.keyKey': 'expected both or none',
  'temporal.embedded.image.repository': 'expected a repository',
  'temporal.embedded.image.tag': 'expected one of the two',
  'temporal.embedded.persistence.size': 'expected a size',
  'podDisruptionBudget.maxUnavailable': 'expected one of the two',
  'runtimeExtension.certificate.certKey': 'expected a key in a Secret',
  'runtimeExtension.certificate.keyKey': 'expected a key in a Secret',
  'runtimeExtension.certificate.caKey': 'expected a key in a Secret',
  'runtimeExtension.clientCa.key': 'expected a key in a Secret',
}

describe('every value of the chart', () => {
  it('is refused without it, by its name, or may be null', async () => {
    const cases = values.map(({ path, name, isRequired }) => ({
      it: path,
      set: { ...switchesFor(path), [path]: null },
      alone: path.startsWith('podMonitor'),
      ...(isRequired && { fault: `missing property '${name}'` }),
      ...(path === 'podDisruptionBudget.maxUnavailable' && { fault: neverEmpty[path] ?? '' }),
    }))

    expect(cases.length).toBeGreaterThan(150)
    await expectAll('null', cases)
  })

  it('is refused with another type, by its path', async () => {
    const cases = values.map(({ path, schema: part }) => ({
      it: path,
      set: { [path]: typesOf(part).includes('string') ? ['a list'] : 'a text' },
      fault: `at '/${path.replaceAll('.', '/')}'`,
    }))

    await expectAll('types', cases)
  })

  it('renders if it is empty, or is refused by its name', async () => {
    const cases = values.flatMap(({ path, schema: part }): readonly Case[] => {
      const alone = path.startsWith('podMonitor')
      const set = (empty: unknown): Case['set'] => ({ ...switchesFor(path), [path]: empty })
      if (isText(part)) {
        const expected = neverEmpty[path]
        const fault = expected && `${escaped(path)} is ""[^\n]*: ${expected}`
        return [{ it: path, set: set(''), alone, ...(fault !== undefined && { fault }) }]
      }
      if (!typesOf(part).includes('array')) return []
      const fault = (part.minItems ?? 0) > 0 ? `at '/${path.replaceAll('.', '/')}'` : undefined
      return [{ it: path, set: set([]), alone, ...(fault !== undefined && { fault }) }]
    })

    expect(cases.length).toBeGreaterThan(70)
    await expectAll('empty', cases)
  })

  it('is refused beyond its limits, and accepted at them', async () => {
    const cases = values.flatMap(({ path, schema: { minimum, maximum } }) => {
      const fault = `at '/${path.replaceAll('.', '/')}'`
      return [
        ...(minimum === undefined
          ? []
          : [
              { it: `${path} at its least`, set: { [path]: minimum }, alone: true },
              { it: `${path} below`, set: { [path]: minimum - 1 }, fault },
            ]),
        ...(maximum === undefined
          ? []
          : [
              { it: `${path} at its most`, set: { [path]: maximum }, alone: true },
              { it: `${path} above`, set: { [path]: maximum + 1 }, fault },
            ]),
      ]
    })

    expect(cases.length).toBeGreaterThan(40)
    await expectAll('limits', cases)
  })

  it('that switches something does so alone, or says what it needs', async () => {
    const needs: Readonly<Record<string, string>> = {
      'rbac.namespaced': String.raw`namespaces is \[\]: expected the namespaces`,
      'rbac.globalPools': 'rbac.namespaced is false: expected rbac.namespaced=true',
      'serviceAccount.automount': 'expected a volume with a token',
      'runtimeExtension.enabled': 'expected one of the two',
    }
    const cases = values
      .filter(({ schema: part }) => typesOf(part).includes('boolean'))
      .map(({ path }) => {
        const fault = needs[path]
        return {
          it: path,
          set: { [path]: defaultOf(path) !== true },
          alone: true,
          ...(fault !== undefined && { fault }),
        }
      })

    expect(cases.length).toBeGreaterThan(15)
    await expectAll('switches', cases)
  })

  it('that is a text has a format', () => {
    const without = values
      .filter(({ schema: part }) => isText(part) && !typesOf(part).includes('integer'))
      .map(({ path }) => path)
      .filter((path) => !new RegExp(`[ [,]${escaped(path)}([,\\]\n]|$)`, 'm').test(rules))

    expect(without).toEqual([])
  })
})

function defaultOf(path: string): unknown {
  return path
    .split('.')
    .reduce<unknown>((value, name) => (value as Readonly<Record<string, unknown>>)[name], defaults)
}

describe('the validations', () => {
  it('each say what was expected', () => {
    const sentences = rules.split('\n').filter((line) => /^- (?!expected: )/.test(line))

    expect(sentences.length).toBeGreaterThan(50)
    for (const sentence of sentences) expect(sentence).toMatch(/ (is|has the key) .*: expected /)
  })
})

describe('the chart as a dependency of another one', () => {
  const parent = (): string => join(directory, 'parent')
  const version = '0.8.0'

  beforeAll(() => {
    mkdirSync(join(parent(), 'charts'), { recursive: true })
    cpSync(chartDirectory, join(parent(), 'charts', 'capi-vip-allocator'), { recursive: true })
    const dependency = { name: 'capi-vip-allocator', version, repository: 'file://charts/capi-vip-allocator' }
    const chart = {
      apiVersion: 'v2',
      name: 'platform',
      version: '1.0.0',
      dependencies: [
        { ...dependency, condition: 'capi-vip-allocator.enabled', tags: ['vips'] },
        { ...dependency, alias: 'tenants', condition: 'tenants.enabled' },
      ],
    }
    writeFileSync(join(parent(), 'Chart.yaml'), stringify(chart))
  })

  async function deploymentsWith(given: Readonly<Record<string, unknown>>): Promise<readonly string[]> {
    const text = await runHelm(helm, ['template', 'platform', parent(), ...settings(given)])
    return readManifests({ text })
      .filter(({ kind }) => kind === 'Deployment')
      .map(({ metadata }) => metadata.name)
  }

  it('is there or not by its condition, beside the values of other charts', async () => {
    const global = { imageRegistry: 'registry.example.org', storageClass: 'fast', postgresql: { auth: {} } }
    const tenants = { enabled: false }

    await expect(
      deploymentsWith({ global, tenants, 'capi-vip-allocator': { enabled: true } }),
    ).resolves.toEqual(['platform-capi-vip-allocator'])
    await expect(deploymentsWith({ tenants, 'capi-vip-allocator': { enabled: false } })).resolves.toEqual([])
    await expect(deploymentsWith({ tenants, tags: { vips: false } })).resolves.toEqual([])
  })

  it('is there twice by an alias', async () => {
    await expect(deploymentsWith({ tenants: { enabled: true, managementCluster: 'east' } })).resolves.toEqual(
      ['platform-capi-vip-allocator', 'platform-tenants'],
    )
  })

  it('says which of its values is wrong', async () => {
    await expect(
      deploymentsWith({ 'capi-vip-allocator': { enabled: true, metrics: { port: 8081 } } }),
    ).rejects.toThrow('healthProbe.port is 8081 and metrics.port is 8081: expected different ports')
  })

  it('takes null of the other chart for an empty map', async () => {
    await expect(
      deploymentsWith({
        'capi-vip-allocator': { commonLabels: null, resources: null },
        tenants: { enabled: false },
      }),
    ).resolves.toHaveLength(1)
  })
})
