import { allocatorManifests } from '../../allocator.ts'
import type { StackConnection } from '../../stack/connection.ts'
import type { KubernetesObject } from '../../stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../../stack/manifests.ts'

/** A right of deploy/manifests. */
export interface Right {
  readonly verb: string
  readonly resource: string
}

/** Those whose absence hinders an allocation. */
export const takeableRights: readonly [Right, ...Right[]] = [
  { verb: 'create', resource: 'ipaddressclaims' },
  { verb: 'patch', resource: 'clusters' },
  { verb: 'get', resource: 'clusters' },
  { verb: 'list', resource: 'clusters' },
  { verb: 'watch', resource: 'ipaddressclaims' },
  { verb: 'delete', resource: 'ipaddressclaims' },
  { verb: 'create', resource: 'ipaddresses' },
  { verb: 'patch', resource: 'clusters/status' },
  { verb: 'create', resource: 'events' },
  { verb: 'list', resource: 'inclusterippools' },
]

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

type ClusterRole = KubernetesObject & { readonly rules?: readonly Rule[] }

/** Gives the allocator's ServiceAccount all rights of deploy/manifests but one; without one named, all. */
export async function grantAllBut(stack: StackConnection, withheld?: Right): Promise<void> {
  const roles = allocatorManifests
    .flatMap((source) => readManifests<ClusterRole>(source))
    .filter(({ kind }) => kind === 'ClusterRole')
    .map((role) => ({ ...role, rules: (role.rules ?? []).flatMap((rule) => rulesWithout(rule, withheld)) }))
  await applyManifests(
    stack,
    roles.map((role) => ({ text: JSON.stringify(role) })),
  )
}

function rulesWithout(rule: Rule, withheld: Right | undefined): readonly Rule[] {
  return rule.resources
    .map((resource) => ({
      ...rule,
      resources: [resource],
      verbs: rule.verbs.filter((verb) => !(verb === withheld?.verb && resource === withheld.resource)),
    }))
    .filter(({ verbs }) => verbs.length > 0)
}
