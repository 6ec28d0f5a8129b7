import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { eventually } from '../support/eventually.ts'
import { renderedPath, type RenderedObject } from './class-shapes.ts'
import { changeClass, getObject, type StoredObject } from './objects.ts'
import { record, type Recording } from './recording.ts'
import type { Testbed } from './testbed.ts'

/** What a Cluster of examples/cluster-class-without-variable.yaml says while it waits. */
export const waitsForAllocator = 'waiting for capi-vip-allocator to assign the VIP'

/** Creates the class of examples/cluster-class-without-variable.yaml under a name. @param patches the names of those it keeps */
export async function createClassWithoutVariable(
  testbed: Testbed,
  className: string,
  patches: readonly string[] = ['control-plane-endpoint', 'kube-vip'],
): Promise<void> {
  await testbed.applyExample('cluster-class-without-variable', [
    'name: without-variable\n',
    `name: ${className}\n`,
  ])
  const { spec } = await getObject(testbed, 'clusterclasses', className)
  const all = spec['patches'] as readonly { readonly name: string }[]
  await changeClass(testbed, className, { patches: all.filter(({ name }) => patches.includes(name)) })
}

/** The texts in docs/gates.md that a waiting Cluster shows. */
export function shownTexts(): readonly string[] {
  const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'gates.md'), 'utf8')
  return [...page.matchAll(/^```text\n(.*?)\n```$/gms)].map(([, text = '']) => text)
}

/** Waits until the Cluster says why Cluster API has not rendered its topology. Resolves with the message. */
export async function untilTopologyWaits(testbed: Testbed, name: string): Promise<string> {
  return eventually(`the topology of ${name} to wait`, async () => {
    const cluster = await testbed.untilCluster(name, (now) => now !== undefined)
    const condition = cluster?.conditions.find(({ type }) => type === 'TopologyReconciled')
    return condition?.status === 'False' && condition.reason === 'ReconcileFailed'
      ? condition.message
      : undefined
  })
}

/** All versions of what Cluster API renders, from the first on. */
export interface RenderedVersions {
  /** The first version of an object of the Cluster, as soon as there is one. */
  readonly first: (cluster: string, ref: RenderedObject) => Promise<StoredObject>
  /** Resolves with the object as soon as it matches. */
  readonly until: (
    cluster: string,
    ref: RenderedObject,
    is: (now: StoredObject) => boolean,
  ) => Promise<StoredObject>
  readonly close: () => Promise<unknown>
}

export async function recordRendered(stack: StackConnection, testbed: Testbed): Promise<RenderedVersions> {
  const open = (ref: RenderedObject): Promise<Recording<StoredObject>> =>
    record<StoredObject>(stack, renderedPath(testbed, ref, '').replace(/\/$/, ''))
  const recordings = {
    infrastructureRef: await open('infrastructureRef'),
    controlPlaneRef: await open('controlPlaneRef'),
  }
  const nameOf = async (cluster: string, ref: RenderedObject): Promise<string> =>
    eventually(`the ${ref} of ${cluster}`, async () => {
      const { spec } = await getObject(testbed, 'clusters', cluster)
      return (spec[ref] as { readonly name?: string } | undefined)?.name
    })
  const until: RenderedVersions['until'] = async (cluster, ref, is) => {
    const name = await nameOf(cluster, ref)
    const found = await recordings[ref].until(name, (now) => now !== undefined && is(now))
    if (found === undefined) throw new Error(`${name} is gone`)
    return found
  }
  return {
    until,
    first: async (cluster, ref) => {
      const { metadata } = await until(cluster, ref, () => true)
      const [first] = recordings[ref].versionsOf(metadata.name)
      if (first === undefined) throw new Error(`${metadata.name} has no version`)
      return first
    },
    close: () => Promise.all(Object.values(recordings).map((recording) => recording.close())),
  }
}
