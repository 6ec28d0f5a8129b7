import type { Verb } from '../../src/kubernetes/transport/api-request.ts'

/** The product never sends an `update`; other clients do. */
export type ProxiedVerb = Verb | 'update'

/** What a request is about. An empty string means none, or all namespaces. */
export interface RequestFacts {
  readonly verb: ProxiedVerb
  readonly group: string
  /** Plural as in RBAC, for example `clusters/status` for a subresource; empty for non-resource requests. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

/** Matches requests with all these facts, and with any of several verbs. */
export type RequestMatch = Partial<Omit<RequestFacts, 'verb'>> & {
  readonly verb?: ProxiedVerb | readonly ProxiedVerb[]
}

const objectFacts = ['group', 'resource', 'namespace', 'name'] as const

/** Parses a request's method and target (path and query) as an API server does. */
export function factsOf(method: string, target: string): RequestFacts {
  const { pathname, searchParams } = new URL(target, 'http://proxy')
  const [root, ...segments] = pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent)
  const group = root === 'apis' ? (segments[0] ?? '') : ''
  const inVersion = root === 'apis' ? segments.slice(2) : root === 'api' ? segments.slice(1) : []
  // `namespaces/demo` is a Namespace, `namespaces/demo/pods` a collection in it.
  const isInNamespace = inVersion[0] === 'namespaces' && inVersion.length > 2
  const [plural = '', name = '', subresource] = isInNamespace ? inVersion.slice(2) : inVersion
  const resource = subresource === undefined ? plural : `${plural}/${subresource}`
  const isCollection = resource !== '' && name === ''
  return {
    verb: verbOf(method, { isWatch: searchParams.get('watch') === 'true', isCollection }),
    group,
    resource,
    namespace: isInNamespace ? (inVersion[1] ?? '') : '',
    name,
  }
}

export function isWrite(facts: RequestFacts): boolean {
  return !['get', 'list', 'watch'].includes(facts.verb)
}

export function isMatch(facts: RequestFacts, match: RequestMatch): boolean {
  const verbs = match.verb === undefined ? [facts.verb] : [match.verb].flat()
  return (
    verbs.includes(facts.verb) &&
    objectFacts.every((key) => match[key] === undefined || match[key] === facts[key])
  )
}

function verbOf(method: string, get: { isWatch: boolean; isCollection: boolean }): ProxiedVerb {
  switch (method) {
    case 'POST':
      return 'create'
    case 'PUT':
      return 'update'
    case 'PATCH':
      return 'patch'
    case 'DELETE':
      return 'delete'
    default:
      return get.isWatch ? 'watch' : get.isCollection ? 'list' : 'get'
  }
}
