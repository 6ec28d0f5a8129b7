import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { isObject, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import {
  everyTool,
  isModified,
  replacesLists,
  toolNames,
  type GitOpsTool,
  type ToolName,
} from './gitops-tools.ts'
import {
  changeClass,
  endpointOf,
  getObject,
  optionalStringVariables,
  variablesOf,
  type StoredObject,
} from './objects.ts'
import { record, type Recording } from './recording.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const prefix = 'vip.capi.gorizond.io'
const className = 'gitops-class'
/** How often each manifest is applied after the first time. */
const repetitions = 3
/** Cluster API reconciles an object once a second; a Cluster that stays as it is for longer has settled. */
const settledAfterMs = 2_500

/** The manifests of Clusters on the page, by their names. */
const manifests = new Map(
  [
    ...readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'gitops.md'), 'utf8').matchAll(
      /^```yaml\n(.*?)^```$/gms,
    ),
  ]
    .map(([, text = '']): unknown => parse(text))
    .filter(isObject)
    .filter(({ kind }) => kind === 'Cluster')
    .map((manifest) => [String(objectOf(manifest['metadata'])['name']), manifest]),
)

let suite: Fixture
let testbed: Testbed
let recording: Recording<StoredObject>

/** A manifest of the page, for a Cluster of another name in the testbed. */
function manifestFor(page: string, name: string, variables?: readonly JsonObject[]): JsonObject {
  const manifest = manifests.get(page) ?? {}
  const spec = objectOf(manifest['spec'])
  return {
    ...manifest,
    metadata: { ...objectOf(manifest['metadata']), name, namespace: testbed.namespace },
    spec: {
      ...spec,
      topology: {
        ...objectOf(spec['topology']),
        classRef: { name: className },
        ...(variables && { variables }),
      },
    },
  }
}

beforeAll(async () => {
  suite = await openFixtureWithAllocator()
  ;({ testbed } = suite)
  await testbed.createClass(className)
  await changeClass(testbed, className, {
    variables: optionalStringVariables('clusterVip', 'ingressVip', 'color'),
  })
  await testbed.createPool('10.181.0.10-10.181.0.99', { className })
  await testbed.createPool('10.181.1.10-10.181.1.99', {
    name: 'ingress-pool',
    className,
    labels: { [`${prefix}/role`]: 'ingress' },
  })
  recording = await record<StoredObject>(stack, testbed.path('clusters'))
})

afterAll(() => suite.close(() => recording.close()))

/** Waits until a Cluster has both VIPs and its objects, and nobody changes it any more. Resolves with it. */
async function untilSettled(name: string): Promise<StoredObject> {
  await testbed.untilCluster(
    name,
    (now) =>
      now !== undefined &&
      now.isRendered &&
      vipConditionOf(now, 'control-plane')?.status === 'True' &&
      vipConditionOf(now, 'ingress')?.status === 'True',
  )
  return eventually(`${name} to settle`, async () => {
    const before = await getObject(testbed, 'clusters', name)
    await delay(settledAfterMs)
    const after = await getObject(testbed, 'clusters', name)
    return after.metadata.resourceVersion === before.metadata.resourceVersion ? after : undefined
  })
}

/** A Cluster that one tool has applied once. */
interface Applied {
  readonly tool: GitOpsTool
  readonly manifest: JsonObject
  readonly settled: StoredObject
}

/** Applies a manifest once, and waits until its Cluster has settled. */
async function applyOnce(toolName: ToolName, manifest: JsonObject): Promise<Applied> {
  const tool = everyTool[toolName]({ stack, testbed })
  await tool.apply(manifest)
  return { tool, manifest, settled: await untilSettled(String(objectOf(manifest['metadata'])['name'])) }
}

/** All that the allocator writes to a Cluster. */
function written(cluster: StoredObject): object {
  const { annotations = {}, labels = {} } = cluster.metadata
  const { clusterVip, ingressVip } = variablesOf(cluster)
  const ours = Object.entries(annotations).filter(([name]) => name.startsWith(`${prefix}/`))
  return {
    endpoint: endpointOf(cluster),
    clusterVip,
    ingressVip,
    label: labels[`${prefix}/ingress-vip`],
    annotations: Object.fromEntries(ours),
  }
}

/** The manifests of the page, each with the tools for which it is meant. */
const applications = [
  ...toolNames.map((toolName) => ['blue', toolName] as const),
  ...toolNames
    .filter((toolName) => toolName !== replacesLists)
    .map((toolName) => ['green', toolName] as const),
]

describe('a manifest of docs/gitops.md', () => {
  let all: readonly Applied[]

  beforeAll(async () => {
    all = await Promise.all(
      applications.map(([page, toolName], index) =>
        applyOnce(toolName, manifestFor(page, `${page}-${index}`)),
      ),
    )
  })

  it.each(applications)('%s, applied again and again by %s, changes nothing', async (page, toolName) => {
    const applied = all[applications.findIndex((each) => each[0] === page && each[1] === toolName)]
    if (applied === undefined) throw new Error(`${toolName} has applied nothing`)
    const { tool, manifest, settled } = applied
    const { name } = settled.metadata
    const { host } = endpointOf(settled)
    expect(written(settled)).toEqual({
      endpoint: { host: expect.stringMatching(/^10\.181\.0\.\d+$/), port: 6443 },
      clusterVip: host,
      ingressVip: expect.stringMatching(/^10\.181\.1\.\d+$/),
      label: variablesOf(settled)['ingressVip'],
      annotations: {
        [`${prefix}/ingress-enabled`]: 'true',
        [`${prefix}/control-plane-vip`]: host,
        [`${prefix}/control-plane-variables-written`]: 'clusterVip',
        [`${prefix}/ingress-vip`]: variablesOf(settled)['ingressVip'],
        [`${prefix}/ingress-variables-written`]: 'ingressVip',
      },
    })
    const versions = recording.versionsOf(name).length
    for (let times = 0; times < repetitions; times += 1) await tool.apply(manifest)
    const after = await getObject(testbed, 'clusters', name)
    expect(after.metadata.resourceVersion).toBe(settled.metadata.resourceVersion)
    expect(after.metadata.generation).toBe(settled.metadata.generation)
    expect(after).toEqual(settled)
    expect(recording.versionsOf(name)).toHaveLength(versions)
    // Argo CD without server-side apply and Fleet compare so.
    expect(isModified(after, manifest)).toBe(page === 'green')
  })
})
