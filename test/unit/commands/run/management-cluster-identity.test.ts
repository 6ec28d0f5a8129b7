import { describe, expect, it } from '@jest/globals'
import { createManagementClusterIdentity } from '../../../../src/commands/run/management-cluster-identity.ts'
import { KubernetesError, type KubernetesErrorKind } from '../../../../src/kubernetes/errors.ts'

function refusal(kind: KubernetesErrorKind): KubernetesError {
  return new KubernetesError(`get Namespace kube-system: ${kind}`, { kind, status: 0 })
}

/** @param answers of the API server, one after the other; the last one stays */
function identified(...answers: readonly (string | KubernetesError)[]) {
  const left = [...answers]
  const warnings: string[] = []
  const clock = { now: 0 }
  let reads = 0
  const identity = createManagementClusterIdentity({
    read: async () => {
      reads += 1
      const answer = left.length > 1 ? left.shift() : left[0]
      if (answer instanceof Error) throw answer
      return answer ?? ''
    },
    log: { warn: (message) => warnings.push(message) },
    now: () => clock.now,
  })
  return { identity, warnings, clock, reads: () => reads }
}

describe('the uid of the management cluster', () => {
  it('is read once, also if several need it at the same time', async () => {
    const { identity, reads } = identified('uid-a')
    expect(await Promise.all([identity.uid(), identity.uid()])).toEqual(['uid-a', 'uid-a'])
    expect(await identity.uid()).toBe('uid-a')
    expect(reads()).toBe(1)
    expect(identity.trouble()).toBeUndefined()
  })

  it.each<[KubernetesErrorKind]>([['forbidden'], ['notFound']])(
    'is undefined if it may not be read (%s), which is said once and holds nothing up',
    async (kind) => {
      const { identity, warnings, clock, reads } = identified(refusal(kind))
      expect(await identity.uid()).toBeUndefined()
      expect(await identity.uid()).toBeUndefined()
      expect(reads()).toBe(1)
      clock.now = 60_000
      expect(await identity.uid()).toBeUndefined()
      expect(reads()).toBe(2)
      expect(warnings).toEqual([expect.stringContaining('Cannot tell which management cluster this is')])
      expect(identity.trouble()).toBe(`get Namespace kube-system: ${kind}`)
    },
  )

  it('is read again after a minute, when somebody has permitted it', async () => {
    const { identity, clock } = identified(refusal('forbidden'), 'uid-a')
    expect(await identity.uid()).toBeUndefined()
    clock.now = 60_000
    expect(await identity.uid()).toBe('uid-a')
    expect(identity.trouble()).toBeUndefined()
  })

  it('rejects while the API server does not answer, and is read by the next call', async () => {
    const { identity, warnings } = identified(refusal('unavailable'), 'uid-a')
    await expect(identity.uid()).rejects.toThrow('unavailable')
    expect(await identity.uid()).toBe('uid-a')
    expect(warnings).toEqual([])
  })
})
