import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import {
  describeAddress,
  extensionNameIn,
  failedCallIn,
  type ExtensionAddress,
  type ExtensionConfig,
  type FailedCall,
} from '../../../domain/model/extension-config.ts'
import { formatKey, type NamespacedName } from '../../../domain/model/object-meta.ts'
import { counted, few, shortened } from '../../../domain/quote.ts'
import { fault, orOk, skipped, warning, type CheckOutcome, type Reading } from './check-result.ts'
import { handlerProblems } from './extension-handlers.ts'
import { isPredecessorsExtension } from './predecessor.ts'

/** An ExtensionConfig, and who answers at its address. */
export interface ExtensionFacts {
  readonly config: ExtensionConfig
  /** Undefined if it leads to no Service of this cluster, of which nothing is known from here. */
  readonly service: Reading<ServiceState> | undefined
  /** Undefined if nothing is known from here. */
  readonly probe: ExtensionProbe | undefined
}

/** A Deployment of the allocator that is to register an ExtensionConfig. */
export interface Registrant {
  readonly deployment: NamespacedName
  /** Name of the ExtensionConfig. */
  readonly name: string
  readonly address: ExtensionAddress
}

/** Everything about runtime extensions but what Clusters say. */
export interface RuntimeExtensions {
  readonly configs: readonly ExtensionFacts[]
  readonly registrants: readonly Registrant[]
}

/** `absent`: there is no such Service; `unanswered`: no ready Pod is behind it; `by-one`: a single one is. */
export type ServiceState = 'absent' | 'unanswered' | 'by-one' | 'answered'

/** How a connection from here has ended. `untrusted`: why its certificate is not one that the caBundle verifies. */
export type ExtensionProbe =
  { readonly answered: true } | { readonly untrusted: string } | { readonly unreachable: string }

/** A call that has failed, as the condition of a Cluster says. */
interface FailedCallOf extends FailedCall {
  readonly cluster: Cluster
}

/**
 * Checks that somebody answers for every ExtensionConfig, of whichever product: core does not start while one answers
 * nothing. Those of the predecessor have a check of their own. Checks also that every handler that a ClusterClass names is
 * there, and is called.
 */
export function checkRuntimeExtensions(
  { configs: extensions, registrants }: RuntimeExtensions,
  snapshot: Reading<Snapshot>,
): readonly CheckOutcome[] {
  const checked = extensions.filter(({ config }) => !isPredecessorsExtension(config))
  const read = 'read' in snapshot ? snapshot.read : undefined
  const failed = [...(read?.clusters.values() ?? [])].flatMap(failedCallsOf)
  const configs = extensions.map(({ config }) => config)
  const problems = [
    ...checked.flatMap((each) => [...problemsOf(each, failed), ...unreadOf(each)]),
    ...registrants.flatMap((each) => registrantProblems(each, configs)),
    ...(read === undefined ? [] : handlerProblems(configs, read)),
  ]
  if (checked.length === 0) return orOk(problems, 'there is no ExtensionConfig')
  return orOk(
    problems,
    `${counted(checked.length, 'ExtensionConfig')}, and nothing says that one is not answered`,
  )
}

function registrantProblems(
  { deployment, name, address }: Registrant,
  configs: readonly ExtensionConfig[],
): readonly CheckOutcome[] {
  const what = `Deployment ${formatKey(deployment)} is to register ExtensionConfig ${name}`
  const config = configs.find((each) => each.name === name)
  if (config === undefined) {
    return [
      fault(
        `${what}, which is not there`,
        `see its log for the reason; Cluster API core needs the feature gate RuntimeSDK (EXP_RUNTIME_SDK=true for clusterctl)`,
      ),
    ]
  }
  if (describeAddress(config.address) === describeAddress(address)) return []
  return [
    fault(
      `${what} for ${describeAddress(address)}, but it leads to ${describeAddress(config.address)}: it is that of another installation`,
      `give one of the two another ExtensionConfig by --runtime-extension-config (in the chart, runtimeExtension.configName), or delete it if that installation is gone: capi-vip-allocator uninstall-extension --runtime-extension-config=${name}`,
    ),
  ]
}

function failedCallsOf(cluster: Cluster): readonly FailedCallOf[] {
  return cluster.conditions.flatMap(({ type, status, message }) => {
    const call = type === 'TopologyReconciled' && status === 'False' ? failedCallIn(message) : undefined
    return call === undefined ? [] : [{ ...call, cluster }]
  })
}

function problemsOf(facts: ExtensionFacts, failed: readonly FailedCallOf[]): readonly CheckOutcome[] {
  const { config, probe } = facts
  const why = deathOf(facts, failed)
  if (why !== undefined) {
    return [
      fault(
        `ExtensionConfig ${config.name} ${why}: Cluster API core does not start with it, and Clusters whose ClusterClass names its handlers are not reconciled`,
        remedyFor(config),
      ),
    ]
  }
  const isAlone = facts.service !== undefined && 'read' in facts.service && facts.service.read === 'by-one'
  if (isAlone && config.isOurs) {
    return [
      warning(
        `ExtensionConfig ${config.name} leads to ${describeAddress(config.address)}, behind which a single Pod is ready: while it restarts, Clusters whose ClusterClass names its handlers are not reconciled, and Cluster API core does not start`,
        'run two replicas or more, with a PodDisruptionBudget (in the chart, replicaCount)',
      ),
    ]
  }
  if (probe === undefined || !('unreachable' in probe)) return []
  return [
    warning(
      `ExtensionConfig ${config.name} leads to ${describeAddress(config.address)}, which cannot be reached from here (${probe.unreachable}): Cluster API core does not start with it if it cannot reach it either`,
      remedyFor(config),
    ),
  ]
}

function deathOf(
  { config, service, probe }: ExtensionFacts,
  failed: readonly FailedCallOf[],
): string | undefined {
  const target = describeAddress(config.address)
  const state = service !== undefined && 'read' in service ? service.read : undefined
  if (state === 'absent') return `leads to ${target}, which does not exist`
  if (state === 'unanswered') return `leads to ${target}, behind which no Pod is ready`
  if (probe !== undefined && 'untrusted' in probe) {
    return `leads to ${target}, whose certificate its caBundle does not verify (${probe.untrusted})`
  }
  if (config.undiscovered !== undefined) {
    return `leads to ${target}, where Cluster API could not discover its handlers (${config.undiscovered})`
  }
  const calls = failed.filter(
    ({ handler, cause }) => cause === 'no-answer' && extensionNameIn(handler) === config.name,
  )
  const [first] = calls
  if (first === undefined || config.handlers.every(({ name }) => name !== first.handler)) return undefined
  const clusters = [...new Set(calls.map(({ cluster }) => formatKey(cluster)))]
  return `leads to ${target}, whose answer Cluster API did not get for Cluster ${few(clusters)} (${shortened(first.why)})`
}

function remedyFor({ name, isOurs }: ExtensionConfig): string {
  return isOurs
    ? `bring the allocator back that serves it, with --runtime-extension-ca as the authority of its certificate, or delete it: capi-vip-allocator uninstall-extension --runtime-extension-config=${name}`
    : `bring its extension back, or, if that is gone for good: kubectl delete extensionconfigs.runtime.cluster.x-k8s.io ${name}`
}

function unreadOf({ config, service }: ExtensionFacts): readonly CheckOutcome[] {
  return service !== undefined && 'unread' in service
    ? [skipped(`who answers for ExtensionConfig ${config.name}: ${service.unread}`)]
    : []
}
