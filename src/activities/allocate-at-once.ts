import type { AllocateAtOnceInput, AllocateAtOnceResult } from '../workflows/contract.ts'
import { FastPathAbandoned } from './failures.ts'
import type { Steps } from './index.ts'

/**
 * Takes the steps one after the other, as far as each gets on at once. Whatever comes in between is left to the step's own
 * activity, which finds done what was done here.
 *
 * @param steps whose pace is `at-once`
 */
export async function allocateAtOnce(
  steps: Steps,
  { cluster, role, startedAt }: AllocateAtOnceInput,
): Promise<AllocateAtOnceResult> {
  let got: AllocateAtOnceResult = {}
  try {
    const selected = await steps.selectIPPool({ cluster, role })
    if (selected.next !== 'claim') return { left: saying(selected) }
    got = { selectIPPool: selected }
    const { uid, poolRef, restore } = selected

    const ensured = await steps.ensureIPAddressClaim({
      cluster,
      role,
      uid,
      poolRef,
      ...(restore !== undefined && { restore }),
    })
    if (ensured.next !== 'await') return { ...got, left: saying(ensured) }
    got = { ...got, ensureIPAddressClaim: ensured }

    const awaited = await steps.awaitIPAddress({ cluster, role, uid })
    if (awaited.next !== 'assign') return { ...got, left: saying(awaited) }
    got = { ...got, awaitIPAddress: awaited }
    const { address } = awaited

    const assigned = await steps.assignVip({ cluster, role, uid, address, startedAt })
    if (assigned.next !== 'assigned') return { ...got, left: saying(assigned) }
    return { ...got, assignVip: assigned }
  } catch (failure) {
    if (!(failure instanceof FastPathAbandoned)) throw failure
    return { ...got, left: failure.message }
  }
}

function saying({ next }: { readonly next: string }): string {
  return `the answer is "${next}"`
}
