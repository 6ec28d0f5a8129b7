import { join } from 'node:path'
import type { StackConnection } from '../../stack/connection.ts'
import type { KubernetesObject } from '../../stack/kubernetes-api.ts'
import { applyManifests, readManifests } from '../../stack/manifests.ts'
import { objectOf, type JsonObject } from '../../../src/domain/model/decode.ts'
import { eventually } from '../../../test/support/eventually.ts'
import {
  clusterClassKey,
  namespaceSelectorAnnotation,
  probePortsAnnotation,
  retainAnnotation,
  roleKey,
} from '../invariants/names.ts'
import { pathIn } from '../../stack/resource-path.ts'
import { probedRange } from './probed-hosts.ts'
import type { UserClient } from './user-client.ts'

/** Namespaces, ClusterClasses and pools of a run. A class has the name of its pools. */

export const namespaces = ['faults-a', 'faults-b'] as const
export type Namespace = (typeof namespaces)[number]

/**
 * `plain` also has ingress VIPs, and overlaps with `wide`, so that the provider hands out the same addresses twice.
 * `small` is always exhausted. Users resize `elastic` and relabel `movable`. The pool `tenants` selects namespaces by a
 * label, which users change. The pool `retained` keeps the addresses of deleted Clusters for a time that users change.
 * Clusters of `dual` ask for pairs. Hosts answer at addresses of `probed`, which is probed. More Clusters than `queued` has addresses wait
 * for them. The pools of `other` are of another IPAM provider.
 */
export const classes = [
  'plain',
  'dual',
  'wide',
  'small',
  'elastic',
  'movable',
  'tenants',
  'retained',
  'probed',
  'queued',
  'other',
] as const
export type ClassName = (typeof classes)[number]

const examples = join(import.meta.dirname, '..', '..', '..', 'examples')
const variables = ['clusterVip', 'ingressVip', 'note']

/** The label by which a namespace is a tenant, with the values that users choose from; the first is the initial one. */
export const tenantLabel = 'example.com/tenant'
export const tenantValues = ['yes', 'no']
const ofTenants = { [namespaceSelectorAnnotation]: `${tenantLabel}=${tenantValues[0]}` }

/** The values that users choose from; the first is the initial one, and that after each round. */
export const elasticRanges = ['10.202.0.10-10.202.0.13', '10.202.0.10-10.202.0.16', '10.202.0.10-10.202.0.11']
/** `null`: none. The first is the initial value. */
export const retainedFor: readonly (string | null)[] = ['1h', '3s', 'always', null]
export const movableLabels = ['movable', 'nobody']

/** Beginnings of the addresses that Clusters ask for, and the number of them: few enough for two to meet. One is in no pool. */
const askable: Readonly<Partial<Record<ClassName, readonly [string, first: number, count: number]>>> = {
  plain: ['10.200.0.', 60, 12],
  wide: ['10.200.0.', 60, 12],
  small: ['10.201.0.', 10, 12],
  elastic: ['10.202.0.', 10, 7],
  movable: ['10.203.0.', 40, 12],
  tenants: ['10.205.0.', 10, 12],
}

/** The address that a Cluster of this class asks for; undefined: those of the class do not. */
export function addressToAskFor(
  { className }: { readonly className: ClassName },
  randomValue: number,
): string | undefined {
  const range = askable[className]
  if (range === undefined) return undefined
  const [beginning, first, count] = range
  return `${beginning}${first + (randomValue % count)}`
}

/**
 * Creates namespaces, classes with variables, and pools.
 *
 * @param probePort TCP port at which the pool `probed` has its addresses probed
 */
export async function createFixtures(
  stack: StackConnection,
  client: UserClient,
  probePort: number,
): Promise<void> {
  await applyManifests(stack, [
    ...namespaces.map((name) => ({
      apiVersion: 'v1',
      kind: 'Namespace',
      metadata: { name, labels: { [tenantLabel]: tenantValues[0] ?? '' } },
    })),
    ...pools(probePort),
    ...namespaces.flatMap((namespace) => classes.flatMap((name) => classObjects(namespace, name))),
  ])
  for (const namespace of namespaces) {
    await Promise.all(classes.map((name) => untilReconciled(stack, client, namespace, name)))
  }
}

function pools(probePort: number): readonly KubernetesObject[] {
  const inCluster = (namespace: Namespace, name: ClassName, addresses: string): KubernetesObject =>
    pool('InClusterIPPool', { name, namespace, labels: { [clusterClassKey]: name } }, addresses)
  const global = (name: ClassName, addresses: string): KubernetesObject =>
    pool('GlobalInClusterIPPool', { name, labels: { [clusterClassKey]: name } }, addresses)
  return [
    inCluster('faults-a', 'plain', '10.200.0.10-10.200.0.120'),
    inCluster('faults-b', 'plain', '10.200.0.60-10.200.0.180'),
    global('wide', '10.200.0.10-10.200.0.250'),
    global('dual', '10.206.0.10-10.206.0.250'),
    pool(
      'GlobalInClusterIPPool',
      { name: 'dual-6', labels: { [clusterClassKey]: 'dual' } },
      'fd00:206::10-fd00:206::ff',
      64,
    ),
    inCluster('faults-a', 'small', '10.201.0.10-10.201.0.11'),
    inCluster('faults-b', 'small', '10.201.0.20'),
    global('elastic', elasticRanges[0] ?? ''),
    inCluster('faults-a', 'movable', '10.203.0.10-10.203.0.60'),
    inCluster('faults-b', 'movable', '10.203.0.40-10.203.0.90'),
    pool(
      'GlobalInClusterIPPool',
      { name: 'tenants', labels: { [clusterClassKey]: 'tenants' }, annotations: ofTenants },
      '10.205.0.10-10.205.0.250',
    ),
    pool(
      'GlobalInClusterIPPool',
      {
        name: 'retained',
        labels: { [clusterClassKey]: 'retained' },
        annotations: { [retainAnnotation]: retainedFor[0] ?? '' },
      },
      '10.207.0.10-10.207.0.250',
    ),
    pool(
      'GlobalInClusterIPPool',
      {
        name: 'probed',
        labels: { [clusterClassKey]: 'probed' },
        annotations: { [probePortsAnnotation]: String(probePort) },
      },
      probedRange,
    ),
    global('queued', '10.209.0.10-10.209.0.12'),
    pool(
      'GlobalInClusterIPPool',
      { name: 'ingress', labels: { [clusterClassKey]: 'plain', [roleKey]: 'ingress' } },
      '10.204.0.10-10.204.0.250',
    ),
  ]
}

function pool(
  kind: string,
  metadata: KubernetesObject['metadata'] & { readonly annotations?: Readonly<Record<string, string>> },
  addresses: string,
  prefix = 24,
): KubernetesObject & { readonly spec: object } {
  return {
    apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
    kind,
    metadata,
    spec: { addresses: [addresses], prefix },
  }
}

/** The ClusterClass of the examples, with its templates, under another name and with more variables. */
function classObjects(namespace: Namespace, name: ClassName): readonly KubernetesObject[] {
  return readManifests({ path: join(examples, 'cluster-class.yaml') })
    .filter((object) => object.metadata.namespace !== undefined)
    .map((object: KubernetesObject & { readonly spec?: JsonObject }) => ({
      ...object,
      metadata: { ...object.metadata, namespace, name: nameFor(object.metadata.name, name) },
      spec: object.kind === 'ClusterClass' ? classSpec(object.spec, name) : object.spec,
    }))
}

function nameFor(example: string, name: ClassName): string {
  return example.replace('rke2-cluster-class', name)
}

function classSpec(spec: JsonObject = {}, name: ClassName): JsonObject {
  const renamed: JsonObject = JSON.parse(
    nameFor(JSON.stringify(spec), name).replaceAll('rke2-cluster-class', name),
  )
  return {
    ...renamed,
    variables: variables.map((variable) => ({
      name: variable,
      required: false,
      schema: { openAPIV3Schema: { type: 'string' } },
    })),
  }
}

/** Cluster API copies the variables of a class to its status; without core, this function does. */
async function untilReconciled(
  stack: StackConnection,
  client: UserClient,
  namespace: Namespace,
  name: ClassName,
): Promise<void> {
  const path = pathIn(namespace, 'clusterclasses', name)
  if (!stack.clusterApiCore) {
    const definitions = [{ from: 'inline', required: false, schema: { openAPIV3Schema: { type: 'string' } } }]
    const status = { variables: variables.map((variable) => ({ name: variable, definitions })) }
    await client.patch(`${path}/status`, { status })
    return
  }
  await eventually(`ClusterClass ${name} to be reconciled`, async () => {
    const { status } = await client.get<JsonObject>(path)
    return objectOf(status)['variables'] === undefined ? undefined : true
  })
}
