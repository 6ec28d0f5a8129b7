import { join } from 'node:path'
import { readManifests } from '../../dev/stack/manifests.ts'
import type { ClusterClass } from '../../src/domain/model/cluster-class.ts'
import { arrayOf, objectOf, type JsonObject } from '../../src/domain/model/decode.ts'
import { classOfShape } from './builders.ts'

/** The ClusterClass in a file of `examples/`, as Cluster API core has accepted it. */
export function exampleClass(name: string): ClusterClass {
  const path = join(import.meta.dirname, '..', '..', 'examples', `${name}.yaml`)
  const found = readManifests({ path }).find(({ kind }) => kind === 'ClusterClass')
  if (found === undefined) throw new Error(`${path} has no ClusterClass`)
  const { variables, patches } = objectOf((found as unknown as JsonObject)['spec'])
  return classOfShape({
    variables: arrayOf(variables).map(objectOf),
    patches: arrayOf(patches).map(objectOf),
  })
}
