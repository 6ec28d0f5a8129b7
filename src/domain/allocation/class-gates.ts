import type { EligibilitySettings } from './action.ts'
import { vipRoleIn, type VipVariable } from './vip-role.ts'
import { decideVariables } from './vip-variables.ts'
import {
  mentions,
  readsVariable,
  type ClassPatch,
  type ClassVariable,
  type ClusterClass,
  type PatchValue,
} from '../model/cluster-class.ts'
import { clusterFrom, type Cluster } from '../model/cluster.ts'
import { objectOf, type JsonObject } from '../model/decode.ts'
import { mayBeCalledFor, type ExtensionHandler } from '../model/extension-config.ts'
import { formatVariablePath, valueAt } from '../model/variable-path.ts'
import { defaultApiServerPort } from '../names.ts'
import { defaultRole, roleSpecs } from '../role.ts'

/** What keeps Cluster API from creating the infrastructure cluster before the control-plane VIP is there. */
export type ClassGate =
  /** A runtime extension of ours writes the VIP into the template, or fails. */
  | { readonly gate: 'generate-patches'; readonly handler: string }
  /** A template calls `fail` until the annotation or the variable is there. */
  | { readonly gate: 'fail'; readonly patch: string; readonly until: string }
  /** A patch reads a variable that does not exist before the VIP. */
  | { readonly gate: 'variable'; readonly patch: string; readonly variable: string }
  /** A runtime extension of ours answers the hook BeforeClusterCreate. */
  | { readonly gate: 'before-cluster-create'; readonly handler: string }
  /** The Cluster has to give the variable. If it gives it empty, the templates are rendered with an empty host at first. */
  | { readonly gate: 'required-variable'; readonly variable: string }
  /** A runtime extension of somebody else generates a patch, and may wait. */
  | { readonly gate: 'foreign-extension'; readonly handler: string }

/** The gates of a class, the strictest first, and what looks like one and is none. */
export interface GateFindings {
  readonly gates: readonly ClassGate[]
  /** Clauses for people. */
  readonly notGates: readonly string[]
}

/** A variable that receives the VIP, as core has accepted it. */
interface Receiver extends VipVariable {
  readonly accepted: ClassVariable
}

/** What a patch reads of a VIP: the annotation, or a variable. */
interface Source {
  /** `the annotation …`, `the variable …`. */
  readonly described: string
  readonly name: string
  readonly receiver: Receiver | undefined
}

/** Any address: a verdict does not depend on it. */
const anyAddress = '192.0.2.1'

const strictestFirst: readonly ClassGate['gate'][] = [
  'generate-patches',
  'fail',
  'variable',
  'before-cluster-create',
  'required-variable',
  'foreign-extension',
]

/**
 * Finds what makes Clusters of the class wait for their control-plane VIP, as far as the class shows it: Cluster API renders
 * all templates of a Cluster before it creates the first object, so one value that cannot be calculated holds up all.
 *
 * @param handlers of all runtime extensions
 */
export function gatesOf(
  clusterClass: ClusterClass,
  variables: EligibilitySettings['variables'],
  handlers: readonly ExtensionHandler[],
): GateFindings {
  const sources = sourcesFor(clusterClass, variables)
  const findings = [
    ...clusterClass.patches.map((patch) => findingsIn(patch, sources, handlers)),
    hookFindings(clusterClass, sources, handlers),
    ...sources.map(({ receiver }) => requiredFindings(clusterClass, receiver)),
  ]
  return {
    gates: findings
      .flatMap(({ gates }) => gates)
      .toSorted((a, b) => strictestFirst.indexOf(a.gate) - strictestFirst.indexOf(b.gate)),
    notGates: [...new Set(findings.flatMap(({ notGates }) => notGates))],
  }
}

/** A Cluster of the class that has nothing of its own, in the namespace of the class. */
export function plainClusterOf({ namespace, name }: Pick<ClusterClass, 'namespace' | 'name'>): Cluster {
  const classRef = { namespace, name }
  return clusterFrom({ metadata: { namespace }, spec: { topology: { classRef } } })
}

/** Where a patch can find the VIP. */
function sourcesFor(
  clusterClass: ClusterClass,
  variables: EligibilitySettings['variables'],
): readonly Source[] {
  const cluster = plainClusterOf(clusterClass)
  const vip = vipRoleIn(cluster, defaultRole, variables, clusterClass)
  const any = { address: anyAddress }
  const { verdicts } = decideVariables(cluster, vip, clusterClass, any, defaultApiServerPort)
  const receivers = verdicts.flatMap(({ variable, verdict }) => {
    const accepted = clusterClass.acceptedVariables.find(({ name }) => name === variable.path.name)
    return verdict === 'write' && accepted !== undefined ? [{ ...variable, accepted }] : []
  })
  const { vipAnnotation } = roleSpecs[defaultRole]
  return [
    { described: `the annotation ${vipAnnotation}`, name: vipAnnotation, receiver: undefined },
    ...receivers.map((receiver) => ({
      described: `the variable ${formatVariablePath(receiver.path)}`,
      name: receiver.path.name,
      receiver,
    })),
  ]
}

function findingsIn(
  patch: ClassPatch,
  sources: readonly Source[],
  handlers: readonly ExtensionHandler[],
): GateFindings {
  if (patch.isExternal) return externalFindings(patch, handlers)
  const condition = patch.enabledIf ?? 'true'
  const failing = sources.filter(({ name }) => failsWithout(condition, name))
  if (patch.isForEveryCluster && failing.length > 0) {
    return gate(...failing.map((source) => failGate(patch, source)))
  }
  const findings = merged(
    sources.flatMap((source) => patch.values.map((value) => findingsFor(value, patch, source))),
  )
  if (condition.trim() === 'true' || findings.gates.length === 0) return findings
  return notGate(`patch ${patch.name} waits only where its enabledIf is true`)
}

/** What one value of an inline patch that is enabled waits for. */
function findingsFor(value: PatchValue, patch: ClassPatch, source: Source): GateFindings {
  const { described, name, receiver } = source
  if (!mentions(value.expression, name)) return none
  if (!value.isForEveryCluster) {
    return notGate(`patch ${patch.name} reads ${described} for machines only, which not every Cluster has`)
  }
  if (value.from === 'template') {
    if (failsWithout(value.expression, name)) return gate(failGate(patch, source))
    // A required variable is always there, so no text takes its place.
    if (receiver?.accepted.isRequired === true) return none
    return notGate(
      `patch ${patch.name} reads ${described} in a template without fail, and renders "<no value>" without it`,
    )
  }
  return receiver === undefined ? none : variableFindings(value, patch, receiver)
}

/** A value by `valueFrom.variable` cannot be calculated as long as the variable does not exist. */
function variableFindings(value: PatchValue, patch: ClassPatch, receiver: Receiver): GateFindings {
  const { path, accepted } = receiver
  const variable = formatVariablePath(path)
  if (accepted.isRequired) return none
  if (hasDefault(accepted.schema, path.fields)) {
    return notGate(`the variable ${variable} has a default, so it is there before the VIP`)
  }
  const isWithin = value.expression === variable || /^[.[]/.test(value.expression.slice(variable.length))
  if (value.expression.startsWith(variable) && isWithin) {
    return gate({ gate: 'variable', patch: patch.name, variable: value.expression })
  }
  return notGate(
    `patch ${patch.name} reads ${value.expression}, which is there as soon as the Cluster gives anything in it`,
  )
}

/** A required variable is read by a patch, or may be by an external one. */
function requiredFindings(clusterClass: ClusterClass, receiver: Receiver | undefined): GateFindings {
  if (receiver === undefined || !receiver.accepted.isRequired) return none
  const variable = formatVariablePath(receiver.path)
  if (hasDefault(receiver.accepted.schema, receiver.path.fields)) {
    return notGate(`the variable ${variable} has a default, so it is there before the VIP`)
  }
  const isRead =
    readsVariable(clusterClass, receiver.path.name) || clusterClass.patches.some((each) => each.isExternal)
  return isRead
    ? gate({ gate: 'required-variable', variable })
    : notGate(`no patch reads the variable ${variable}`)
}

function externalFindings(patch: ClassPatch, handlers: readonly ExtensionHandler[]): GateFindings {
  const handler = patch.calls.find(({ hook }) => hook === 'GeneratePatches')?.handler
  if (handler === undefined) return none
  const ours = handlers.find(({ name, isOurs }) => isOurs && name === handler)
  if (ours === undefined) return gate({ gate: 'foreign-extension', handler })
  return ours.isFailClosed
    ? gate({ gate: 'generate-patches', handler })
    : notGate(`the failurePolicy of ${handler} is Ignore, so the template is rendered without it`)
}

/** The hook holds up a Cluster, and the first patch that reads the VIP then finds it. */
function hookFindings(
  clusterClass: ClusterClass,
  sources: readonly Source[],
  handlers: readonly ExtensionHandler[],
): GateFindings {
  const hooks = handlers.filter(
    (each) =>
      each.isOurs && each.hook === 'BeforeClusterCreate' && mayBeCalledFor(each, clusterClass.namespace),
  )
  if (hooks.length === 0) return none
  const isRead = sources.some(({ name }) => readsVariable(clusterClass, name))
  return merged(
    hooks.map(({ name, isFailClosed }) => {
      if (!isFailClosed) return notGate(`the failurePolicy of ${name} is Ignore, so nothing waits for it`)
      return isRead
        ? gate({ gate: 'before-cluster-create', handler: name })
        : notGate(`${name} holds up its Clusters, but no patch reads their VIP`)
    }),
  )
}

/** Whether a template calls `fail`, and reads the source. What stands between the two is not known. */
function failsWithout(template: string, name: string): boolean {
  const text = template.replaceAll(/\{\{-?\s*\/\*.*?\*\/\s*-?\}\}/gs, '')
  return mentions(text, name) && actionsIn(text).some((action) => /(?<![.$\w])fail(?!\w)/.test(action))
}

/** The actions of a Go template, without the texts in them. */
function actionsIn(template: string): readonly string[] {
  const texts = /"(?:[^"\\]|\\.)*"|`[^`]*`|'(?:[^'\\]|\\.)*'/gs
  return (template.match(/\{\{(?:"(?:[^"\\]|\\.)*"|`[^`]*`|[^}"`]|\}(?!\}))*\}\}/gs) ?? []).map((action) =>
    action.replaceAll(texts, '""'),
  )
}

/** Whether the schema gives a value at the path to a Cluster that gives none. */
function hasDefault(schema: JsonObject, fields: readonly string[]): boolean {
  if (valueAt(schema['default'], fields) !== undefined || isEmptyDefault(schema['default'], fields))
    return true
  const [field, ...rest] = fields
  return field !== undefined && hasDefault(objectOf(objectOf(schema['properties'])[field]), rest)
}

/** `valueAt` takes an empty text for absent, but a default of `""` is there. */
function isEmptyDefault(value: unknown, [field, ...rest]: readonly string[]): boolean {
  return field === undefined ? value === '' : isEmptyDefault(objectOf(value)[field], rest)
}

function failGate({ name }: ClassPatch, { described }: Source): ClassGate {
  return { gate: 'fail', patch: name, until: described }
}

const none: GateFindings = { gates: [], notGates: [] }

function gate(...gates: readonly ClassGate[]): GateFindings {
  return { gates, notGates: [] }
}

function notGate(clause: string): GateFindings {
  return { gates: [], notGates: [clause] }
}

function merged(findings: readonly GateFindings[]): GateFindings {
  return {
    gates: findings.flatMap(({ gates }) => gates),
    notGates: findings.flatMap(({ notGates }) => notGates),
  }
}
