import { describe, expect, it } from '@jest/globals'
import { ok, runCheck } from '../../../../../src/commands/doctor/checks/check-result.ts'

describe('a check', () => {
  it('reports its results under its name', () => {
    const check = (read: number): ReturnType<typeof ok>[] => [ok(`${read} read`), ok('and more')]
    expect(runCheck('clock', { read: 5 }, check)).toEqual([
      { check: 'clock', level: 'ok', found: '5 read' },
      { check: 'clock', level: 'ok', found: 'and more' },
    ])
  })

  it('is skipped if its input could not be read', () => {
    const check = (): never => {
      throw new Error('there is nothing to check')
    }
    expect(runCheck('clock', { unread: 'the API server is away' }, check)).toEqual([
      { check: 'clock', level: 'skipped', found: 'the API server is away' },
    ])
  })
})
