import { describe, expect, it } from '@jest/globals'
import { runDevCommand } from './run-dev-command.ts'

describe('the benchmark', () => {
  it('prints its figures beside those of a plain controller and the floor as JSON, and nothing else, and leaves nothing behind', async () => {
    const flags = ['--only=one-vip,requests,gates', '--clusters=1', '--rounds=1', '--output=json']
    const { code, stdout, stderr, left } = await runDevCommand('bench', flags)
    expect({ code, stderr: code === 0 ? '' : stderr }).toEqual({ code: 0, stderr: '' })
    const fields = {
      unit: 'ms',
      ours: expect.any(Number),
      plain: expect.any(Number),
      floor: expect.any(Number),
      timesPlain: expect.any(Number),
      timesFloor: expect.any(Number),
    }
    const nothing = { plain: null, floor: null, timesPlain: null, timesFloor: null }
    const alone = { unit: '', ours: expect.any(Number), ...nothing }
    const met = expect.any(Boolean)
    expect(JSON.parse(stdout)).toEqual([
      { measure: 'one-vip-p50', ...fields, target: '≤ 1.3 × plain', met },
      { measure: 'one-vip-p99', ...fields, target: '≤ 2 × plain', met },
      { measure: 'requests', ...alone, target: '≤ 6', met },
      { measure: 'requests-lists', ...alone, target: '≤ 0', met },
      ...[
        ['variable', 1500, 2000],
        ['annotation', 1500, 2000],
        ['before-cluster-create', 2500, 3000],
        ['generate-patches', 500, 1000],
      ].flatMap(([way, target, targetCreated]) => [
        { measure: `gates-${way}`, ...alone, unit: 'ms', target: `≤ ${target} ms`, met },
        { measure: `gates-${way}-created`, ...alone, unit: 'ms', target: `≤ ${targetCreated} ms`, met },
      ]),
    ])
    expect(left).toEqual([])
  })

  it('ends at Ctrl-C with nothing left', async () => {
    const { code, left } = await runDevCommand('bench', ['--only=burst-200'], 'warming up')
    expect(code).toBe(130)
    expect(left).toEqual([])
  })

  it('refuses a measure it does not have', async () => {
    const { code, stdout, stderr } = await runDevCommand('bench', ['--only=speed'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    expect(stderr).toContain('--only=speed: expected one of one-vip, burst-200, burst-1000, requests, cpu')
  })
})
