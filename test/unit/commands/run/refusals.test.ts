import { describe, expect, it } from '@jest/globals'
import { createRefusals, type Refusals } from '../../../../src/commands/run/refusals.ts'
import { KubernetesError } from '../../../../src/kubernetes/errors.ts'

type Outcome = Parameters<Refusals['observeRequest']>[0]

const pools = {
  verb: 'list',
  resource: 'globalinclusterippools',
  action: 'list globalinclusterippools',
} as const
const clusters = { verb: 'list', resource: 'clusters', action: 'list clusters in tenant-a' } as const

function refused(request: Pick<Outcome, 'verb' | 'resource' | 'action'>): Outcome {
  const failure = new KubernetesError(`${request.action}: no`, { kind: 'forbidden', status: 403 })
  return { ...request, code: 403, failure }
}

function permitted(request: Pick<Outcome, 'verb' | 'resource' | 'action'>): Outcome {
  return { ...request, code: 200, failure: undefined }
}

function logged(outcomes: readonly Outcome[]): readonly unknown[] {
  const lines: unknown[] = []
  const refusals = createRefusals({
    info: (message, fields) => lines.push([message, fields]),
    warn: (message, fields) => lines.push([message, fields]),
  })
  outcomes.forEach((outcome) => refusals.observeRequest(outcome))
  return lines
}

describe('a list or watch that is not permitted', () => {
  it('is one line with what is lost, however often it is refused, and one when it is permitted', () => {
    const outcomes = [refused(pools), refused(pools), permitted(pools), permitted(pools), refused(pools)]
    const line = [
      'Not permitted: list globalinclusterippools, so that GlobalInClusterIPPools serve no Cluster; tried again every half minute',
      { resource: 'globalinclusterippools', error: 'list globalinclusterippools: no' },
    ]
    expect(logged(outcomes)).toEqual([
      line,
      ['Permitted now: list globalinclusterippools', { resource: 'globalinclusterippools' }],
      line,
    ])
  })

  it('is the watch only if the list is permitted', () => {
    const watch = { ...pools, verb: 'watch', action: 'watch globalinclusterippools' } as const
    const late = [
      'Not permitted: watch globalinclusterippools, so that changes of globalinclusterippools are noticed half a minute late; tried again every half minute',
      { resource: 'globalinclusterippools', error: 'watch globalinclusterippools: no' },
    ]
    const again = [refused(watch), permitted(pools), refused(watch), permitted(pools), permitted(watch)]
    expect(logged(again)).toEqual([
      late,
      ['Permitted now: watch globalinclusterippools', { resource: 'globalinclusterippools' }],
    ])
    expect(logged([refused(watch), refused(pools), refused(pools)])).toEqual([
      [expect.stringMatching(/^Not permitted: list globalinclusterippools, /), expect.anything()],
    ])
    expect(logged([refused(watch), permitted(watch), permitted(pools)])).toEqual([])
  })

  it('is a line of its own for each namespace', () => {
    const elsewhere = { ...clusters, action: 'list clusters in tenant-b' }
    expect(logged([refused(clusters), refused(elsewhere)])).toEqual([
      ['Not permitted: list clusters in tenant-a; tried again every half minute', expect.anything()],
      ['Not permitted: list clusters in tenant-b; tried again every half minute', expect.anything()],
    ])
  })

  it('is not permitted by a request that was aborted or failed otherwise', () => {
    const away = new KubernetesError('away', { kind: 'unavailable', status: 0 })
    const aborted = { ...pools, code: 0, failure: undefined }
    expect(logged([refused(pools), aborted, { ...aborted, failure: away }])).toHaveLength(1)
  })

  it('does not include other requests, which a condition shows', () => {
    const write = {
      verb: 'create',
      resource: 'ipaddressclaims',
      action: 'create IPAddressClaim a/b',
    } as const
    expect(logged([refused(write), refused({ ...write, verb: 'get' })])).toEqual([])
  })
})
