import { example } from '../demo/examples.ts'
import type { KubernetesObject } from '../stack/kubernetes-api.ts'
import { readManifests } from '../stack/manifests.ts'
import { className } from './objects.ts'
import type { FigureName } from './targets.ts'

/** One way in which a ClusterClass makes its Clusters wait for the VIP; docs/gates.md compares them. */
export interface GateWay {
  /** Milliseconds from the VIP on the Cluster to its infrastructure cluster. */
  readonly figure: FigureName
  readonly className: string
  /** The class with its templates, and what else the way needs. */
  readonly objects: (namespace: string) => readonly KubernetesObject[]
}

/** All ways, in the order of docs/gates.md. */
export const gateWays: readonly GateWay[] = [
  { figure: 'gates-variable', className, objects: objectsOf('cluster-class') },
  {
    figure: 'gates-annotation',
    className: 'without-variable',
    objects: objectsOf('cluster-class-without-variable'),
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
