import type { ExtensionConfig } from '../../../domain/model/extension-config.ts'
import { formatKey } from '../../../domain/model/object-meta.ts'
import { counted } from '../../../domain/quote.ts'
import { fault, orOk, skipped, warning, type CheckOutcome, type Reading } from './check-result.ts'
import type { ProgramDeployment } from './providers.ts'

/** By it, the predecessor 0.7.1 marks its Deployment, whichever tool installed it. */
export const predecessorLabel = 'control-plane=capi-vip-allocator-controller-manager'

const extensionName = 'vip-allocator'
const extensionService = 'capi-vip-allocator-runtime-extension'

/** What may be left of the predecessor. */
export interface PredecessorFacts {
  /** Those that have its label. */
  readonly deployments: Reading<readonly ProgramDeployment[]>
  /** All of the management cluster. */
  readonly extensionConfigs: Reading<readonly ExtensionConfig[]>
}

/** Checks that the Go program 0.7.1, which this one replaces, neither writes nor holds up Clusters any more. */
export function checkPredecessor({
  deployments,
  extensionConfigs,
}: PredecessorFacts): readonly CheckOutcome[] {
  const problems = [
    ...('read' in deployments ? deployments.read.map(describeWriter) : []),
    ...('read' in extensionConfigs
      ? extensionConfigs.read.filter(isPredecessorsExtension).map(describeExtension)
      : []),
  ]
  const unread = [deployments, extensionConfigs].flatMap((each) => ('unread' in each ? [each.unread] : []))
  return unread.length > 0
    ? [...problems, ...unread.map(skipped)]
    : orOk(problems, 'nothing is left of the predecessor 0.7.1')
}

/** Whether an ExtensionConfig is the predecessor's, whose Service has the name that the chart gives to ours. */
export function isPredecessorsExtension({ name, address, isOurs }: ExtensionConfig): boolean {
  const leadsToIt = address !== undefined && 'service' in address && address.service === extensionService
  return name === extensionName || (leadsToIt && !isOurs)
}

const installedByProvider =
  '; if a CAPIProvider or AddonProvider has installed it, delete that one instead, since it would come back'

function describeWriter(deployment: ProgramDeployment): CheckOutcome {
  const { namespace, name, wanted } = deployment
  const fix = `kubectl --namespace ${namespace} delete deployment ${name}${installedByProvider}`
  const found = `the predecessor is still installed: Deployment ${formatKey(deployment)}`
  return wanted === 0
    ? warning(`${found} has no Pods, and writes again as soon as somebody scales it up`, fix)
    : fault(
        `${found} wants ${counted(wanted, 'Pod')}, a second program that writes claims and endpoints`,
        fix,
      )
}

function describeExtension({ name }: ExtensionConfig): CheckOutcome {
  const found = `ExtensionConfig ${name} is the predecessor's: if nobody answers at its Service, Cluster API may hold up every Cluster of a ClusterClass`
  return fault(
    found,
    `kubectl delete extensionconfigs.runtime.cluster.x-k8s.io ${name}${installedByProvider}`,
  )
}
