import { join } from 'node:path'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import type { Testbed } from './testbed.ts'

/** A kubeconfig whose user may read everything and write nothing. */
export interface ReaderAccount {
  readonly kubeconfigPath: string
  /** Deletes the cluster-wide objects, which the testbed does not. */
  remove(): Promise<void>
}

/** Creates the ServiceAccount in the testbed's namespace. */
export async function createReader(stack: StackConnection, testbed: Testbed): Promise<ReaderAccount> {
  const { namespace, api } = testbed
  const account = { namespace, name: 'reader' }
  const name = `${namespace}-reader`
  const group = 'rbac.authorization.k8s.io'
  const objects = [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRole',
      metadata: { name },
      rules: [{ apiGroups: ['*'], resources: ['*'], verbs: ['get', 'list'] }],
    },
    {
      apiVersion: `${group}/v1`,
      kind: 'ClusterRoleBinding',
      metadata: { name },
      roleRef: { apiGroup: group, kind: 'ClusterRole', name },
      subjects: [{ kind: 'ServiceAccount', ...account }],
    },
  ]
  await applyManifests(stack, objects)
  const kubeconfigPath = join(stack.runDirectory, `${name}.kubeconfig`)
  await createServiceAccountKubeconfig(stack, { ...account, outputPath: kubeconfigPath })
  return {
    kubeconfigPath,
    remove: async () => {
      for (const plural of ['clusterrolebindings', 'clusterroles']) {
        await api.send({ method: 'DELETE', path: `/apis/${group}/v1/${plural}/${name}` })
      }
    },
  }
}
