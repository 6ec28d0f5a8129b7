import { describe, expect, it } from '@jest/globals'
import { changesBetween } from '../../../../src/commands/status/status-changes.ts'
import { reportOn, type StatusReport } from '../../../../src/commands/status/status-report.ts'
import {
  aClaim,
  aCluster,
  anIPAddress,
  aPool,
  aRetainedClaim,
  variables,
  type ClusterOptions,
} from '../../../support/builders.ts'
import { keptUntilAnnotation } from '../../../../src/domain/names.ts'
import { aSnapshot } from '../../../support/snapshot.ts'

const served: ClusterOptions = {
  endpoint: { host: '10.0.0.10', port: 6443 },
  annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
}

function report(clusters: readonly ClusterOptions[], isHeld = true): StatusReport {
  const known = aSnapshot({
    clusters: clusters.map(aCluster),
    pools: [aPool()],
    ...(isHeld && { claims: [aClaim({ addressName: 'vip-cp-demo' })], ipAddresses: [anIPAddress()] }),
  })
  return reportOn(known, { settings: { variables }, cluster: undefined, problemsOnly: false, now: 0 })
}

/** `change subject phase-or-kind`. */
function changes(before: StatusReport | undefined, after: StatusReport): readonly string[] {
  return changesBetween(before, after).map((each) => {
    if ('vip' in each) return `${each.change} ${each.vip.cluster} ${each.vip.phase}`
    return 'kept' in each
      ? `${each.change} ${each.kept.address} kept until ${each.kept.until}`
      : `${each.change} ${each.finding.kind}`
  })
}

describe('the changes for a program that watches', () => {
  it('begins with everything there is', () => {
    expect(changes(undefined, report([served], false))).toEqual(['added demo Lost', 'added UnheldEndpoint'])
  })

  it('is nothing where nothing changed', () => {
    expect(changes(report([served]), report([served]))).toEqual([])
  })

  it('is what came, what changed, and what is gone', () => {
    expect(changes(report([{}]), report([served]))).toEqual(['changed demo Served'])
    expect(changes(report([served]), report([served, { name: 'new', uid: 'new' }]))).toEqual([
      'added new Waiting',
    ])
    expect(changes(report([served], false), report([served]))).toEqual([
      'changed demo Served',
      'removed UnheldEndpoint',
    ])
  })

  it('names an address that is kept, and for how long now', () => {
    const kept = (until: string): StatusReport =>
      reportOn(
        aSnapshot({
          pools: [aPool()],
          claims: [aRetainedClaim({ annotations: { [keptUntilAnnotation]: until } })],
          ipAddresses: [anIPAddress()],
        }),
        { settings: { variables }, cluster: undefined, problemsOnly: false, now: 0 },
      )
    const [soon, later] = [kept('2026-01-01T00:00:00Z'), kept('always')]
    expect(changes(undefined, soon)).toEqual(['added 10.0.0.10 kept until 2026-01-01T00:00:00Z'])
    expect(changes(soon, later)).toEqual(['changed 10.0.0.10 kept until always'])
    expect(changes(later, report([], false))).toEqual(['removed 10.0.0.10 kept until always'])
  })
})
