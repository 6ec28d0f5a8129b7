import { availabilityGatesIn } from './cluster.ts'
import { arrayOf, nonEmptyStringOf, objectOf, stringOf, type JsonObject } from './decode.ts'
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
  /** By one of its definitions: a Cluster without it is refused. */
  readonly isRequired: boolean
  /** The OpenAPI schema of its first definition: all definitions have to accept a value. */
  readonly schema: JsonObject
}

/** What a patch reads variables by (CAPI: `ClusterClassPatch`). */
export interface ClassPatch {
  readonly name: string
  /** A runtime extension generates the patch: which variables it reads does not show. */
  readonly isExternal: boolean
  /** What the extension is called for. */
  readonly calls: readonly PatchCall[]
  /** The template that has to render to `true`; undefined: the patch is always enabled. */
  readonly enabledIf: string | undefined
  /** It changes the infrastructure cluster or the control plane, which every Cluster has. */
  readonly isForEveryCluster: boolean
  /** The values that it calculates. */
  readonly values: readonly PatchValue[]
}

/** A hook of Cluster API, and the handler of it that a patch names, as `<handler>.<ExtensionConfig>`. */
export interface PatchCall {
  readonly hook: 'GeneratePatches' | 'ValidateTopology' | 'DiscoverVariables'
  readonly handler: string
}

/** A value that a patch calculates (CAPI: `JSONPatchValue`). */
export interface PatchValue {
  /** The name of a variable, with a path (`valueFrom.variable`); or a template's text (`valueFrom.template`). */
  readonly from: 'variable' | 'template'
  readonly expression: string
  /** It is for the infrastructure cluster or the control plane: core calculates it for every Cluster. */
  readonly isForEveryCluster: boolean
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
      return name === undefined
        ? []
        : [{ name, isRequired: isRequired(variable), schema: schemaOf(variable) }]
    }),
    patches: arrayOf(patches).map(patchFrom),
    availabilityGates: availabilityGatesIn(objectOf(spec)),
  }
}

/** Whether a patch of the class reads the variable. */
export function readsVariable({ patches }: ClusterClass, name: string): boolean {
  return patches.some(({ enabledIf = '', values }) =>
    [enabledIf, ...values.map(({ expression }) => expression)].some((each) => mentions(each, name)),
  )
}

/** Whether an expression reads a variable or an annotation. A template may name it in any way, so any mention counts. */
export function mentions(expression: string, name: string): boolean {
  const escaped = name.replaceAll(/[^\w-]/g, String.raw`\$&`)
  return new RegExp(`(?<![\\w-])${escaped}(?![\\w-])`).test(expression)
}

function nameOf(variable: unknown): string | undefined {
  return nonEmptyStringOf(objectOf(variable)['name'])
}

function isRequired(variable: unknown): boolean {
  return arrayOf(objectOf(variable)['definitions']).some((each) => objectOf(each)['required'] === true)
}

function schemaOf(variable: unknown): JsonObject {
  const [definition] = arrayOf(objectOf(variable)['definitions'])
  return objectOf(objectOf(objectOf(definition)['schema'])['openAPIV3Schema'])
}

function patchFrom(patch: unknown): ClassPatch {
  const { name, external, enabledIf, definitions } = objectOf(patch)
  return {
    name: stringOf(name),
    isExternal: external !== undefined,
    calls: callsIn(objectOf(external)),
    enabledIf: nonEmptyStringOf(enabledIf),
    isForEveryCluster: arrayOf(definitions).some(isForEveryCluster),
    values: arrayOf(definitions).flatMap(valuesOf),
  }
}

/** The second field of a hook is its name in v1beta1. */
const callFields: readonly (readonly [PatchCall['hook'], ...(readonly string[])])[] = [
  ['GeneratePatches', 'generatePatchesExtension', 'generateExtension'],
  ['ValidateTopology', 'validateTopologyExtension', 'validateExtension'],
  ['DiscoverVariables', 'discoverVariablesExtension'],
]

function callsIn(external: JsonObject): readonly PatchCall[] {
  return callFields.flatMap(([hook, ...fields]) => {
    const [handler] = fields
      .map((field) => nonEmptyStringOf(external[field]))
      .filter((name) => name !== undefined)
    return handler === undefined ? [] : [{ hook, handler }]
  })
}

function valuesOf(definition: unknown): readonly PatchValue[] {
  return arrayOf(objectOf(definition)['jsonPatches']).flatMap((operation) => {
    const valueFrom = objectOf(objectOf(operation)['valueFrom'])
    return (['variable', 'template'] as const).flatMap((from) => {
      const expression = nonEmptyStringOf(valueFrom[from])
      return expression === undefined
        ? []
        : [{ from, expression, isForEveryCluster: isForEveryCluster(definition) }]
    })
  })
}

function isForEveryCluster(definition: unknown): boolean {
  const { matchResources } = objectOf(objectOf(definition)['selector'])
  const { infrastructureCluster, controlPlane } = objectOf(matchResources)
  return infrastructureCluster === true || controlPlane === true
}
