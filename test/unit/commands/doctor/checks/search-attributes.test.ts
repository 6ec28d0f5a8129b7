import { describe, expect, it } from '@jest/globals'
import { checkSearchAttributes } from '../../../../../src/commands/doctor/checks/temporal.ts'
import { searchAttributes } from '../../../../../src/domain/search-attributes.ts'

describe('search attributes', () => {
  it('are in order where all are registered', () => {
    expect(checkSearchAttributes(searchAttributes, 'default', { read: [] })).toEqual([
      {
        level: 'ok',
        found: 'VipNamespace, VipCluster, VipPhase, VipAddress, VipPool and 1 more are registered',
      },
    ])
  })

  it('that are missing are a warning, with the command that registers them', () => {
    const registered = { ...searchAttributes, VipPhase: undefined, VipPool: undefined }
    expect(checkSearchAttributes(registered, 'vips', { read: [] })).toEqual([
      {
        level: 'warning',
        found: 'VipPhase, VipPool not registered in namespace vips: runs cannot be searched for by them',
        fix: expect.stringContaining(
          'search-attribute create --namespace vips --name VipPhase --type Keyword --name VipPool --type KeywordList',
        ),
      },
    ])
  })

  it('of another type are a fault, also beside missing ones', () => {
    const registered = { ...searchAttributes, VipPhase: undefined, VipAddress: 'TEXT' }
    expect(checkSearchAttributes(registered, 'vips', { read: [] })).toMatchObject([
      { level: 'warning' },
      {
        level: 'fault',
        found: 'VipAddress is registered as Text, expected KeywordList: no run sets it',
        fix: 'temporal operator search-attribute remove --namespace vips --name VipAddress, then capi-vip-allocator doctor --fix',
      },
    ])
  })
})
