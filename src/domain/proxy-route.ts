import ipaddr from 'ipaddr.js'
import { isIPAddress } from './model/address-text.ts'
import type { NamedProxy, ProxySettings } from './proxy-settings.ts'

/** How a target is reached. `by`: the variable, or the address itself, that keeps it from the proxy. */
export type ProxyRoute =
  | { readonly through: NamedProxy }
  | { readonly past: NamedProxy; readonly by: string }
  | { readonly direct: true }

const defaultPorts: Readonly<Record<string, string>> = { 'http:': '80', 'https:': '443' }

/** Decides which proxy leads to a target. */
export function proxyRouteTo(target: URL, settings: ProxySettings): ProxyRoute {
  const proxy = target.protocol === 'https:' ? settings.https : settings.http
  if (proxy === undefined) return { direct: true }
  const host = target.hostname.replace(/^\[|\]$/g, '').toLowerCase()
  if (isLocal(host)) return { past: proxy, by: 'its local address' }
  const port = target.port || (defaultPorts[target.protocol] ?? '')
  const { exceptions } = settings
  const isException = exceptions?.list.split(',').some((entry) => matches(entry, host, port)) ?? false
  return exceptions !== undefined && isException
    ? { past: proxy, by: exceptions.variable }
    : { through: proxy }
}

function isLocal(host: string): boolean {
  return host === 'localhost' || (isIPAddress(host) && ipaddr.process(host).range() === 'loopback')
}

/** Whether an entry of NO_PROXY names a host: `*`, an address, a range, or a domain with or without its subdomains. */
function matches(text: string, host: string, port: string): boolean {
  const entry = text.trim().toLowerCase()
  if (entry === '*') return true
  if (entry.includes('/')) return isInRange(host, entry)
  const [name, onlyPort] = splitPort(entry)
  if (name === '' || (onlyPort !== undefined && onlyPort !== port)) return false
  if (isIPAddress(name)) return isSameAddress(name, host)
  const domain = name.replace(/^\*\./, '.')
  return domain.startsWith('.') ? host.endsWith(domain) : host === domain || host.endsWith(`.${domain}`)
}

function splitPort(entry: string): readonly [string, string | undefined] {
  const bracketed = /^\[([^\]]*)\](?::(\d+))?$/.exec(entry)
  if (bracketed) return [bracketed[1] ?? '', bracketed[2]]
  // An IPv6 address without brackets has no port.
  if (isIPAddress(entry)) return [entry, undefined]
  const [, name = entry, port] = /^([^:]*):(\d+)$/.exec(entry) ?? []
  return [name, port]
}

function isInRange(host: string, range: string): boolean {
  if (!isIPAddress(host) || !ipaddr.isValidCIDR(range)) return false
  const address = ipaddr.process(host)
  const [network, bits] = ipaddr.parseCIDR(range)
  return address.kind() === network.kind() && address.match(network, bits)
}

function isSameAddress(name: string, host: string): boolean {
  return isIPAddress(host) && ipaddr.process(host).toString() === ipaddr.process(name).toString()
}

/** A route in words that follow a sentence, without a password: `, through the proxy http://proxy:3128 (HTTPS_PROXY)`. */
export function describeRoute(route: ProxyRoute): string {
  if ('through' in route) return `, through the proxy ${withoutPassword(route.through)}`
  if ('past' in route) return `, without the proxy ${withoutPassword(route.past)} because of ${route.by}`
  return ''
}

function withoutPassword({ url, variable }: NamedProxy): string {
  return `${url.protocol}//${url.host} (${variable})`
}
