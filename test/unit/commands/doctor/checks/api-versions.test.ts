import { describe, expect, it } from '@jest/globals'
import { checkApiVersions, type ServedKind } from '../../../../../src/commands/doctor/checks/api-versions.ts'

const check = (kinds: readonly ServedKind[]) => checkApiVersions(kinds, true)

const core = { provider: 'Cluster API core', preferred: 'v1beta2', served: 'v1beta2', isAlternative: false }
const inCluster = { provider: 'the provider', preferred: 'v1alpha2', served: 'v1alpha2', isAlternative: true }

const clusters: ServedKind = { ...core, name: 'clusters.cluster.x-k8s.io' }
const claims: ServedKind = { ...core, name: 'ipaddressclaims.ipam.cluster.x-k8s.io' }
const pools: ServedKind = { ...inCluster, name: 'inclusterippools.ipam.cluster.x-k8s.io' }
const globalPools: ServedKind = { ...inCluster, name: 'globalinclusterippools.ipam.cluster.x-k8s.io' }
const missing = { served: undefined }

describe('kinds of objects', () => {
  it('are in order where each is served in the best version', () => {
    expect(check([clusters, claims, pools, globalPools])).toEqual([
      { level: 'ok', found: 'Cluster API core: clusters, ipaddressclaims in v1beta2' },
      { level: 'ok', found: 'the provider: inclusterippools, globalinclusterippools in v1alpha2' },
    ])
  })

  it('that are not served are a fault, with what to install', () => {
    expect(check([{ ...clusters, ...missing }, claims])).toEqual([
      {
        level: 'fault',
        found: 'clusters.cluster.x-k8s.io: not served by this API server',
        fix: 'install Cluster API core',
      },
    ])
  })

  it('that replace each other are a warning where one is served, a fault where none is', () => {
    expect(check([{ ...pools, ...missing }, globalPools])).toEqual([
      {
        level: 'warning',
        found: 'inclusterippools.ipam.cluster.x-k8s.io: not served by this API server',
        fix: 'install the provider',
      },
    ])
    expect(
      check([
        { ...pools, ...missing },
        { ...globalPools, ...missing },
      ]),
    ).toEqual([
      {
        level: 'fault',
        found:
          'inclusterippools.ipam.cluster.x-k8s.io, globalinclusterippools.ipam.cluster.x-k8s.io: not served by this API server',
        fix: 'install the provider',
      },
    ])
  })

  it('of pools need not be served while no Cluster waits for one', () => {
    const none = [
      { ...pools, ...missing },
      { ...globalPools, ...missing },
    ]
    expect(checkApiVersions([clusters, ...none], false)).toEqual([
      { level: 'ok', found: 'Cluster API core: clusters in v1beta2' },
      { level: 'ok', found: 'the provider is not installed, and no Cluster waits for a pool of it' },
    ])
    expect(checkApiVersions([{ ...clusters, ...missing }], false)[0]?.level).toBe('fault')
  })

  it('that are served in an old version only are a warning, and Clusters get no conditions then', () => {
    const old = { served: 'v1beta1' }
    expect(check([{ ...clusters, ...old }, claims])).toEqual([
      {
        level: 'warning',
        found: 'clusters.cluster.x-k8s.io served in v1beta1 only, not in v1beta2; Clusters get no conditions',
        fix: 'upgrade Cluster API core to a version that serves v1beta2',
      },
    ])
    expect(check([{ ...pools, served: 'v1alpha1' }])).toEqual([
      {
        level: 'warning',
        found: 'inclusterippools.ipam.cluster.x-k8s.io served in v1alpha1 only, not in v1alpha2',
        fix: 'upgrade the provider to a version that serves v1alpha2',
      },
    ])
  })

  it('that are old are reported together, with all their versions', () => {
    const old = [
      { ...clusters, served: 'v1beta1' },
      { ...claims, preferred: 'v1beta3', served: 'v1alpha1' },
    ]
    expect(check(old)).toEqual([
      {
        level: 'warning',
        found:
          'clusters.cluster.x-k8s.io, ipaddressclaims.ipam.cluster.x-k8s.io served in v1beta1, v1alpha1 only, not in v1beta2, v1beta3; Clusters get no conditions',
        fix: 'upgrade Cluster API core to a version that serves v1beta2, v1beta3',
      },
    ])
  })

  it('are in order in several best versions', () => {
    const newer = { ...claims, preferred: 'v1beta3', served: 'v1beta3' }
    expect(check([clusters, newer])).toEqual([
      { level: 'ok', found: 'Cluster API core: clusters, ipaddressclaims in v1beta2, v1beta3' },
    ])
  })

  it('that nothing replaces are a fault beside one that something does', () => {
    const own = { ...pools, ...missing, provider: core.provider }
    expect(check([clusters, own, { ...claims, ...missing }])[0]?.level).toBe('fault')
  })

  it('are reported twice if one is missing and another one old', () => {
    const outcomes = check([
      { ...clusters, served: 'v1beta1' },
      { ...claims, ...missing },
    ])
    expect(outcomes.map(({ level }) => level)).toEqual(['fault', 'warning'])
  })
})
