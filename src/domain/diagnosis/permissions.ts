import { fault, few, orOk, warning, type Judgment } from './finding.ts'

/** A right at the API server that the allocator uses. */
export interface Permission {
  readonly verb: string
  readonly group: string
  /** Plural, with a subresource where there is one: `clusters/status`. */
  readonly resource: string
  /** What is lost without it, where everything else works all the same. */
  readonly optional?: string
}

/** What the API server says of one permission in one place. */
export interface ReviewedPermission extends Permission {
  /** `""`: in all namespaces. */
  readonly namespace: string
  readonly allowed: boolean
}

export interface PermissionReview {
  /** Who was asked about, in words: `ServiceAccount capi-vip-allocator-system/capi-vip-allocator`. */
  readonly subject: string
  readonly reviewed: readonly ReviewedPermission[]
}

const fix =
  'apply deploy/manifests/cluster-role.yaml and cluster-role-binding.yaml of this version, or grant the same by rules of your own'

/** Judges whether somebody may do all that the allocator does. */
export function judgePermissions({ subject, reviewed }: PermissionReview): readonly Judgment[] {
  const refused = reviewed.filter(({ allowed }) => !allowed)
  const needed = refused.filter(({ optional }) => optional === undefined)
  const optional = refused.filter((permission) => permission.optional !== undefined)
  const problems = [
    ...(needed.length === 0 ? [] : [fault(`${subject} may not ${few(needed.map(inWords), 8)}`, fix)]),
    ...optional.map((permission) =>
      warning(`${subject} may not ${inWords(permission)}: ${permission.optional}`, fix),
    ),
  ]
  return orOk(problems, `${subject} may do all ${reviewed.length} things that the allocator does`)
}

function inWords({ verb, group, resource, namespace }: ReviewedPermission): string {
  const [plural = '', subresource] = resource.split('/')
  const name = `${plural}.${group}${subresource === undefined ? '' : `/${subresource}`}`
  return `${verb} ${name}${namespace === '' ? '' : ` in ${namespace}`}`
}
