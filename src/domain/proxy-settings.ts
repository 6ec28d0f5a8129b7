/** The proxies that the environment names, as Go's net/http reads it, and with it kubectl and the `temporal` CLI. */
export interface ProxySettings {
  /** For `https:` targets, which Temporal always is. */
  readonly https: NamedProxy | undefined
  readonly http: NamedProxy | undefined
  /** Targets that are reached without a proxy. */
  readonly exceptions: { readonly variable: string; readonly list: string } | undefined
}

/** A proxy with the variable that names it. Its URL may contain a password. */
export interface NamedProxy {
  readonly variable: string
  readonly url: URL
}

export const noProxies: ProxySettings = { https: undefined, http: undefined, exceptions: undefined }

const proxyProtocols: readonly string[] = ['http:', 'https:', 'socks5:', 'socks5h:']

/** @param faults receives every proxy that cannot be read, without its value, which may contain a password */
export function readProxySettings(
  env: Readonly<Record<string, string | undefined>>,
  faults: string[],
): ProxySettings {
  const exceptions = firstSet(env, ['NO_PROXY', 'no_proxy'])
  const proxy = (names: readonly string[]): NamedProxy | undefined => {
    const found = firstSet(env, names)
    if (found === undefined) return undefined
    const url = proxyUrlOf(found.value)
    if (url === undefined) {
      faults.push(`${found.variable} cannot be read, expected a URL such as http://proxy:3128`)
      return undefined
    }
    return { variable: found.variable, url }
  }
  return {
    https: proxy(['HTTPS_PROXY', 'https_proxy']),
    http: proxy(['HTTP_PROXY', 'http_proxy']),
    exceptions: exceptions && { variable: exceptions.variable, list: exceptions.value },
  }
}

function firstSet(
  env: Readonly<Record<string, string | undefined>>,
  names: readonly string[],
): { readonly variable: string; readonly value: string } | undefined {
  return names.flatMap((variable) => (env[variable] ? [{ variable, value: env[variable].trim() }] : []))[0]
}

/** A text without a scheme is the address of an HTTP proxy. */
function proxyUrlOf(text: string): URL | undefined {
  const url = URL.parse(/^[a-z][a-z\d+.-]*:\/\//i.test(text) ? text : `http://${text}`)
  return url !== null && url.hostname !== '' && proxyProtocols.includes(url.protocol) ? url : undefined
}
