import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { parse } from 'yaml'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { isObject, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'
import { everyTool, type GitOpsTool, type ToolName } from './gitops-tools.ts'
import {
  changeClass,
  endpointOf,
  getObject,
  optionalStringVariables,
  variablesOf,
  type StoredObject,
} from './objects.ts'

const prefix = 'vip.capi.gorizond.io'
const className = 'gitops-class'
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

/** A Cluster that one tool has applied once. */
export interface Applied {
  readonly tool: GitOpsTool
  readonly manifest: JsonObject
  readonly settled: StoredObject
}

/** An allocator beside GitOps tools. */
export interface GitOpsFixture extends Pick<Fixture, 'testbed' | 'close'> {
  /** A manifest of the page, for a Cluster of another name in the testbed. */
  manifestFor(page: string, name: string, variables?: readonly JsonObject[]): JsonObject
  /** Applies a manifest once, and waits until its Cluster has settled. */
  applyOnce(toolName: ToolName, manifest: JsonObject): Promise<Applied>
}

/** Opens a fixture with a class and two pools; `close` it at the end. @param ranges for control planes and ingress */
export async function openGitOpsFixture(ranges: readonly [string, string]): Promise<GitOpsFixture> {
  const { stack } = realParts()
  const suite = await openFixtureWithAllocator()
  const { testbed } = suite
  await testbed.createClass(className)
  await changeClass(testbed, className, {
    variables: optionalStringVariables('clusterVip', 'ingressVip', 'color'),
  })
  await testbed.createPool(ranges[0], { className })
  await testbed.createPool(ranges[1], {
    name: 'ingress-pool',
    className,
    labels: { [`${prefix}/role`]: 'ingress' },
  })

  /** Waits until a Cluster has both VIPs and its objects, and nobody changes it any more. Resolves with it. */
  const untilSettled = async (name: string): Promise<StoredObject> => {
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

  return {
    testbed,
    manifestFor: (page, name, variables) => {
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
    },
    applyOnce: async (toolName, manifest) => {
      const tool = everyTool[toolName]({ stack, testbed })
      await tool.apply(manifest)
      return { tool, manifest, settled: await untilSettled(String(objectOf(manifest['metadata'])['name'])) }
    },
    close: suite.close,
  }
}

/** All that the allocator writes to a Cluster. */
export function written(cluster: StoredObject): object {
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
