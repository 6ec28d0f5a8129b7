import { inClusterPoolKinds } from '../../../domain/model/pool-kinds.ts'
import { aggregateLabel } from '../../../domain/names.ts'
import { few } from '../../../domain/quote.ts'
import type { Permission } from '../../../kubernetes/permissions.ts'
import { fault, orOk, warning, type CheckOutcome } from './check-result.ts'

/** The API server's answer about one permission in one namespace. */
export interface ReviewedPermission extends Permission {
  /** `""`: in all namespaces. */
  readonly namespace: string
  readonly allowed: boolean
  /** It is asked only for the ClusterClasses of Clusters in other namespaces. */
  readonly isElsewhere?: true
}

export interface PermissionReview {
  /** The reviewed identity: `ServiceAccount capi-vip-allocator-system/capi-vip-allocator`. */
  readonly subject: string
  readonly reviewed: readonly ReviewedPermission[]
}

const classFix =
  'apply deploy/namespaced/class-role.yaml in every such namespace, or grant the same by rules of your own'

const fix =
  'apply deploy/manifests/cluster-role.yaml and cluster-role-binding.yaml of this version, or deploy/namespaced/role.yaml in every namespace that is served, or grant the same by rules of your own'

const poolFix = `give the chart the same poolKinds, or grant it in a ClusterRole with the label ${aggregateLabel}="true", which the chart's ClusterRole takes up`

/** Whether it is about a kind of pools that only `--pool-kinds` names. */
function isOfOtherPools({ alternative, resource }: ReviewedPermission): boolean {
  return alternative === 'pools' && !inClusterPoolKinds.some((kind) => kind.resource === resource)
}

export function checkPermissions({ subject, reviewed }: PermissionReview): readonly CheckOutcome[] {
  const refused = reviewed.filter(({ allowed }) => !allowed)
  const elsewhere = refused.filter(({ isElsewhere }) => isElsewhere === true)
  const served = refused.filter((each) => !elsewhere.includes(each))
  const problems = [
    ...problemsOf(served, fix, { subject, reviewed }),
    ...problemsOf(elsewhere, classFix, { subject, reviewed }),
  ]
  return orOk(problems, `${subject} may do all ${reviewed.length} things that the allocator does`)
}

function problemsOf(
  refused: readonly ReviewedPermission[],
  howToGrant: string,
  { subject, reviewed }: PermissionReview,
): readonly CheckOutcome[] {
  const byLoss = Map.groupBy(refused, (permission) => lossOf(permission, reviewed))
  return [...byLoss].map(([loss, permissions]) => {
    const found = `${subject} may not ${few(inWords(permissions))}`
    const how = permissions.every(isOfOtherPools) ? poolFix : howToGrant
    return loss === undefined ? fault(found, how) : warning(`${found}: ${loss}`, how)
  })
}

/** What is lost without a permission, if everything else works. Nobody can watch what he may not list. */
function lossOf(permission: ReviewedPermission, reviewed: readonly ReviewedPermission[]): string | undefined {
  const { verb, group, resource, namespace, optional, alternative } = permission
  if (alternative !== undefined && !hasAlternative(permission, reviewed)) return undefined
  if (verb !== 'watch') return optional
  const list = reviewed.find(
    (each) =>
      each.verb === 'list' &&
      each.group === group &&
      each.resource === resource &&
      each.namespace === namespace,
  )
  return list?.allowed === false ? list.optional : optional
}

/** Whether the Clusters of its namespace have another kind of the same use. */
function hasAlternative(
  { namespace, alternative }: ReviewedPermission,
  reviewed: readonly ReviewedPermission[],
): boolean {
  return reviewed
    .filter((each) => each.alternative === alternative && each.verb === 'list' && each.allowed)
    .some((each) => namespace === '' || each.namespace === '' || each.namespace === namespace)
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
