const cluster = 'cluster.x-k8s.io/v1beta2'
const ipam = 'ipam.cluster.x-k8s.io'

/** The API version in which each kind is read and written, by plural. */
export const apiVersions = {
  clusters: cluster,
  clusterclasses: cluster,
  ipaddressclaims: `${ipam}/v1beta2`,
  ipaddresses: `${ipam}/v1beta2`,
  inclusterippools: `${ipam}/v1alpha2`,
  globalinclusterippools: `${ipam}/v1alpha2`,
} as const

export type Plural = keyof typeof apiVersions

/** Path of a collection, or of an object in it; global pools ignore the namespace. */
export function pathIn(namespace: string, plural: Plural, name?: string): string {
  const scope = plural === 'globalinclusterippools' ? '' : `/namespaces/${namespace}`
  return `/apis/${apiVersions[plural]}${scope}/${plural}${name === undefined ? '' : `/${name}`}`
}
