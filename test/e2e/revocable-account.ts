import { join } from 'node:path'
import { clusterRolesWithout, type Permission } from '../../dev/allocator.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests, type ManifestSource } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { eventually } from '../support/eventually.ts'
import type { Testbed } from './testbed.ts'

const revocable = ['create ipaddressclaims', 'patch clusters'] as const

/** A ServiceAccount of one suite. Without one of its permissions, an allocation stops between two steps. */
export interface RevocableAccount {
  readonly kubeconfigPath: string
  /** Revokes these permissions and grants all others. Resolves when the API server applies the change. */
  withhold(...withheld: readonly (typeof revocable)[number][]): Promise<void>
}

/** Creates the ServiceAccount in the testbed's namespace, with all permissions of deploy/manifests. */
export async function createRevocableAccount(
  stack: StackConnection,
  testbed: Testbed,
): Promise<RevocableAccount> {
  const { namespace } = testbed
  const withhold: RevocableAccount['withhold'] = async (...withheld) => {
    await applyManifests(stack, manifestsOf(namespace, withheld))
    await Promise.all(
      revocable.map((permission) => untilAllowed(testbed, permission, !withheld.includes(permission))),
    )
  }
  await withhold()
  const kubeconfigPath = join(stack.runDirectory, `${namespace}.kubeconfig`)
  await createServiceAccountKubeconfig(stack, { namespace, name: 'allocator', outputPath: kubeconfigPath })
  return { kubeconfigPath, withhold }
}

function manifestsOf(namespace: string, withheld: readonly Permission[]): readonly ManifestSource[] {
  const metadata = { name: namespace }
  const manifests = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name: 'allocator', namespace } },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRole',
      metadata,
      rules: clusterRolesWithout(withheld).flatMap(({ rules }) => rules),
    },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: namespace },
      subjects: [{ kind: 'ServiceAccount', name: 'allocator', namespace }],
    },
  ]
  return manifests
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
