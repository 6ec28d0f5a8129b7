import { describe, expect, it } from '@jest/globals'
import { commands } from '../../../src/command-line/commands.ts'
import { parseInvocation } from '../../../src/command-line/parse-invocation.ts'
import type { Typed } from '../../../src/command-line/command.ts'

/** The faults of what was typed after `doctor --service-account`. */
function faultsOf(...values: readonly string[]): readonly string[] {
  const faults: string[] = []
  const typed: Typed = {
    argument: undefined,
    values: () => values,
    isSet: () => false,
    fault: (message) => faults.push(message),
  }
  commands.find(({ name }) => name === 'doctor')?.prepare(typed)
  return faults
}

describe('doctor', () => {
  it('takes one ServiceAccount with its namespace', () => {
    expect(faultsOf()).toEqual([])
    expect(faultsOf('capi-vip-allocator-system/capi-vip-allocator')).toEqual([])
  })

  it.each([['allocator'], ['a/b/c'], ['A/b'], ['/b'], ['a/']])('does not take %j for one', (value) => {
    expect(faultsOf(value)).toEqual([`--service-account is "${value}", expected NAMESPACE/NAME`])
  })

  it('takes the last one', () => {
    expect(faultsOf('nobody', 'c/d')).toEqual([])
    expect(faultsOf('c/d', 'nobody')).toEqual(['--service-account is "nobody", expected NAMESPACE/NAME'])
  })

  it('says what is wrong with its switch', () => {
    expect(() => parseInvocation(['doctor', '--fix=perhaps'], {})).toThrow(
      '--fix is "perhaps", expected true, false',
    )
  })
})
