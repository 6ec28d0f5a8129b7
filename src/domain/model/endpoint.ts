import { integerOf, isObject, stringOf } from './decode.ts'

/**
 * Cluster API's APIEndpoint. v1beta1 stores `""` and 0 for absent, v1beta2 leaves them out;
 * both read as `""` and 0 here. An IPv6 host has no brackets.
 */
export interface APIEndpoint {
  readonly host: string
  readonly port: number
}

export const zeroEndpoint: APIEndpoint = { host: '', port: 0 }

/** Host and port (CAPI: `APIEndpoint.IsValid`). Core treats anything less as unset. */
export function isValidEndpoint(endpoint: APIEndpoint): boolean {
  return endpoint.host !== '' && endpoint.port !== 0
}

/** For people: `10.0.0.10:6443`, `[fd00::10]:6443`. */
export function formatEndpoint(endpoint: APIEndpoint): string {
  return endpoint.host.includes(':')
    ? `[${endpoint.host}]:${endpoint.port}`
    : `${endpoint.host}:${endpoint.port}`
}

/** Reads an endpoint of either API version; absent reads as the zero endpoint. */
export function endpointFrom(value: unknown): APIEndpoint {
  if (!isObject(value)) return zeroEndpoint
  return { host: stringOf(value['host']), port: integerOf(value['port']) ?? 0 }
}
