import { few } from '../../../domain/quote.ts'
import type { Permission } from '../../../kubernetes/permissions.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'

/** The API server's answer about one permission in one namespace. */
export interface ReviewedPermission extends Permission {
  /** `""`: in all namespaces. */
  readonly namespace: string
  readonly allowed: boolean
}

export interface PermissionReview {
  /** The reviewed identity: `ServiceAccount capi-vip-allocator-system/capi-vip-allocator`. */
  readonly subject: string
  readonly reviewed: readonly ReviewedPermission[]
}

const fix =
  'apply deploy/manifests/cluster-role.yaml and cluster-role-binding.yaml of this version, or grant the same by rules of your own'

export function checkPermissions({ subject, reviewed }: PermissionReview): readonly CheckOutcome[] {
  const refused = reviewed.filter(({ allowed }) => !allowed)
  const byLoss = Map.groupBy(refused, ({ optional }) => optional)
  const problems = [...byLoss].map(([loss, permissions]) => {
    const found = `${subject} may not ${few(inWords(permissions))}`
    return loss === undefined ? fault(found, fix) : warning(`${found}: ${loss}`, fix)
  })
  return orOk(problems, `${subject} may do all ${reviewed.length} things that the allocator does`)
}

/** One entry for each resource and namespace: `list/watch clusters.cluster.x-k8s.io in staging`. */
function inWords(permissions: readonly ReviewedPermission[]): readonly string[] {
  const verbs = Map.groupBy(permissions, placeOf)
  return [...verbs].map(([place, each]) => `${each.map(({ verb }) => verb).join('/')} ${place}`)
}

function placeOf({ group, resource, namespace, only }: ReviewedPermission): string {
  const [plural = '', subresource] = resource.split('/')
  const kind = group === '' ? plural : `${plural}.${group}`
  const name = `${kind}${subresource === undefined ? '' : `/${subresource}`}`
  if (only !== undefined) return `${name} ${only.name}`
  return namespace === '' ? name : `${name} in ${namespace}`
}
