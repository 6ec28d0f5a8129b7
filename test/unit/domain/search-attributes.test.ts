import { describe, expect, it } from '@jest/globals'
import {
  cliTypeOf,
  missingSearchAttributes,
  mistypedSearchAttributes,
  searchAttributeNames,
  searchAttributes,
  usableSearchAttributes,
  type RegisteredTypes,
} from '../../../src/domain/search-attributes.ts'

const nothing: RegisteredTypes = {
  VipNamespace: undefined,
  VipCluster: undefined,
  VipPhase: undefined,
  VipAddress: undefined,
  VipPool: undefined,
}

describe('search attributes', () => {
  it('are all missing where none is registered', () => {
    expect(missingSearchAttributes(nothing)).toEqual(searchAttributeNames)
    expect(mistypedSearchAttributes(nothing)).toEqual([])
    expect(usableSearchAttributes(nothing)).toEqual([])
  })

  it('are all usable where each is registered with its type', () => {
    expect(missingSearchAttributes(searchAttributes)).toEqual([])
    expect(mistypedSearchAttributes(searchAttributes)).toEqual([])
    expect(usableSearchAttributes(searchAttributes)).toEqual(searchAttributeNames)
  })

  it('are mistyped, not missing, where one is registered with another type', () => {
    const registered = { ...nothing, VipAddress: 'KEYWORD', VipPool: 'KEYWORD_LIST' }
    expect(missingSearchAttributes(registered)).toEqual([
      'VipNamespace',
      'VipCluster',
      'VipPhase',
      'VipManagementCluster',
    ])
    expect(mistypedSearchAttributes(registered)).toEqual(['VipAddress'])
    expect(usableSearchAttributes(registered)).toEqual(['VipPool'])
  })

  it('have every name that there is', () => {
    expect(searchAttributeNames.toSorted()).toEqual(Object.keys(searchAttributes).toSorted())
  })

  it('have types as the temporal CLI writes them', () => {
    expect(cliTypeOf('KEYWORD')).toBe('Keyword')
    expect(cliTypeOf('KEYWORD_LIST')).toBe('KeywordList')
  })
})
