import { execFile } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { isDeepStrictEqual, promisify } from 'node:util'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { arrayOf, isObject, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { ourWrites, variablesOf, type StoredObject } from './objects.ts'
import type { Testbed } from './testbed.ts'

/** Applies the manifest of a Cluster in the way of one tool; a tool may remember what it applied before. */
export interface GitOpsTool {
  /** What the tool does with this manifest at one of its reconciliations. */
  apply(manifest: JsonObject): Promise<void>
}

/** Where the tools write. */
export interface ToolTarget {
  readonly stack: StackConnection
  readonly testbed: Testbed
}

/** Opens a tool that has not applied anything yet. */
export type OpenTool = (target: ToolTarget) => GitOpsTool

/** `kubectl apply`. Argo CD contains kubectl's own code. */
const kubectlApply =
  (...flags: readonly string[]): OpenTool =>
  ({ stack }) => ({
    apply: async (manifest) => {
      const file = join(stack.runDirectory, `${crypto.randomUUID()}.json`)
      await writeFile(file, JSON.stringify(manifest))
      const args = ['--kubeconfig', stack.kubeconfigPath, 'apply', ...flags, '--filename', file]
      await promisify(execFile)(stack.paths.kubectl, args)
    },
  })

const argoFlags = ['--server-side', '--force-conflicts', '--field-manager=argocd-controller']

/** Flux's kustomize-controller: a forced dry run, and if that differs from the object, the same for real. */
const flux: OpenTool = ({ testbed }) => ({
  apply: async (manifest) => {
    const apply = { manager: 'kustomize-controller', force: true }
    const present = await readCluster(testbed, manifest)
    const dryRun = await serverSideApply(testbed, manifest, { ...apply, dryRun: true })
    if (present !== undefined && isDeepStrictEqual(comparable(present), comparable(dryRun))) return
    await serverSideApply(testbed, manifest, apply)
  },
})

/** Helm 4: server-side apply, without force. */
const helm4: OpenTool = ({ testbed }) => ({
  apply: async (manifest) => {
    await serverSideApply(testbed, manifest, { manager: 'helm' })
  },
})

/** Helm 3: custom resources get the merge patch from the last manifest to this one, whatever the object is now. */
const helm3: OpenTool = ({ testbed }) => {
  let last: JsonObject | undefined
  return {
    apply: async (manifest) => {
      const patch = last === undefined ? undefined : mergePatchFrom(last, manifest)
      last = manifest
      if (patch === undefined) {
        await testbed.api.send({ method: 'POST', path: testbed.path('clusters'), body: manifest })
      } else if (Object.keys(patch).length > 0) {
        await testbed.patch(pathOf(testbed, manifest), patch)
      }
    },
  }
}

/** Fleet: as Helm 3; if the object differs from the manifest, its drift correction rolls back to the same manifest. */
const fleet: OpenTool = (target) => {
  const helm = helm3(target)
  return {
    apply: async (manifest) => {
      await helm.apply(manifest)
      const present = await readCluster(target.testbed, manifest)
      if (present !== undefined && isModified(present, manifest)) await helm.apply(manifest)
    },
  }
}

/**
 * Argo CD with `ServerSideApply` and `RespectIgnoreDifferences`, where `ignoreDifferences` names the allocator as field
 * manager: variables whose values it manages are applied as they are in the Cluster.
 */
export const argoThatIgnoresDifferences: OpenTool = (target) => {
  const argo = kubectlApply(...argoFlags)(target)
  return {
    apply: async (manifest) => {
      const present = await readCluster(target.testbed, manifest)
      await argo.apply(present === undefined ? manifest : withManagedValues(manifest, present))
    },
  }
}

function withManagedValues(manifest: JsonObject, present: StoredObject): JsonObject {
  const managed = ourWrites(present).map(({ fieldsV1 }) =>
    objectOf(objectOf(objectOf(fieldsV1['f:spec'])['f:topology'])['f:variables']),
  )
  const live = variablesOf(present)
  const spec = objectOf(manifest['spec'])
  const topology = objectOf(spec['topology'])
  const variables = arrayOf(topology['variables'])
    .filter(isObject)
    .map((entry) => {
      const key = `k:${JSON.stringify({ name: entry['name'] })}`
      return managed.some((fields) => key in fields)
        ? { ...entry, value: live[String(entry['name'])] }
        : entry
    })
  return { ...manifest, spec: { ...spec, topology: { ...topology, variables } } }
}

/** Every tool, by its name and that of others that write alike. */
export const everyTool = {
  'kubectl apply, Argo CD': kubectlApply(),
  'kubectl apply --server-side': kubectlApply('--server-side'),
  'kubectl apply --server-side --force-conflicts, Argo CD with ServerSideApply': kubectlApply(...argoFlags),
  Flux: flux,
  'Helm 4': helm4,
  'Helm 3': helm3,
  Fleet: fleet,
} as const satisfies Readonly<Record<string, OpenTool>>

export type ToolName = keyof typeof everyTool

export const toolNames = Object.keys(everyTool) as readonly ToolName[]

/** The tool that replaces a list as a whole, also where nobody has changed the manifest. */
export const replacesLists: ToolName = 'kubectl apply, Argo CD'

/** Whether a comparison as that of Argo CD and Fleet shows a difference: the object changes by the manifest as merge patch. */
export function isModified(present: StoredObject, manifest: JsonObject): boolean {
  return !isDeepStrictEqual(merged({ ...present }, manifest), { ...present })
}

function pathOf(testbed: Testbed, manifest: JsonObject): string {
  return testbed.path('clusters', String(objectOf(manifest['metadata'])['name']))
}

async function readCluster(testbed: Testbed, manifest: JsonObject): Promise<StoredObject | undefined> {
  try {
    return await testbed.api.send<StoredObject>({ method: 'GET', path: pathOf(testbed, manifest) })
  } catch {
    return undefined
  }
}

async function serverSideApply(
  testbed: Testbed,
  manifest: JsonObject,
  options: { readonly manager: string; readonly force?: boolean; readonly dryRun?: boolean },
): Promise<StoredObject> {
  const query = new URLSearchParams({
    fieldManager: options.manager,
    ...(options.force && { force: 'true' }),
    ...(options.dryRun && { dryRun: 'All' }),
  })
  return testbed.api.send<StoredObject>({
    method: 'PATCH',
    path: `${pathOf(testbed, manifest)}?${query.toString()}`,
    body: manifest,
    contentType: 'application/apply-patch+yaml',
  })
}

/** What Flux compares: everything but status and what the server writes. */
function comparable({ metadata: { labels, annotations }, spec }: StoredObject): object {
  return { labels, annotations, spec }
}

/** The merge patch (RFC 7396) that makes one object of another. */
export function mergePatchFrom(before: JsonObject, after: JsonObject): JsonObject {
  const removed = Object.keys(before).filter((key) => !(key in after))
  const changed = Object.entries(after).flatMap(([key, value]): [string, unknown][] => {
    const old = before[key]
    if (isDeepStrictEqual(old, value)) return []
    return [[key, isObject(old) && isObject(value) ? mergePatchFrom(old, value) : value]]
  })
  return Object.fromEntries([...removed.map((key): [string, unknown] => [key, null]), ...changed])
}

/** The object after a merge patch without nulls. */
function merged(target: JsonObject, patch: JsonObject): JsonObject {
  const changed = Object.entries(patch).map(([key, value]): [string, unknown] => {
    const old = target[key]
    return [key, isObject(old) && isObject(value) ? merged(old, value) : value]
  })
  return { ...target, ...Object.fromEntries(changed) }
}
