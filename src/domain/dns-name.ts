import type { NamespacedName } from './model/object-meta.ts'
import type { Role } from './role.ts'

/**
 * The DNS names of VIPs, by role, as templates of `dnsNameSyntax` (flags `--control-plane-dns-name`, `--ingress-dns-name`);
 * absent or `""`: the VIPs of that role get no name.
 */
export type DnsNameTemplates = Readonly<Partial<Record<Role, string>>>

/** No role has names. */
export const noDnsNames: DnsNameTemplates = {}

export function hasDnsNames(templates: DnsNameTemplates = noDnsNames): boolean {
  return Object.values(templates).some((template) => template !== '')
}

/** What a template looks like. Placeholders in different labels keep two Clusters from having one name. */
export const dnsNameSyntax =
  'a DNS name of small letters, digits and hyphens, without a final dot, that has {cluster} and {namespace} in different labels, such as {cluster}.{namespace}.k8s.example.com'

const clusterPlaceholder = '{cluster}'
const namespacePlaceholder = '{namespace}'

/** Characters of a DNS name, and of each of its labels, at most (RFC 1035). */
const mostCharacters = { name: 253, label: 63 } as const

/** Whether a text is a template of `dnsNameSyntax`. A wildcard may be its first label. */
export function isDnsNameTemplate(text: string): boolean {
  const labels = text.split('.')
  const [clusterAt, namespaceAt] = [clusterPlaceholder, namespacePlaceholder].map((placeholder) =>
    labels.findIndex((label) => label.includes(placeholder)),
  )
  const hasBoth = clusterAt !== -1 && namespaceAt !== -1 && clusterAt !== namespaceAt
  const sample = dnsNameFrom(text, { namespace: 'n', name: 'c' })
  return hasBoth && sample.split('.').length > 2 && whyNoDnsName(sample) === undefined
}

/** The name that a template gives a Cluster. */
export function dnsNameFrom(template: string, { namespace, name }: NamespacedName): string {
  return template.replaceAll(clusterPlaceholder, name).replaceAll(namespacePlaceholder, namespace)
}

/** Why a text is no DNS name; undefined if it is one. */
export function whyNoDnsName(text: string): string | undefined {
  const { name: most, label: mostOfLabel } = mostCharacters
  if (text.length > most) return `it has ${text.length} characters, and a DNS name has at most ${most}`
  const labels = text.replace(/^\*\./, '').split('.')
  const long = labels.find((label) => label.length > mostOfLabel)
  if (long !== undefined) return `its label ${long} has more than ${mostOfLabel} characters`
  return labels.every((label) => /^[a-z0-9]([-a-z0-9]*[a-z0-9])?$/.test(label))
    ? undefined
    : 'a DNS name has labels of small letters, digits and hyphens'
}
