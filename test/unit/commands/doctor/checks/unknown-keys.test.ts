import { describe, expect, it } from '@jest/globals'
import { poolKeys, strangeKeys } from '../../../../../src/commands/doctor/checks/unknown-keys.ts'
import { aCluster } from '../../../../support/builders.ts'

const prefix = 'vip.capi.gorizond.io'

function strange(annotations: Readonly<Record<string, string>>, known = poolKeys): readonly string[] {
  return strangeKeys(aCluster({ annotations }), known)
}

describe('a key of an annotation', () => {
  it('that is read as a label is reported as such', () => {
    const known = { labels: [`${prefix}/role`], annotations: [] }
    expect(strange({ [`${prefix}/role`]: 'ingress' }, known)).toEqual([
      `annotation "${prefix}/role" is read as label only`,
    ])
  })

  it.each([
    ['our prefix alone', prefix],
    ['the prefix of somebody else', 'vip.capi.example.com/role'],
    ['one of ours', `${prefix}/role`],
  ])('is left alone where it is %s', (_, key) => {
    expect(strange({ [key]: 'x' })).toEqual([])
  })

  it('may be three letters off and still be meant for ours', () => {
    expect(strange({ 'vip.capi.gorizond/role': 'x' })).toEqual([
      `unknown annotation "vip.capi.gorizond/role"; did you mean "${prefix}/role"?`,
    ])
  })
})
