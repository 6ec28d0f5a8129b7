import { fullNameOf, type PoolKind } from '../domain/model/pool-kind.ts'
import { ipPoolFrom, type IPPool } from '../domain/model/pool.ts'
import { KubernetesError } from './errors.ts'
import { discoverKind } from './foreign-kinds.ts'
import type { DecodedResource } from './resources.ts'
import type { KubernetesConnection } from './transport/connection.ts'

type Requests = Pick<KubernetesConnection, 'request'>

/** A kind whose API is known without asking the API server. */
export type StaticPoolKind = PoolKind & Required<Pick<PoolKind, 'resource'>>

export function isStatic(kind: PoolKind): kind is StaticPoolKind {
  return kind.resource !== undefined
}

/** One for each kind, since discovered versions are kept by resource. */
const staticResources = new WeakMap<PoolKind, DecodedResource<IPPool>>()

export function poolResourceOf(kind: StaticPoolKind): DecodedResource<IPPool> {
  const known = staticResources.get(kind)
  if (known !== undefined) return known
  const resource = resourceFor(kind, {
    plural: kind.resource,
    namespaced: kind.isGlobal !== true,
    versions: kind.versions,
  })
  staticResources.set(kind, resource)
  return resource
}

const discovered = new WeakMap<Requests, Map<PoolKind, Promise<DecodedResource<IPPool>>>>()

/** Finds the API of a kind, and remembers it. Rejects with `notServed` if there is none, for this call only. */
export function findPoolResource(connection: Requests, kind: PoolKind): Promise<DecodedResource<IPPool>> {
  if (isStatic(kind)) return Promise.resolve(poolResourceOf(kind))
  const known = discovered.get(connection) ?? new Map<PoolKind, Promise<DecodedResource<IPPool>>>()
  discovered.set(connection, known)
  const running = known.get(kind)
  if (running !== undefined) return running
  const found = discoverPoolResource(connection, kind)
  known.set(kind, found)
  found.catch(() => known.delete(kind))
  return found
}

async function discoverPoolResource(connection: Requests, kind: PoolKind): Promise<DecodedResource<IPPool>> {
  const [version] = kind.versions
  const served = await discoverKind(connection, kind, version)
  if (served !== undefined) return resourceFor(kind, served)
  const where = version === undefined ? '' : ` in ${version}`
  throw new KubernetesError(
    `${fullNameOf(kind)} is not served by this API server${where}: install ${kind.provider}, or correct --pool-kinds`,
    { kind: 'notServed', status: 404 },
  )
}

function resourceFor(
  poolKind: PoolKind,
  found: Pick<DecodedResource<IPPool>, 'plural' | 'namespaced' | 'versions'>,
): DecodedResource<IPPool> {
  const { apiGroup: group, kind, provider } = poolKind
  return { group, kind, provider, ...found, decode: (object) => ipPoolFrom(poolKind, object) }
}

/** What is lost if pools of a kind cannot be read. */
export function lossWithoutPools({ kind }: Pick<PoolKind, 'kind'>): string {
  return `${kind}s serve no Cluster`
}
