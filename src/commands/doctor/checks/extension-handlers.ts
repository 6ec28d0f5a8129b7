import type { Snapshot } from '../../../domain/allocation/snapshot.ts'
import type { ClusterClass, PatchCall } from '../../../domain/model/cluster-class.ts'
import { failedCallIn, extensionNameIn, mayBeCalledFor } from '../../../domain/model/extension-config.ts'
import type { ExtensionConfig, ExtensionHandler } from '../../../domain/model/extension-config.ts'
import type { Cluster } from '../../../domain/model/cluster.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { few } from '../../../domain/quote.ts'
import { fault, warning, type CheckOutcome } from './check-result.ts'

/** Checks the handlers that the patches of ClusterClasses name: core does not reconcile a Cluster without an answer of each. */
export function handlerProblems(
  configs: readonly ExtensionConfig[],
  { clusterClasses, clusters }: Snapshot,
): readonly CheckOutcome[] {
  return [...clusterClasses.values()].flatMap((clusterClass) => {
    const key = formatKey(clusterClass)
    const own = [...clusters.values()].filter(
      ({ topology }) => topology !== undefined && formatKey(topology.clusterClass) === key,
    )
    return distinctCalls(clusterClass).flatMap((call) => callProblems({ clusterClass, own, call, configs }))
  })
}

/** A handler that a class names, with the Clusters of the class. */
interface NamedHandler {
  readonly clusterClass: ClusterClass
  readonly own: readonly Cluster[]
  readonly call: PatchCall
  readonly configs: readonly ExtensionConfig[]
}

function distinctCalls({ patches }: ClusterClass): readonly PatchCall[] {
  const calls = patches.flatMap((patch) => patch.calls)
  return [...new Map(calls.map((call) => [`${call.hook} ${call.handler}`, call])).values()]
}

function callProblems(named: NamedHandler): readonly CheckOutcome[] {
  const { own, call, configs } = named
  const name = extensionNameIn(call.handler)
  const config = configs.find((each) => each.name === name)
  if (config === undefined) {
    return [
      problem(named, `which is not registered: there is no ExtensionConfig ${name}`, howToRegister(name)),
    ]
  }
  // Who does not answer, or has not been asked yet, is not said twice.
  if (config.handlers.length === 0) return []
  const handler = config.handlers.find((each) => each.name === call.handler)
  if (handler === undefined) {
    const others = config.handlers.map((each) => each.name)
    return [
      problem(named, `which ExtensionConfig ${name} does not have, but ${few(others)}`, howToName(config)),
    ]
  }
  if (handler.hook !== call.hook) {
    return [problem(named, `which is for ${handler.hook}`, howToName(config))]
  }
  const leftOut = own.filter((cluster) => isLeftOut(cluster, handler))
  if (leftOut.length === 0) return []
  return [
    problem(
      named,
      `which is not called for Cluster ${few(leftOut.map(formatKey))}: the namespaceSelector of ExtensionConfig ${name} leaves the namespace out`,
      config.isOurs
        ? 'select the namespace, too, by --runtime-extension-namespace-selector of the allocator (in the chart, runtimeExtension.namespaceSelector)'
        : `select the namespace, too: kubectl edit extensionconfigs.runtime.cluster.x-k8s.io ${name}`,
    ),
  ]
}

/** By its name, or because core has said so: other labels of Namespaces are not read here. */
function isLeftOut(cluster: Cluster, handler: ExtensionHandler): boolean {
  return (
    !mayBeCalledFor(handler, cluster.namespace) ||
    cluster.conditions.some(({ type, status, message }) => {
      const call = type === 'TopologyReconciled' && status === 'False' ? failedCallIn(message) : undefined
      return call?.cause === 'unselected' && call.handler === handler.name
    })
  )
}

function problem({ clusterClass, own, call }: NamedHandler, what: string, fix: string): CheckOutcome {
  const found = `ClusterClass ${formatKey(clusterClass)} names the handler ${call.handler} for ${call.hook}, ${what}`
  return own.length === 0
    ? warning(`${found}; no Cluster of it would be reconciled`, fix)
    : fault(`${found}; its Clusters are not reconciled`, fix)
}

function howToRegister(name: string): string {
  return `register the extension (capi-vip-allocator does with --runtime-extension-register and --runtime-extension-config=${name}, or runtimeExtension.enabled in its chart), or take the patch out of the class`
}

function howToName({ isOurs, handlers }: ExtensionConfig): string {
  const names = few(handlers.map(({ name, hook }) => `${name} (${hook})`))
  return isOurs
    ? `name one of ${names}, or let the allocator serve it: --runtime-extension-handlers`
    : `name one of ${names}`
}
