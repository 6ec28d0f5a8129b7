import { describeAddress, type ExtensionConfig } from '../../../domain/model/extension-config.ts'
import { counted } from '../../../domain/quote.ts'
import { fault, ok, orOk, skipped, type CheckOutcome, type Reading } from './check-result.ts'
import { isPredecessorsExtension } from './predecessor.ts'

/** An ExtensionConfig, and who answers at its address. */
export interface ExtensionFacts {
  readonly config: ExtensionConfig
  /** Undefined if it leads to no Service of this cluster, of which nothing is known from here. */
  readonly service: Reading<ServiceState> | undefined
}

/** `absent`: there is no such Service; `unanswered`: no ready Pod is behind it. */
export type ServiceState = 'absent' | 'unanswered' | 'answered'

/**
 * Checks that somebody answers for every ExtensionConfig, of whichever product: core does not start while one answers
 * nothing. Those of the predecessor have a check of their own.
 */
export function checkRuntimeExtensions(extensions: readonly ExtensionFacts[]): readonly CheckOutcome[] {
  const checked = extensions.filter(({ config }) => !isPredecessorsExtension(config))
  if (checked.length === 0) return [ok('there is no ExtensionConfig')]
  const problems = checked.flatMap((each) => [...problemsOf(each), ...unreadOf(each)])
  return orOk(
    problems,
    `${counted(checked.length, 'ExtensionConfig')}, and nothing says that one is not answered`,
  )
}

function problemsOf({ config, service }: ExtensionFacts): readonly CheckOutcome[] {
  const why = deathOf(config, service)
  if (why === undefined) return []
  return [
    fault(
      `ExtensionConfig ${config.name} ${why}: Cluster API core does not start with it, and Clusters whose ClusterClass names its handlers are not reconciled`,
      remedyFor(config),
    ),
  ]
}

function deathOf(config: ExtensionConfig, service: ExtensionFacts['service']): string | undefined {
  const target = describeAddress(config.address)
  const state = service !== undefined && 'read' in service ? service.read : undefined
  if (state === 'absent') return `leads to ${target}, which does not exist`
  if (state === 'unanswered') return `leads to ${target}, behind which no Pod is ready`
  return config.undiscovered === undefined
    ? undefined
    : `leads to ${target}, where Cluster API could not discover its handlers (${config.undiscovered})`
}

function remedyFor({ name, isOurs }: ExtensionConfig): string {
  return isOurs
    ? `bring the allocator back that serves it, or delete it: capi-vip-allocator uninstall-extension --runtime-extension-config=${name}`
    : `bring its extension back, or, if that is gone for good: kubectl delete extensionconfigs.runtime.cluster.x-k8s.io ${name}`
}

function unreadOf({ config, service }: ExtensionFacts): readonly CheckOutcome[] {
  return service !== undefined && 'unread' in service
    ? [skipped(`who answers for ExtensionConfig ${config.name}: ${service.unread}`)]
    : []
}
