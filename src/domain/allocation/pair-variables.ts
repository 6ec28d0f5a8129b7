import { plainClusterOf } from './class-gates.ts'
import { secondOf, type VipRole } from './vip-role.ts'
import { decideVariables, withVariables } from './vip-variables.ts'
import type { AddressFamily } from '../model/address-text.ts'
import { readsVariable, type ClusterClass } from '../model/cluster-class.ts'
import { formatVariablePath, hostsAt } from '../model/variable-path.ts'
import { defaultApiServerPort } from '../names.ts'
import { few } from '../quote.ts'
import { roleSpecs } from '../role.ts'

/** Any address of each family: what variables take does not depend on it. */
const anyAddress: Readonly<Record<AddressFamily, string>> = { IPv4: '192.0.2.1', IPv6: '2001:db8::1' }

/**
 * Why the templates of a class get one address of a pair at most: no variable of it takes both, and no patch reads the
 * annotation that has them. Undefined if they get both, if an external patch may see to that, or if the VIP is no pair. An
 * ingress VIP without a variable is meant for the annotation.
 */
export function whyOneAddress(clusterClass: ClusterClass, vip: VipRole): string | undefined {
  const second = secondOf(vip)
  if (vip.family === undefined || second?.family === undefined) return undefined
  const { vipAnnotation, isEndpoint } = roleSpecs[vip.role]
  if (readsVariable(clusterClass, vipAnnotation)) return undefined
  if (clusterClass.patches.some((patch) => patch.isExternal)) return undefined
  const [address, secondAddress] = [anyAddress[vip.family], anyAddress[second.family]]
  const plain = plainClusterOf(clusterClass)
  const pair = { address, secondAddress }
  const { writes, verdicts } = decideVariables(plain, vip, clusterClass, pair, defaultApiServerPort)
  // Another check names the variable that cannot be written.
  if (verdicts.some(({ verdict }) => verdict === 'wait')) return undefined
  const served = withVariables(plain, writes)
  const hosts = vip.variables.flatMap(({ path }) => hostsAt(served, path))
  if (hosts.includes(address) && hosts.includes(secondAddress)) return undefined
  const receivers = verdicts
    .filter(({ verdict, variable }) => verdict === 'write' && hostsAt(served, variable.path).length > 0)
    .map(({ variable }) => formatVariablePath(variable.path))
  if (receivers.length > 0) return `its variables take one (${few(receivers)})`
  return isEndpoint ? 'no variable of it receives the VIP' : undefined
}
