import type { Verb } from '../../src/kubernetes/transport/api-request.ts'

/** The product never sends an `update`; other clients do. */
export type ProxiedVerb = Verb | 'update'

/** What a request to an API server is about. Empty: none, or all namespaces. */
export interface RequestFacts {
  readonly verb: ProxiedVerb
  readonly group: string
  /** Plural, as RBAC names it: `clusters/status` for a subresource. Empty where the request is about no object. */
  readonly resource: string
  readonly namespace: string
  readonly name: string
}

/** Which requests: those that have all of these facts. Of several verbs, any. */
export type RequestMatch = Partial<Omit<RequestFacts, 'verb'>> & {
  readonly verb?: ProxiedVerb | readonly ProxiedVerb[]
}

const objectFacts = ['group', 'resource', 'namespace', 'name'] as const

/** Reads a request's method and target (path and query) the way an API server does. */
export function factsOf(method: string, target: string): RequestFacts {
  const { pathname, searchParams } = new URL(target, 'http://proxy')
  const [root, ...segments] = pathname
    .split('/')
    .filter((segment) => segment !== '')
    .map(decodeURIComponent)
  const group = root === 'apis' ? (segments[0] ?? '') : ''
  const inVersion = root === 'apis' ? segments.slice(2) : root === 'api' ? segments.slice(1) : []
  // A Namespace is an object too: `namespaces/demo` is one, `namespaces/demo/pods` is not.
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

/** Whether a request changes something. */
export function isWrite(facts: RequestFacts): boolean {
  return !['get', 'list', 'watch'].includes(facts.verb)
}

/** Whether a request is one of those that `match` means. */
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
