import type { HandlerName } from '../../src/domain/extension/hooks.ts'
import { example } from '../demo/examples.ts'
import { patchedClassObjects } from '../hooks/extension-objects.ts'
import type { KubernetesObject } from '../stack/kubernetes-api.ts'
import { readManifests } from '../stack/manifests.ts'
import { className } from './objects.ts'
import type { FigureName } from './targets.ts'

/** One way in which a ClusterClass makes its Clusters wait for the VIP; docs/gates.md compares them. */
export interface GateWay {
  readonly name: string
  /** Milliseconds from the VIP on the Cluster to its infrastructure cluster. */
  readonly figure: FigureName
  /** Milliseconds from the request that creates the Cluster to its infrastructure cluster. */
  readonly figureCreated: FigureName
  readonly className: string
  /** The handlers of the allocator that serves the Clusters. `gate` holds back every new Cluster of its namespace. */
  readonly handler: HandlerName
  /** The class with its templates. An ExtensionConfig has the name of its namespace. */
  readonly objects: (namespace: string) => readonly KubernetesObject[]
}

/** All ways, in the order of docs/gates.md. */
export const gateWays: readonly GateWay[] = [
  {
    name: 'missing variable',
    figure: 'gates-variable',
    figureCreated: 'gates-variable-created',
    className,
    handler: 'patch',
    objects: objectsOf('cluster-class'),
  },
  {
    name: 'annotation and fail',
    figure: 'gates-annotation',
    figureCreated: 'gates-annotation-created',
    className: 'without-variable',
    handler: 'patch',
    objects: objectsOf('cluster-class-without-variable'),
  },
  {
    name: 'BeforeClusterCreate',
    figure: 'gates-before-cluster-create',
    figureCreated: 'gates-before-cluster-create-created',
    className,
    handler: 'gate',
    objects: objectsOf('cluster-class'),
  },
  {
    name: 'GeneratePatches',
    figure: 'gates-generate-patches',
    figureCreated: 'gates-generate-patches-created',
    className: 'patched',
    handler: 'patch',
    objects: (namespace) => patchedClassObjects(namespace, 'patched', `patch.${namespace}`),
  },
]

/** The objects of an example, which are all in one namespace. */
function objectsOf(name: string): GateWay['objects'] {
  return (namespace) =>
    readManifests(example(name)).map((object) => ({
      ...object,
      metadata: { ...object.metadata, namespace },
    }))
}
