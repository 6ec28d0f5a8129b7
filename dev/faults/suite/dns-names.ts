import type { KubernetesObject } from '../../stack/kubernetes-api.ts'
import { readManifests } from '../../stack/manifests.ts'
import { externalDnsCrd } from '../../../test/support/module-crds.ts'
import type { ClusterFacts } from '../invariants/facts.ts'
import type { RoleWords } from '../invariants/names.ts'
import { namespaces } from './fixtures.ts'
import { grantToAllocator } from './other-provider.ts'

const group = 'externaldns.k8s.io'
const zone = 'k8s.example.com'

export const dnsNameFlags = [
  `--control-plane-dns-name={cluster}.{namespace}.${zone}`,
  `--ingress-dns-name=*.apps.{cluster}.{namespace}.${zone}`,
]

/** The name that these flags give a VIP. */
export function dnsNameOf({ name, namespace }: ClusterFacts, { role }: RoleWords): string {
  const beginning = role === 'ingress' ? '*.apps.' : ''
  return `${beginning}${name}.${namespace}.${zone}`
}

/** Path of the DNSEndpoints of a namespace, or of one. */
export function dnsEndpointPath(namespace: string, name?: string): string {
  return `/apis/${group}/v1alpha1/namespaces/${namespace}/dnsendpoints${name === undefined ? '' : `/${name}`}`
}

export const dnsEndpointPaths = namespaces.map((namespace) => dnsEndpointPath(namespace))

/** The definition of external-dns, and the allocator's right to DNSEndpoints. */
export async function dnsObjects(): Promise<readonly KubernetesObject[]> {
  const verbs = ['get', 'list', 'watch', 'create', 'patch']
  const rules = [{ apiGroups: [group], resources: ['dnsendpoints'], verbs }]
  return [...readManifests(await externalDnsCrd()), ...grantToAllocator('faults-dns', rules)]
}
