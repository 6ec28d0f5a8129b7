import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  managementClusterIn,
  parseAllocateVipInput,
  parseReleaseVipInput,
  partsOfWorkflowId,
  releaseWorkflowIdFor,
  workflowIdFor,
} from '../../../src/workflows/contract.ts'
import { anyText, holdsForAll } from '../../support/seeded-random.ts'

/** Characters of a message about an argument that nobody can read. */
const longest = 600

const nameLike = fc.oneof(
  anyText,
  fc.stringMatching(/^[a-z0-9./-]{0,70}$/),
  fc.constantFrom('../..', 'a\n', 'x'.repeat(64), 'x'.repeat(1_000_000), '__proto__', '${x}', '{{}}'),
)
const argument = fc.oneof(
  fc.jsonValue(),
  fc.record({ namespace: nameLike, name: nameLike }),
  fc.record({ namespace: fc.jsonValue(), name: nameLike, more: fc.jsonValue() }, { requiredKeys: [] }),
)

/** What a person is told about an argument; undefined where it is taken. */
function refusalOf(args: readonly unknown[]): string | undefined {
  try {
    const { namespace, name } = parseAllocateVipInput(args, 'by-hand')
    const areNames = [namespace, name].every((text) => /^[a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?$/.test(text))
    return areNames ? undefined : `${namespace}/${name} was taken`
  } catch (error) {
    return error instanceof RangeError ? error.message : `an error of another kind: ${String(error)}`
  }
}

/** The same for a release. */
function refusalOfRelease(input: unknown): string | undefined {
  try {
    const { namespace, name, uid, held = [] } = parseReleaseVipInput([input])
    const texts = [
      namespace,
      name,
      uid,
      ...held.flatMap(({ claim = [], address = [] }) => [claim, address].flat()),
    ]
    return texts.every((text) => /^[\w.:-]{1,253}$/.test(text)) ? undefined : `${texts.join()} was taken`
  } catch (error) {
    return error instanceof RangeError ? error.message : `an error of another kind: ${String(error)}`
  }
}

describe('the argument of a run', () => {
  it('is a pair of Kubernetes names, or refused in few words', () => {
    holdsForAll(fc.array(argument, { maxLength: 3 }), (args) => {
      const refusal = refusalOf(args)
      expect(refusal ?? 'expected').toContain('expected')
      expect((refusal ?? '').length).toBeLessThan(longest)
    })
  })

  it('of a release is three of them and what was held, or refused in few words', () => {
    const held = fc.oneof(fc.jsonValue(), fc.array(fc.record({ role: nameLike, address: nameLike })))
    const release = fc.record(
      { namespace: nameLike, name: nameLike, uid: fc.oneof(fc.uuid(), nameLike), held },
      { requiredKeys: [] },
    )
    holdsForAll(fc.oneof(argument, release), (input) => {
      const refusal = refusalOfRelease(input)
      expect(refusal ?? 'expected').toContain('expected')
      expect((refusal ?? '').length).toBeLessThan(longest)
    })
  })

  it('of two names is taken', () => {
    const name = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    holdsForAll(fc.record({ namespace: name, name }), (input) => {
      expect(parseAllocateVipInput([input], workflowIdFor(input))).toEqual(input)
    })
  })

  it('of another Cluster than the workflow id names is refused, since that one would not be served', () => {
    const demo = { namespace: 'clusters', name: 'demo' }
    expect(() => parseAllocateVipInput([{ ...demo, name: 'other' }], workflowIdFor(demo))).toThrow(
      "the argument names Cluster clusters/other, expected clusters/demo, whose workflow id this is; allocate-vip/clusters/other is the other one's",
    )
    for (const id of ['by-hand', 'allocate-vip/demo', `${workflowIdFor(demo)}/again`]) {
      expect(parseAllocateVipInput([demo], id)).toEqual(demo)
    }
  })
})

describe('a workflow id', () => {
  const demo = { namespace: 'clusters', name: 'demo' }

  it('has the name of the management cluster if it has one, and is as ever without', () => {
    expect(workflowIdFor(demo)).toBe('allocate-vip/clusters/demo')
    expect(workflowIdFor(demo, 'east')).toBe('allocate-vip@east/clusters/demo')
    expect(releaseWorkflowIdFor({ ...demo, uid: 'uid' })).toBe('release-vip/clusters/demo/uid')
    expect(releaseWorkflowIdFor({ ...demo, uid: 'uid' }, 'east')).toBe('release-vip@east/clusters/demo/uid')
  })

  it('leads back to the Cluster and the name', () => {
    for (const managementCluster of [undefined, 'east']) {
      const id = workflowIdFor(demo, managementCluster)
      expect(partsOfWorkflowId(id)).toEqual({ cluster: demo, managementCluster })
    }
    for (const id of ['by-hand', 'allocate-vip/a/b/c', 'allocate-vip@/a/b', 'release-vip/a/b']) {
      expect(partsOfWorkflowId(id)).toBeUndefined()
    }
  })

  it('with a name belongs to its Cluster as well', () => {
    const id = workflowIdFor(demo, 'east')
    expect(parseAllocateVipInput([demo], id)).toEqual(demo)
    expect(() => parseAllocateVipInput([{ ...demo, name: 'other' }], id)).toThrow(
      "expected clusters/demo, whose workflow id this is; allocate-vip@east/clusters/other is the other one's",
    )
  })
})

describe('the memo of a run', () => {
  it.each([
    [{ managementClusterUid: 'uid-a' }, { managementClusterUid: 'uid-a' }],
    [{}, {}],
    [undefined, {}],
    [{ managementClusterUid: '' }, {}],
    [{ managementClusterUid: 7 }, {}],
    [{ managementClusterUid: { undecodablePayload: 'why' } }, {}],
    ['text', {}],
  ])('names a management cluster, or nothing: %j', (memo, expected) => {
    expect(managementClusterIn(memo)).toEqual(expected)
  })
})
