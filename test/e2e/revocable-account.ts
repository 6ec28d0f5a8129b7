import { join } from 'node:path'
import { allocatorManifests } from '../../dev/allocator.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import type { KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { eventually } from '../support/eventually.ts'
import type { Testbed } from './testbed.ts'

/** A permission of deploy/manifests, as verb and resource. */
export type Permission = 'create ipaddressclaims' | 'patch clusters'

const permissions: readonly Permission[] = ['create ipaddressclaims', 'patch clusters']

/** A suite's own account for its allocator, whose permissions can be taken away: so an allocation is held between two steps. */
export interface RevocableAccount {
  readonly kubeconfigPath: string
  /** Takes these permissions away and gives all others back; resolves when the API server goes by it. */
  withhold(...withheld: readonly Permission[]): Promise<void>
}

/** Makes a ServiceAccount in the testbed's namespace with all permissions of deploy/manifests. */
export async function createRevocableAccount(
  stack: StackConnection,
  testbed: Testbed,
): Promise<RevocableAccount> {
  const { namespace } = testbed
  const withhold: RevocableAccount['withhold'] = async (...withheld) => {
    await applyManifests(stack, [{ text: manifestsOf(namespace, withheld).map(toDocument).join('\n') }])
    await Promise.all(
      permissions.map((permission) => untilAllowed(testbed, permission, !withheld.includes(permission))),
    )
  }
  await withhold()
  const kubeconfigPath = join(stack.runDirectory, `${namespace}.kubeconfig`)
  await createServiceAccountKubeconfig(stack, { namespace, name: 'allocator', outputPath: kubeconfigPath })
  return { kubeconfigPath, withhold }
}

interface Rule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

type ClusterRole = KubernetesObject & { readonly rules?: readonly Rule[] }

/** The rules of deploy/manifests, one resource each, without what is withheld. */
function rulesWithout(withheld: readonly Permission[]): readonly Rule[] {
  return allocatorManifests
    .flatMap((source) => readManifests<ClusterRole>(source))
    .filter(({ kind }) => kind === 'ClusterRole')
    .flatMap(({ rules = [] }) => rules)
    .flatMap(({ apiGroups, resources, verbs }) =>
      resources.map((resource) => ({
        apiGroups,
        resources: [resource],
        verbs: verbs.filter((verb) => !withheld.some((permission) => permission === `${verb} ${resource}`)),
      })),
    )
}

function manifestsOf(namespace: string, withheld: readonly Permission[]): readonly object[] {
  const metadata = { name: namespace }
  return [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'allocator', namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: rulesWithout(withheld),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
      subjects: [{ kind: 'ServiceAccount', name: 'allocator', namespace }],
    },
  ]
}

/** JSON is YAML. */
function toDocument(object: object): string {
  return `---\n${JSON.stringify(object)}`
}

async function untilAllowed(
  { api, namespace }: Testbed,
  permission: Permission,
  expected: boolean,
): Promise<void> {
  const [verb, resource] = permission.split(' ')
  await eventually(`${permission} to be ${expected ? 'allowed' : 'withheld'}`, async () => {
    const review = await api.send<{ status: { allowed: boolean } }>({
      method: 'POST',
      path: '/apis/authorization.k8s.io/v1/subjectaccessreviews',
      body: {
        apiVersion: 'authorization.k8s.io/v1',
        kind: 'SubjectAccessReview',
        spec: {
          user: `system:serviceaccount:${namespace}:allocator`,
          resourceAttributes: {
            namespace,
            verb,
            resource,
            group: resource === 'clusters' ? 'cluster.x-k8s.io' : 'ipam.cluster.x-k8s.io',
          },
        },
      },
    })
    return review.status.allowed === expected ? true : undefined
  })
}
