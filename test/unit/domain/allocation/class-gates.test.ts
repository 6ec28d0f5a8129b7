import { describe, expect, it } from '@jest/globals'
import { gatesOf, type GateFindings } from '../../../../src/domain/allocation/class-gates.ts'
import { clusterClassFrom, type ClusterClass } from '../../../../src/domain/model/cluster-class.ts'
import type { JsonObject } from '../../../../src/domain/model/decode.ts'
import { extensionConfigFrom, type ExtensionHandler } from '../../../../src/domain/model/extension-config.ts'
import { hostRequiredShape, ownAddressShape, projectShapes } from '../../../e2e/class-shapes.ts'
import { exampleClass } from '../../../support/example-class.ts'
import { classOfShape, variables } from '../../../support/builders.ts'

const prefix = 'vip.capi.gorizond.io'
const annotation = `${prefix}/control-plane-vip`
const reading = `(dig "metadata" "annotations" "${annotation}" "" .builtin.cluster)`
const text = { type: 'string' }

interface ClassOptions {
  readonly annotations?: Readonly<Record<string, string>>
  /** Schemas by name. */
  readonly variables?: Readonly<Record<string, JsonObject>>
  readonly required?: readonly string[]
  readonly patches?: readonly JsonObject[]
}

function aClass(options: ClassOptions): ClusterClass {
  const shape = Object.entries(options.variables ?? {}).map(([name, openAPIV3Schema]) => ({
    name,
    required: options.required?.includes(name) ?? false,
    schema: { openAPIV3Schema },
  }))
  const { annotations = {}, patches = [] } = options
  return classOfShape({ annotations, variables: shape, patches })
}

/** An inline patch `vip` of the infrastructure cluster. */
function patch(
  valueFrom: JsonObject,
  more: JsonObject = {},
  matchResources: JsonObject = everyCluster,
): JsonObject {
  const jsonPatches = [{ op: 'add', path: '/spec/template/spec/controlPlaneEndpoint/host', valueFrom }]
  return { name: 'vip', definitions: [{ selector: { matchResources }, jsonPatches }], ...more }
}

const everyCluster = { infrastructureCluster: true }
const reads = (variable: string): JsonObject => patch({ variable })
const renders = (template: string): JsonObject => patch({ template })

function findingsOf(
  options: ClassOptions | ClusterClass,
  handlers: readonly ExtensionHandler[] = [],
): GateFindings {
  return gatesOf('uid' in options ? options : aClass(options), variables, handlers)
}

const clusterVip = { clusterVip: text }
const variableGate = { gate: 'variable', patch: 'vip', variable: 'clusterVip' }
const annotationGate = { gate: 'fail', patch: 'vip', until: `the annotation ${annotation}` }

describe('a gate', () => {
  it.each<[string, ClassOptions, object]>([
    [
      'a variable that nothing but the allocator sets, and that a patch reads',
      { variables: clusterVip, patches: [reads('clusterVip')] },
      variableGate,
    ],
    [
      'a field of such a variable',
      {
        annotations: { [`${prefix}/control-plane-variable`]: 'net.vip' },
        variables: { net: { type: 'object', properties: { vip: text } } },
        patches: [reads('net.vip')],
      },
      { ...variableGate, variable: 'net.vip' },
    ],
    [
      'the host in a variable that is an object',
      {
        annotations: { [`${prefix}/control-plane-variable`]: 'endpoint' },
        variables: { endpoint: { type: 'object', properties: { host: text } } },
        patches: [reads('endpoint.host')],
      },
      { ...variableGate, variable: 'endpoint.host' },
    ],
    [
      'a variable read for the control plane',
      {
        variables: clusterVip,
        patches: [patch({ variable: 'clusterVip' }, {}, { controlPlane: true })],
      },
      variableGate,
    ],
    [
      'a patch that is always enabled',
      { variables: clusterVip, patches: [patch({ variable: 'clusterVip' }, { enabledIf: 'true' })] },
      variableGate,
    ],
    [
      'a template that fails without the annotation',
      { patches: [renders(`{{ or ${reading} (fail "waiting") }}`)] },
      annotationGate,
    ],
    [
      'a template that fails in another action than the one that reads the annotation',
      {
        patches: [
          renders(
            `{{- $vip := ${reading} -}}\n{{ if not $vip }}{{ fail \`no "VIP"\` }}{{ end }}host: {{ $vip }}`,
          ),
        ],
      },
      annotationGate,
    ],
    [
      'a text that is piped into fail',
      { patches: [renders(`{{ if not ${reading} }}{{ "no" | fail }}{{ end }}`)] },
      annotationGate,
    ],
    [
      'a template that fails without the variable, which is required',
      {
        variables: clusterVip,
        required: ['clusterVip'],
        patches: [renders('{{ if not .clusterVip }}{{ fail "no VIP" }}{{ end }}{{ .clusterVip }}')],
      },
      { gate: 'fail', patch: 'vip', until: 'the variable clusterVip' },
    ],
    [
      'a condition that fails',
      {
        patches: [
          patch({ variable: 'color' }, { enabledIf: `{{ if not ${reading} }}{{ fail "no" }}{{ end }}true` }),
        ],
      },
      annotationGate,
    ],
    [
      'a variable that its Clusters have to give',
      { variables: clusterVip, required: ['clusterVip'], patches: [renders('{{ .clusterVip }}')] },
      { gate: 'required-variable', variable: 'clusterVip' },
    ],
    [
      'an external patch of somebody else, maybe',
      { patches: [{ name: 'theirs', external: { generatePatchesExtension: 'patch.theirs' } }] },
      { gate: 'foreign-extension', handler: 'patch.theirs' },
    ],
  ])('is %s', (_, options, gate) => {
    expect(findingsOf(options).gates[0]).toEqual(gate)
  })

  it('of several is named by the strictest first', () => {
    const { gates } = findingsOf({
      variables: { ...clusterVip },
      patches: [
        { name: 'theirs', external: { generatePatchesExtension: 'patch.theirs' } },
        reads('clusterVip'),
        renders(`{{ or ${reading} (fail "no") }}`),
      ],
    })
    expect(gates.map(({ gate }) => gate)).toEqual(['fail', 'variable', 'foreign-extension'])
  })
})

describe('no gate', () => {
  const noValue = 'in a template without fail, and renders "<no value>" without it'
  it.each<[string, ClassOptions, readonly string[]]>([
    ['a class without patches', { variables: clusterVip }, []],
    ['a class whose patches read something else', { variables: clusterVip, patches: [reads('color')] }, []],
    [
      'a variable with a default',
      { variables: { clusterVip: { ...text, default: '10.0.0.1' } }, patches: [reads('clusterVip')] },
      ['the variable clusterVip has a default, so it is there before the VIP'],
    ],
    [
      'a variable with an empty default',
      { variables: { clusterVip: { ...text, default: '' } }, patches: [reads('clusterVip')] },
      ['the variable clusterVip has a default, so it is there before the VIP'],
    ],
    [
      'a required variable with a default',
      {
        variables: { clusterVip: { ...text, default: '' } },
        required: ['clusterVip'],
        patches: [reads('clusterVip')],
      },
      ['the variable clusterVip has a default, so it is there before the VIP'],
    ],
    [
      'a field with a default, in the variable or in its schema',
      {
        annotations: { [`${prefix}/control-plane-variable`]: 'a.vip,b.vip' },
        variables: {
          a: { type: 'object', default: { vip: '' }, properties: { vip: text } },
          b: { type: 'object', properties: { vip: { ...text, default: 'x' } } },
        },
        patches: [reads('a.vip'), reads('b.vip')],
      },
      [
        'the variable a.vip has a default, so it is there before the VIP',
        'the variable b.vip has a default, so it is there before the VIP',
      ],
    ],
    [
      'an object that the Cluster gives for other reasons',
      {
        annotations: { [`${prefix}/control-plane-variable`]: 'net.vip' },
        variables: { net: { type: 'object', properties: { vip: text } } },
        patches: [reads('net')],
      },
      ['patch vip reads net, which is there as soon as the Cluster gives anything in it'],
    ],
    [
      'a patch with a condition',
      {
        variables: clusterVip,
        patches: [patch({ variable: 'clusterVip' }, { enabledIf: '{{ if .clusterVip }}true{{ end }}' })],
      },
      ['patch vip waits only where its enabledIf is true'],
    ],
    [
      'a template that fails in a patch with a condition',
      { patches: [patch({ template: `{{ or ${reading} (fail "no") }}` }, { enabledIf: '{{ .useVip }}' })] },
      ['patch vip waits only where its enabledIf is true'],
    ],
    [
      'a template that reads the variable without fail',
      { variables: clusterVip, patches: [renders('{{ .clusterVip }}')] },
      [`patch vip reads the variable clusterVip ${noValue}`],
    ],
    [
      'a template that reads the annotation without fail',
      { patches: [renders(`{{ ${reading} }}`)] },
      [`patch vip reads the annotation ${annotation} ${noValue}`],
    ],
    [
      'a template that fails for another reason',
      { patches: [renders('{{ if .x }}{{ fail "no" }}{{ end }}')] },
      [],
    ],
    [
      'the word fail outside of actions, in texts, comments, fields and longer names',
      {
        patches: [
          renders(
            `fail {{/* fail */}}{{ "fail" }}{{ \`fail\` }}{{ .fail }}{{ $fail }}{{ failed }}{{ unfail }} ${reading}`,
          ),
        ],
      },
      [`patch vip reads the annotation ${annotation} ${noValue}`],
    ],
    [
      'a comment about the annotation',
      { patches: [renders(`{{- /* ${annotation} */ -}}{{ fail "no" }}`)] },
      [`patch vip reads the annotation ${annotation} ${noValue}`],
    ],
    [
      'a patch of machines',
      {
        variables: clusterVip,
        patches: [patch({ variable: 'clusterVip' }, {}, { machineDeploymentClass: { names: ['*'] } })],
      },
      ['patch vip reads the variable clusterVip for machines only, which not every Cluster has'],
    ],
    [
      'a variable that nobody reads, although Clusters have to give it',
      { variables: clusterVip, required: ['clusterVip'] },
      ['no patch reads the variable clusterVip'],
    ],
    [
      'a variable of the ingress VIP',
      { variables: { ingressVip: text }, patches: [reads('ingressVip')] },
      [],
    ],
    [
      'a variable that the class does not let have the VIP',
      {
        annotations: { [`${prefix}/control-plane-variable`]: '' },
        variables: clusterVip,
        patches: [reads('clusterVip')],
      },
      [],
    ],
  ])('is %s', (_, options, notGates) => {
    expect(findingsOf(options)).toEqual({ gates: [], notGates })
  })
})

describe('a runtime extension', () => {
  const handlersOf = (options: {
    hook: string
    failurePolicy?: string
    manager?: string
    namespaceSelector?: object
  }): readonly ExtensionHandler[] => {
    const { hook, manager = 'capi-vip-allocator', namespaceSelector, failurePolicy } = options
    return extensionConfigFrom({
      metadata: { name: 'vips', managedFields: [{ manager: 'core' }, { manager }] },
      spec: { ...(namespaceSelector && { namespaceSelector }) },
      status: {
        handlers: [
          { name: 'vip.vips', requestHook: { hook }, ...(failurePolicy !== undefined && { failurePolicy }) },
        ],
      },
    }).handlers
  }
  const external = { patches: [{ name: 'ours', external: { generatePatchesExtension: 'vip.vips' } }] }
  const readByTemplate = { variables: clusterVip, patches: [renders('{{ .clusterVip }}')] }

  it.each(['Fail', undefined])('of ours is a gate where its failurePolicy is %s', (failurePolicy) => {
    const policy = failurePolicy === undefined ? {} : { failurePolicy }
    expect(findingsOf(external, handlersOf({ hook: 'GeneratePatches', ...policy }))).toEqual({
      gates: [{ gate: 'generate-patches', handler: 'vip.vips' }],
      notGates: [],
    })
  })

  it('of ours is none where its failures are ignored', () => {
    expect(findingsOf(external, handlersOf({ hook: 'GeneratePatches', failurePolicy: 'Ignore' }))).toEqual({
      gates: [],
      notGates: ['the failurePolicy of vip.vips is Ignore, so the template is rendered without it'],
    })
    expect(
      findingsOf(readByTemplate, handlersOf({ hook: 'BeforeClusterCreate', failurePolicy: 'Ignore' })).gates,
    ).toEqual([])
  })

  it('of somebody else may be one', () => {
    expect(findingsOf(external, handlersOf({ hook: 'GeneratePatches', manager: 'caren' })).gates).toEqual([
      { gate: 'foreign-extension', handler: 'vip.vips' },
    ])
  })

  it('holds up the Clusters of the namespaces that it is called for, if a patch reads the VIP', () => {
    const named = (name: string): object => ({ matchLabels: { 'kubernetes.io/metadata.name': name } })
    const gate = { gate: 'before-cluster-create', handler: 'vip.vips' }
    const hook = 'BeforeClusterCreate'
    expect(findingsOf(readByTemplate, handlersOf({ hook })).gates).toEqual([gate])
    for (const namespaceSelector of [named('clusters'), { matchLabels: { tenant: 'a' } }]) {
      expect(findingsOf(readByTemplate, handlersOf({ hook, namespaceSelector })).gates).toEqual([gate])
    }
    expect(
      findingsOf(readByTemplate, handlersOf({ hook, namespaceSelector: named('others') })).gates,
    ).toEqual([])
    expect(findingsOf(readByTemplate, handlersOf({ hook, manager: 'others' })).gates).toEqual([])
    expect(findingsOf({}, handlersOf({ hook }))).toEqual({
      gates: [],
      notGates: ['vip.vips holds up its Clusters, but no patch reads their VIP'],
    })
  })
})

describe('the classes that docs name', () => {
  it.each([
    ['cluster-class', { gate: 'variable', patch: 'control-plane-endpoint', variable: 'clusterVip' }],
    [
      'cluster-class-without-variable',
      { gate: 'fail', patch: 'control-plane-endpoint', until: `the annotation ${annotation}` },
    ],
  ])('as examples/%s.yaml wait', (name, gate) => {
    expect(findingsOf(exampleClass(name)).gates[0]).toEqual(gate)
  })

  it('as examples/cluster-class-without-variable.yaml wait by each of its patches alone', () => {
    const clusterClass = exampleClass('cluster-class-without-variable')
    for (const each of clusterClass.patches) {
      const { gates } = findingsOf({ ...clusterClass, patches: [each] })
      expect(gates).toEqual([{ gate: 'fail', patch: each.name, until: `the annotation ${annotation}` }])
    }
  })

  const own = ['k3s', 'Talos']
  it.each(projectShapes.map((shape) => [shape.project, shape] as const))(
    'as that of %s are no false alarm',
    (project, shape) => {
      expect(findingsOf(classOfShape(shape)).gates[0]?.gate).toBe(
        own.includes(project) ? 'variable' : 'required-variable',
      )
    },
  )

  it('as that of CAREN are none, and that of CAPHV has no gate to need', () => {
    expect(findingsOf(classOfShape(hostRequiredShape)).gates[0]?.gate).toBe('required-variable')
    expect(findingsOf(classOfShape(ownAddressShape))).toEqual({ gates: [], notGates: [] })
  })

  it('have no gate before they are annotated, if their variable has another name', () => {
    for (const { annotations = {}, ...shape } of projectShapes) {
      const isNamed = Object.keys(annotations).length > 0
      expect(findingsOf(classOfShape(shape)).gates).toHaveLength(isNamed ? 0 : 1)
    }
  })

  it('can be read in any version', () => {
    const patches = [{ name: 'vip', external: { generateExtension: 'patch.theirs' } }]
    expect(findingsOf(clusterClassFrom({ metadata: { uid: 'u' }, spec: { patches } })).gates).toEqual([
      { gate: 'foreign-extension', handler: 'patch.theirs' },
    ])
  })
})
