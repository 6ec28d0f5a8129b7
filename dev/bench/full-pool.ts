import { inClusterPool } from '../../src/domain/model/pool-kinds.ts'
import { availableAddresses, ipPoolFrom } from '../../src/domain/model/pool.ts'
import { pathIn } from '../stack/resource-path.ts'
import type { Bench } from './bench.ts'
import { eventually } from './eventually.ts'
import { claimObject, isBound, poolName } from './objects.ts'

/** Takes an address with a claim without owner, and resolves when it is bound. */
export async function hold(bench: Bench, namespace: string, name: string): Promise<void> {
  const { api, signal } = bench
  const path = pathIn(namespace, 'ipaddressclaims')
  await api.send({ method: 'POST', path, body: claimObject(namespace, name) })
  await eventually(`${name} to be bound`, signal, async () =>
    isBound(await api.send({ method: 'GET', path: `${path}/${name}` })),
  )
}

/** Gives back what `hold` took. */
export async function release(bench: Bench, namespace: string, name: string): Promise<void> {
  await bench.api.send({ method: 'DELETE', path: pathIn(namespace, 'ipaddressclaims', name) })
}

/** Resolves when the provider counts no free address in the pool of a namespace. */
export async function untilExhausted(bench: Bench, namespace: string): Promise<void> {
  const path = pathIn(namespace, 'inclusterippools', poolName)
  await eventually('the pool to be exhausted', bench.signal, async () => {
    const pool = ipPoolFrom(inClusterPool, await bench.api.send({ method: 'GET', path }))
    return availableAddresses(pool) === 0
  })
}
