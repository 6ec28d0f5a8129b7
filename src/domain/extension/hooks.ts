import type { JsonObject } from '../model/decode.ts'

/** The API version of all hooks of Cluster API's Runtime SDK that are served here. */
export const hooksApiVersion = 'hooks.runtime.cluster.x-k8s.io/v1alpha1'

/** `patch` writes the VIP into the templates of a class; `gate` holds a Cluster back until it has its VIP. */
export const handlerNames = ['patch', 'gate'] as const
export type HandlerName = (typeof handlerNames)[number]

const hookOf: Readonly<Record<HandlerName, string>> = {
  patch: 'GeneratePatches',
  gate: 'BeforeClusterCreate',
}

/** Seconds after which core gives a call up. A handler answers well before. */
const timeoutSeconds = 10

/** What a call asks for. */
export type HookCall = 'discovery' | HandlerName

/** The call that a path names; undefined if it names none of ours. */
export function hookCallAt(path: string): HookCall | undefined {
  const root = `/${hooksApiVersion}`
  if (path === `${root}/discovery`) return 'discovery'
  return handlerNames.find((name) => path === `${root}/${hookOf[name].toLowerCase()}/${name}`)
}

/** The `kind` of the request of a call. */
export function requestKindOf(call: HookCall): string {
  return call === 'discovery' ? 'DiscoveryRequest' : `${hookOf[call]}Request`
}

/** The answer to a call. */
export interface HookAnswer {
  readonly status: 'Success' | 'Failure'
  /** The same words for the same state: core puts them into a condition, which would change with every call otherwise. */
  readonly message?: string
}

/** An answer as core reads it. */
export function responseOf(
  call: HookCall,
  { status, message, ...more }: HookAnswer & JsonObject,
): JsonObject {
  return {
    apiVersion: hooksApiVersion,
    kind: requestKindOf(call).replace(/Request$/, 'Response'),
    status,
    ...(message !== undefined && { message }),
    ...more,
  }
}

/**
 * The handlers that are registered. Their failurePolicy is always Fail: with Ignore, core renders a class without our patch
 * while no replica answers, which removes the endpoint of living Clusters.
 */
export function discoveryAnswer(handlers: readonly HandlerName[]): HookAnswer & JsonObject {
  return {
    status: 'Success',
    handlers: handlers.map((name) => ({
      name,
      requestHook: { apiVersion: hooksApiVersion, hook: hookOf[name] },
      timeoutSeconds,
      failurePolicy: 'Fail',
    })),
  }
}
