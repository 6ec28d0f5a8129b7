import { describe, expect, it } from '@jest/globals'
import fc from 'fast-check'
import {
  parseAllocateVipInput,
  parseReleaseVipInput,
  workflowIdFor,
} from '../../../src/workflows/contract.ts'
import { holdsForAll } from '../../support/seeded-random.ts'

/** Characters of a message about an argument that nobody can read. */
const longest = 600

const nameLike = fc.oneof(
  fc.string({ unit: 'binary' }),
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
