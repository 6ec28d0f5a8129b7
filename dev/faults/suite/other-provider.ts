import {
  definitionOf,
  poolPath,
  startProvider,
  type PoolBehavior,
  type ProvidedKind,
  type Provider,
} from '../../ipam-provider/provider.ts'
import { allocatorAccount } from '../../allocator.ts'
import type { StackConnection } from '../../stack/connection.ts'
import type { KubernetesObject } from '../../stack/kubernetes-api.ts'
import { clusterClassKey, priorityAnnotation } from '../invariants/names.ts'
import { namespaces, type ClassName, type Namespace } from './fixtures.ts'
import type { UserClient } from './user-client.ts'

/** The kind of the pools of another IPAM provider. */
const otherKind: ProvidedKind = {
  group: 'pools.faults.test',
  kind: 'AcmeIPPool',
  plural: 'acmeippools',
  isGlobal: false,
}

/** Of each namespace, the preferred one first; for the ClusterClass `other`. */
const otherPools = ['other-first', 'other-next'] as const
export type OtherPool = (typeof otherPools)[number]
const className: ClassName = 'other'

/** More addresses than there are Clusters: a provider that counts nothing is tried again only after minutes. */
const addressesOfPool = 60

/** Kinds of pools that the allocators serve. */
export const poolKindFlags = [
  '--pool-kinds=InClusterIPPool.ipam.cluster.x-k8s.io',
  '--pool-kinds=GlobalInClusterIPPool.ipam.cluster.x-k8s.io',
  `--pool-kinds=${otherKind.kind}.${otherKind.group}`,
]

export const otherPoolPaths = namespaces.map((namespace) => poolPath(otherKind, namespace))

/** Definition and pools of the kind, and the allocator's right to read them. */
export function otherPoolObjects(): readonly KubernetesObject[] {
  const { group, plural } = otherKind
  const rules = [{ apiGroups: [group], resources: [plural], verbs: ['list', 'watch'] }]
  return [
    definitionOf(otherKind),
    ...grantToAllocator('faults-other-pools', rules),
    ...namespaces.flatMap((namespace, index) =>
      otherPools.map((name, next) => poolOf(namespace, name, `10.208.${2 * index + next}.`, -next)),
    ),
  ]
}

/** A ClusterRole for the allocator, beside that of deploy/manifests. */
export function grantToAllocator(name: string, rules: readonly object[]): readonly KubernetesObject[] {
  const apiVersion = 'rbac.authorization.k8s.io/v1'
  const role = { apiVersion, kind: 'ClusterRole', metadata: { name }, rules }
  const binding = {
    apiVersion,
    kind: 'ClusterRoleBinding',
    metadata: { name },
    roleRef: { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name },
    subjects: [{ kind: 'ServiceAccount', ...allocatorAccount }],
  }
  return [role, binding]
}

function poolOf(
  namespace: Namespace,
  name: OtherPool,
  beginning: string,
  priority: number,
): KubernetesObject {
  const addresses = Array.from({ length: addressesOfPool }, (_, index) => `${beginning}${10 + index}`)
  const pool = {
    apiVersion: `${otherKind.group}/v1alpha1`,
    kind: otherKind.kind,
    metadata: {
      ...{ name, namespace, labels: { [clusterClassKey]: className } },
      annotations: { [priorityAnnotation]: String(priority) },
    },
    spec: { addresses },
  }
  return pool
}

/** The provider of these pools, as a part that can be stopped. */
export interface OtherProvider {
  readonly start: () => void
  readonly stop: () => Promise<void>
  /** Tells the provider how to treat claims on these pools of every namespace; `{}`: as it should. */
  readonly behave: (pools: readonly OtherPool[], behavior: PoolBehavior) => Promise<void>
}

export function createOtherProvider(stack: StackConnection, client: UserClient): OtherProvider {
  let running: readonly Provider[] = []
  return {
    start: () => {
      if (running.length > 0) return
      running = namespaces.map((namespace) => startProvider(stack, namespace, [otherKind]))
    },
    stop: async () => {
      const stopping = running
      running = []
      await Promise.all(stopping.map((provider) => provider.close()))
    },
    behave: async (pools, behavior) => {
      for (const namespace of namespaces) {
        for (const name of pools) {
          await client.patch(poolPath(otherKind, namespace, name), { spec: { ...wellBehaved, ...behavior } })
        }
      }
    },
  }
}

const wellBehaved = { delayMs: null, fail: null, handsOutTwice: null }
export const allOtherPools: readonly OtherPool[] = otherPools
