import { arrayOf, integerOf, nonEmptyStringOf, objectOf, stringOf } from '../../src/domain/model/decode.ts'
import { setTimeout as delay } from 'node:timers/promises'
import type { StackConnection } from '../stack/connection.ts'
import {
  ApiError,
  kubernetesApi,
  type KubernetesApi,
  type KubernetesObject,
} from '../stack/kubernetes-api.ts'
import { startRawWatch } from '../stack/raw-watch.ts'
import { pathIn } from '../stack/resource-path.ts'

/** A kind of pools that the provider serves. */
export interface ProvidedKind {
  readonly group: string
  readonly kind: string
  readonly plural: string
  readonly isGlobal: boolean
  /** As Metal3's IP Address Manager: ranges in `spec.pools`, allocations in `status.indexes`, and names of its own. */
  readonly isLikeMetal3?: boolean
}

/** What `spec` of a pool says, beside its addresses. */
export interface PoolBehavior {
  /** Milliseconds before every answer. */
  readonly delayMs?: number
  /** Refuses every claim with `AllocationFailed` and this message. */
  readonly fail?: string
  /** Gives every claim the first address, even if somebody has it. */
  readonly handsOutTwice?: boolean
  /** Comes back to a claim that it has refused, when the pool changes. */
  readonly retries?: boolean
}

export interface Provider {
  close(): Promise<void>
}

/** The definition of a kind, for the API server. Any field may be in spec and status. */
export function definitionOf({ group, kind, plural, isGlobal }: ProvidedKind): KubernetesObject {
  const definition = {
    apiVersion: 'apiextensions.k8s.io/v1',
    kind: 'CustomResourceDefinition',
    metadata: { name: `${plural}.${group}` },
    spec: {
      group,
      scope: isGlobal ? 'Cluster' : 'Namespaced',
      names: { plural, singular: kind.toLowerCase(), kind, listKind: `${kind}List` },
      versions: [
        {
          name: 'v1alpha1',
          served: true,
          storage: true,
          subresources: { status: {} },
          schema: { openAPIV3Schema: { type: 'object', 'x-kubernetes-preserve-unknown-fields': true } },
        },
      ],
    },
  }
  return definition
}

/** Path of the pools of a kind, or of one. */
export function poolPath(
  { group, plural, isGlobal }: ProvidedKind,
  namespace: string,
  name?: string,
): string {
  const scope = isGlobal ? '' : `/namespaces/${namespace}`
  return `/apis/${group}/v1alpha1${scope}/${plural}${name === undefined ? '' : `/${name}`}`
}

/** Milliseconds until a claim is tried again after a failure; one that has changed is tried at once. */
const retryAfterMs = 500

interface Claim {
  readonly name: string
  readonly uid: string
  readonly apiVersion: string
  readonly poolRef: { readonly apiGroup: string; readonly kind: string; readonly name: string }
  readonly isBound: boolean
  readonly isRefused: boolean
  readonly isDeleting: boolean
  readonly finalizers: readonly string[]
}

interface Pool {
  readonly behavior: PoolBehavior
  readonly addresses: readonly string[]
  readonly namePrefix: string
}

/**
 * Starts a small IPAM provider by Cluster API's contract for the claims of one namespace. The specs of its pools have it
 * be slow, fail, or hand out an address twice. It says on a claim that its pool is exhausted, and never comes back to it. It
 * survives every failure of the API server.
 */
export function startProvider(
  stack: StackConnection,
  namespace: string,
  kinds: readonly ProvidedKind[],
): Provider {
  const api = kubernetesApi(stack)
  const seen = new Map<string, Claim>()
  let queue = Promise.resolve()
  let isClosed = false
  const enqueue = (claim: Claim): void => {
    queue = after(queue, async () => {
      if (isClosed || claim !== seen.get(claim.name)) return
      // The API server may be away or refuse, or an IPAddress of an earlier claim of this name is still there.
      await reconcile(api, namespace, kinds, claim).catch(() => {
        setTimeout(() => enqueue(claim), retryAfterMs).unref()
      })
    })
  }
  const claims = startRawWatch({
    stack,
    path: pathIn(namespace, 'ipaddressclaims'),
    onVersion: ({ object, isGone }) => {
      const claim = claimFrom(object)
      if (isGone) seen.delete(claim.name)
      else {
        seen.set(claim.name, claim)
        enqueue(claim)
      }
    },
  })
  const pools = kinds.map((kind) =>
    startRawWatch({
      stack,
      path: poolPath(kind, namespace),
      onVersion: ({ object }) => {
        if (objectOf(objectOf(object)['spec'])['retries'] === true) [...seen.values()].forEach(enqueue)
      },
    }),
  )
  return {
    async close() {
      isClosed = true
      await Promise.all([claims, ...pools].map((watch) => watch.close()))
      await queue
      await api.close()
    },
  }
}

async function after(before: Promise<void>, run: () => Promise<void>): Promise<void> {
  await before
  await run()
}

async function reconcile(
  api: KubernetesApi,
  namespace: string,
  kinds: readonly ProvidedKind[],
  claim: Claim,
): Promise<void> {
  const { poolRef } = claim
  const kind = kinds.find(({ group, kind }) => group === poolRef.apiGroup && kind === poolRef.kind)
  if (kind === undefined) return
  if (claim.isDeleting) return release(api, namespace, claim)
  if (claim.isBound) return
  const pool = await readPool(api, kind, namespace, poolRef.name)
  if (pool === undefined || (claim.isRefused && pool.behavior.retries !== true)) return
  const { delayMs = 0, fail, handsOutTwice = false } = pool.behavior
  await delay(delayMs)
  if (fail !== undefined) return refuse(api, namespace, claim, 'AllocationFailed', fail)
  const taken = await takenFrom(api, namespace, claim)
  const address = pool.addresses.find((each) => handsOutTwice || !taken.includes(each))
  if (address === undefined) return refuse(api, namespace, claim, 'PoolExhausted', 'no address is left')
  const name = kind.isLikeMetal3 === true ? `${pool.namePrefix}-${address.replaceAll('.', '-')}` : claim.name
  await bind(api, namespace, claim, { name, address })
  if (kind.isLikeMetal3 === true) {
    const indexes = { [claim.name]: address }
    await patch(api, `${poolPath(kind, namespace, poolRef.name)}/status`, { status: { indexes } })
  }
}

async function readPool(
  api: KubernetesApi,
  kind: ProvidedKind,
  namespace: string,
  name: string,
): Promise<Pool | undefined> {
  try {
    const object = await api.send<object>({ method: 'GET', path: poolPath(kind, namespace, name) })
    const spec = objectOf(objectOf(object)['spec'])
    const { delayMs, fail, handsOutTwice, retries, addresses, pools, namePrefix } = spec
    return {
      behavior: {
        ...(integerOf(delayMs) !== undefined && { delayMs: integerOf(delayMs) ?? 0 }),
        ...(nonEmptyStringOf(fail) !== undefined && { fail: stringOf(fail) }),
        handsOutTwice: handsOutTwice === true,
        retries: retries === true,
      },
      // A range of Metal3 is one address here.
      addresses: [...arrayOf(addresses), ...arrayOf(pools).map((range) => objectOf(range)['start'])].map(
        String,
      ),
      namePrefix: stringOf(namePrefix),
    }
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

/** The addresses of the pool that have an IPAddress, made by anybody. */
async function takenFrom(
  api: KubernetesApi,
  namespace: string,
  { poolRef }: Claim,
): Promise<readonly string[]> {
  const { items } = await api.send<{
    items: readonly { spec: { address: string; poolRef: Claim['poolRef'] } }[]
  }>({
    method: 'GET',
    path: pathIn(namespace, 'ipaddresses'),
  })
  return items
    .filter(({ spec }) => spec.poolRef.name === poolRef.name && spec.poolRef.kind === poolRef.kind)
    .map(({ spec }) => spec.address)
}

/** The garbage collector deletes the IPAddress after its claim. */
async function bind(
  api: KubernetesApi,
  namespace: string,
  { name, uid, apiVersion, poolRef }: Claim,
  given: { readonly name: string; readonly address: string },
): Promise<void> {
  const body = {
    apiVersion,
    kind: 'IPAddress',
    metadata: {
      name: given.name,
      namespace,
      ownerReferences: [{ apiVersion, kind: 'IPAddressClaim', name, uid }],
    },
    spec: { address: given.address, prefix: 24, poolRef, claimRef: { name } },
  }
  try {
    await api.send({ method: 'POST', path: pathIn(namespace, 'ipaddresses'), body })
  } catch (error) {
    // An attempt whose answer was lost may have made it.
    const isThere = error instanceof ApiError && error.status === 409
    if (!isThere || !(await isMadeFor(api, namespace, given.name, uid))) throw error
  }
  const status = { addressRef: { name: given.name }, conditions: [condition('True', 'Allocated', '')] }
  await patch(api, `${pathIn(namespace, 'ipaddressclaims', name)}/status`, { status })
}

async function isMadeFor(
  api: KubernetesApi,
  namespace: string,
  name: string,
  claimUid: string,
): Promise<boolean> {
  const object = await api.send<object>({ method: 'GET', path: pathIn(namespace, 'ipaddresses', name) })
  const owners = arrayOf(objectOf(objectOf(object)['metadata'])['ownerReferences']).map(objectOf)
  return owners.some(({ uid }) => uid === claimUid)
}

/** By the finalizer that providers share: the in-cluster one gives it to claims on other pools, too, and leaves it there. */
async function release(api: KubernetesApi, namespace: string, { name, finalizers }: Claim): Promise<void> {
  const others = finalizers.filter((finalizer) => finalizer !== releaseFinalizer)
  if (others.length === finalizers.length) return
  await patch(api, pathIn(namespace, 'ipaddressclaims', name), { metadata: { finalizers: others } })
}

const releaseFinalizer = 'ipam.cluster.x-k8s.io/ReleaseAddress'

async function refuse(
  api: KubernetesApi,
  namespace: string,
  { name }: Claim,
  reason: 'PoolExhausted' | 'AllocationFailed',
  message: string,
): Promise<void> {
  const status = { conditions: [condition('False', reason, message)] }
  await patch(api, `${pathIn(namespace, 'ipaddressclaims', name)}/status`, { status })
}

function condition(status: 'True' | 'False', reason: string, message: string): object {
  const lastTransitionTime = new Date().toISOString().replace(/\.\d+/, '')
  return { type: 'Ready', status, reason, message, lastTransitionTime }
}

async function patch(api: KubernetesApi, path: string, body: object): Promise<void> {
  await api.send({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
}

function claimFrom(object: unknown): Claim {
  const { apiVersion, metadata, spec, status } = objectOf(object)
  const { name, uid, deletionTimestamp, finalizers } = objectOf(metadata)
  const ref = objectOf(objectOf(spec)['poolRef'])
  const conditions = arrayOf(objectOf(status)['conditions']).map(objectOf)
  return {
    name: stringOf(name),
    uid: stringOf(uid),
    apiVersion: stringOf(apiVersion) || 'ipam.cluster.x-k8s.io/v1beta2',
    poolRef: {
      apiGroup: stringOf(ref['apiGroup']),
      kind: stringOf(ref['kind']),
      name: stringOf(ref['name']),
    },
    isBound: nonEmptyStringOf(objectOf(objectOf(status)['addressRef'])['name']) !== undefined,
    isRefused: conditions.some((each) => each['type'] === 'Ready' && each['status'] === 'False'),
    isDeleting: deletionTimestamp !== undefined,
    finalizers: arrayOf(finalizers).map(String),
  }
}
