import { join } from 'node:path'
import { readFileSync } from 'node:fs'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import type { Testbed } from './testbed.ts'

const group = 'rbac.authorization.k8s.io'
const example = join(import.meta.dirname, '..', '..', 'deploy', 'namespaced', 'role.yaml')

interface PolicyRule {
  readonly apiGroups: readonly string[]
  readonly resources: readonly string[]
  readonly verbs: readonly string[]
}

/** A ServiceAccount of one suite with the Role of deploy/namespaced, and no rights beyond. */
export interface RoleAccount {
  readonly name: string
  readonly kubeconfigPath: string
  /** Grants more rights in a namespace, or in all (`""`). */
  grant(namespace: string, rule: PolicyRule): Promise<void>
  /** Takes back what was granted in a namespace. */
  revoke(namespace: string): Promise<void>
  /** Takes a resource out of the Role. Resolves with a function that puts it back. */
  withhold(resource: string): Promise<() => Promise<void>>
  /** Takes back everything outside of the testbed's namespace, which the testbed does not delete. */
  remove(): Promise<void>
}

export async function createRoleAccount(stack: StackConnection, testbed: Testbed): Promise<RoleAccount> {
  const { namespace, api } = testbed
  const account = { namespace, name: 'role-only' }
  const granted = new Set<string>()
  const nameIn = (place: string): string => `${namespace}-granted${place === '' ? '' : `-${place}`}`
  const pathsIn = (place: string): readonly string[] => {
    const scope = place === '' ? '' : `/namespaces/${place}`
    const plurals = place === '' ? ['clusterrolebindings', 'clusterroles'] : ['rolebindings', 'roles']
    return plurals.map((plural) => `/apis/${group}/v1${scope}/${plural}/${nameIn(place)}`)
  }
  const revoke: RoleAccount['revoke'] = async (place) => {
    granted.delete(place)
    for (const path of pathsIn(place)) await api.send({ method: 'DELETE', path })
  }

  const role = readFileSync(example, 'utf8')
    .replaceAll('namespace: tenant-a', `namespace: ${namespace}`)
    .replaceAll(
      'name: capi-vip-allocator\n    namespace: capi-vip-allocator-system',
      `name: ${account.name}\n    namespace: ${namespace}`,
    )
  await applyManifests(stack, [
    { apiVersion: 'v1', kind: 'ServiceAccount', metadata: account },
    { text: role },
  ])
  const kubeconfigPath = join(stack.runDirectory, `${namespace}-role-only.kubeconfig`)
  await createServiceAccountKubeconfig(stack, { ...account, outputPath: kubeconfigPath })
  return {
    name: `${namespace}/${account.name}`,
    kubeconfigPath,
    grant: async (place, rule) => {
      granted.add(place)
      const metadata = { name: nameIn(place), ...(place !== '' && { namespace: place }) }
      const kind = place === '' ? 'ClusterRole' : 'Role'
      const role = { apiVersion: `${group}/v1`, kind, metadata, rules: [rule] }
      const binding = {
        apiVersion: `${group}/v1`,
        kind: `${kind}Binding`,
        metadata,
        roleRef: { apiGroup: group, kind, name: metadata.name },
        subjects: [{ kind: 'ServiceAccount', ...account }],
      }
      await applyManifests(stack, [role, binding])
    },
    revoke,
    withhold: async (resource) => {
      const path = `/apis/${group}/v1/namespaces/${namespace}/roles/capi-vip-allocator`
      const { rules } = await api.send<{ rules: readonly PolicyRule[] }>({ method: 'GET', path })
      await testbed.patch(path, { rules: rules.filter(({ resources }) => !resources.includes(resource)) })
      return () => testbed.patch(path, { rules })
    },
    remove: async () => {
      for (const place of granted) await revoke(place)
    },
  }
}
