import { availabilityGatesIn } from './cluster.ts'
import { arrayOf, nonEmptyStringOf, objectOf, type JsonObject } from './decode.ts'
import { objectMetaFrom, type ObjectMeta } from './object-meta.ts'

/** The facts about a ClusterClass that decisions use: which variables a Cluster of it may set. */
export interface ClusterClass extends ObjectMeta {
  /** `spec.variables`: what its author wrote. */
  readonly declaredVariables: readonly string[]
  /** `status.variables`: what core has accepted, variables of external patches among them. Writes are checked against it. */
  readonly acceptedVariables: readonly ClassVariable[]
  /** The parts of `spec.patches` that name variables. */
  readonly patches: readonly ClassPatch[]
  /** Of all its Clusters that name none themselves. */
  readonly availabilityGates: readonly string[]
}

/** An entry of `status.variables` (CAPI: `ClusterClassStatusVariable`). */
export interface ClassVariable {
  readonly name: string
  /** The OpenAPI schema of its first definition: all definitions have to accept a value. */
  readonly schema: JsonObject
}

/** What a patch reads variables by (CAPI: `ClusterClassPatch`). */
export interface ClassPatch {
  /** A runtime extension generates the patch: which variables it reads does not show. */
  readonly isExternal: boolean
  /** Names of variables (`valueFrom.variable`, with a path), and templates (`valueFrom.template`, `enabledIf`). */
  readonly expressions: readonly string[]
}

/** Reads a ClusterClass of any served version. */
export function clusterClassFrom(object: unknown): ClusterClass {
  const { spec, status } = objectOf(object)
  const { variables, patches } = objectOf(spec)
  return {
    ...objectMetaFrom(object),
    declaredVariables: arrayOf(variables)
      .map(nameOf)
      .filter((name) => name !== undefined),
    acceptedVariables: arrayOf(objectOf(status)['variables']).flatMap((variable) => {
      const name = nameOf(variable)
      return name === undefined ? [] : [{ name, schema: schemaOf(variable) }]
    }),
    patches: arrayOf(patches).map(patchFrom),
    availabilityGates: availabilityGatesIn(objectOf(spec)),
  }
}

/** Whether a patch of the class reads the variable. A template's text may name it in any way, so any mention counts. */
export function readsVariable({ patches }: ClusterClass, name: string): boolean {
  const mention = new RegExp(`(?<![\\w-])${name.replaceAll(/[^\w-]/g, String.raw`\$&`)}(?![\\w-])`)
  return patches.some(({ expressions }) => expressions.some((expression) => mention.test(expression)))
}

function nameOf(variable: unknown): string | undefined {
  return nonEmptyStringOf(objectOf(variable)['name'])
}

function schemaOf(variable: unknown): JsonObject {
  const [definition] = arrayOf(objectOf(variable)['definitions'])
  return objectOf(objectOf(objectOf(definition)['schema'])['openAPIV3Schema'])
}

function patchFrom(patch: unknown): ClassPatch {
  const { external, enabledIf, definitions } = objectOf(patch)
  const operations = arrayOf(definitions).flatMap((each) => arrayOf(objectOf(each)['jsonPatches']))
  const values = operations.map((operation) => objectOf(objectOf(operation)['valueFrom']))
  return {
    isExternal: external !== undefined,
    expressions: [enabledIf, ...values.flatMap(({ variable, template }) => [variable, template])]
      .map(nonEmptyStringOf)
      .filter((expression) => expression !== undefined),
  }
}
