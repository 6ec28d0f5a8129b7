import { describe, expect, it } from '@jest/globals'
import type { Action, Observed } from '../../../../src/domain/allocation/action.ts'
import { afterAction } from '../../../../src/domain/allocation/after-action.ts'
import { nextAction } from '../../../../src/domain/allocation/next-action.ts'
import { triedPoolsIn, triedPoolsText } from '../../../../src/domain/allocation/tried-pools.ts'
import { ipAddressClaimFrom, type IPAddressClaim } from '../../../../src/domain/model/claim.ts'
import { inClusterPoolKinds, poolKindFrom } from '../../../../src/domain/model/pool-kinds.ts'
import { ipPoolFrom, type IPPool } from '../../../../src/domain/model/pool.ts'
import { buildClaim } from '../../../../src/domain/model/retained-claim.ts'
import { aClass, aClaim, aCluster, aClusterClass, anObservation } from '../../../support/builders.ts'

const group = 'ipam.example.com'
const corp = poolKindFrom(`CorpIPPool.${group}`)
const metal3 = poolKindFrom('IPPool.ipam.metal3.io')
if (corp === undefined || metal3 === undefined) throw new Error('no kinds')
const poolKinds = [...inClusterPoolKinds, corp, metal3]
const annotation = 'vip.capi.gorizond.io/tried-pools'
const created = '2026-01-02T03:00:00.000Z'
const soon = Date.parse(created) + 20_000

function corpPool(name: string, priority: number, generation = 1): IPPool {
  return ipPoolFrom(corp as never, {
    metadata: {
      namespace: 'clusters',
      name,
      uid: `uid-of-${name}`,
      generation,
      labels: { 'vip.capi.gorizond.io/cluster-class': aClass },
      annotations: { 'vip.capi.gorizond.io/priority': String(priority) },
    },
  })
}

function tried(pool: string, more: object = {}): object {
  return { pool: `CorpIPPool.${group}/${pool}`, generation: 1, at: created, ...more }
}

function claimOn(
  name: string,
  options: { readonly tries?: readonly object[]; readonly reason?: string; readonly kind?: typeof corp } = {},
): IPAddressClaim {
  const { reason = 'PoolExhausted', kind = corp, tries = [tried(name)] } = options
  const { poolRef: _ref, ...claim } = aClaim()
  const made = ipAddressClaimFrom({
    spec: { poolRef: { apiGroup: kind?.apiGroup, kind: kind?.kind, name } },
    status: { conditions: [{ type: 'Ready', status: 'False', reason, message: 'none left' }] },
  })
  return {
    ...claim,
    creationTimestamp: created,
    annotations: { [annotation]: JSON.stringify(tries) },
    poolRef: made.poolRef,
    refusal: made.refusal,
  }
}

function actionFor(claim: IPAddressClaim, pools: readonly IPPool[], now: number = soon): Action {
  return nextAction(
    anObservation({
      cluster: aCluster(),
      clusterClass: aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }),
      claim,
      pools,
      namedAddress: undefined,
      poolKinds,
      now,
    }),
    'control-plane',
  )
}

const [a, b] = [corpPool('a', 2), corpPool('b', 1)]

describe('a claim that its IPAM provider refuses', () => {
  it('is given back for the next pool, which is told what was tried', () => {
    const action = actionFor(claimOn('a'), [a, b])
    expect(action).toMatchObject({
      action: 'deleteClaim',
      outcome: 'restart',
      because:
        'IPAddressClaim clusters/vip-cp-demo got no address of CorpIPPool/a, whose IPAM provider says PoolExhausted: "none left"; CorpIPPool/b is tried next',
      tried: [tried('a')],
      refusal: 'PoolExhausted',
    })
  })

  it('waits once every pool was tried, until one changes or enough time has passed', () => {
    const claim = claimOn('b', { tries: [tried('a'), tried('b')] })
    expect(actionFor(claim, [a, b])).toMatchObject({
      action: 'wait',
      reason: 'PoolExhausted',
      message: expect.stringContaining(
        `CorpIPPool/a: was tried at ${created} and gave no address that can be used; it is tried again when it changes, at the latest after 2026-01-02T03:05:00.000Z`,
      ),
    })
    expect(actionFor(claim, [corpPool('a', 2, 2), b])).toMatchObject({
      action: 'deleteClaim',
      because: expect.stringContaining('CorpIPPool/a is tried next'),
      tried: [tried('b')],
    })
    expect(actionFor(claim, [a, b], Date.parse('2026-01-02T03:05:00Z'))).toMatchObject({
      action: 'deleteClaim',
      tried: [],
    })
  })

  it('says what its provider says', () => {
    const claim = claimOn('a', { reason: 'AllocationFailed' })
    expect(actionFor(claim, [a])).toMatchObject({ action: 'wait', reason: 'AllocationFailed' })
  })

  it('is left alone for a while before the same pool is tried again', () => {
    const changed = corpPool('a', 2, 2)
    expect(actionFor(claimOn('a'), [changed], Date.parse(created) + 5_000)).toMatchObject({ action: 'wait' })
    expect(actionFor(claimOn('a'), [changed])).toMatchObject({
      action: 'deleteClaim',
      because: expect.stringContaining('CorpIPPool/a is tried again'),
    })
  })

  it('is made again as soon as an exhausted pool counts a free address', () => {
    const pool = (indexes: object): IPPool =>
      ipPoolFrom(metal3, {
        metadata: { ...a, annotations: a.annotations },
        spec: { pools: [{ start: '10.0.0.1', end: '10.0.0.1' }] },
        status: { indexes },
      })
    const tries = [{ pool: 'IPPool.ipam.metal3.io/a', generation: 1, available: 1, at: created }]
    const claim = claimOn('a', { kind: metal3, tries })
    expect(actionFor(claim, [pool({ other: '10.0.0.1' })])).toMatchObject({
      action: 'wait',
      reason: 'PoolExhausted',
    })
    expect(actionFor(claim, [pool({})])).toMatchObject({ action: 'deleteClaim' })
  })

  it('stays where its provider comes back to it', () => {
    const { refusal } = claimOn('a')
    expect(actionFor({ ...aClaim(), refusal }, [])).toMatchObject({ action: 'wait', reason: 'PoolNotReady' })
  })
})

describe('a run whose providers refuse every claim', () => {
  /** The names of the pools that get a claim until then, in their order. Every look is ten seconds after the one before. */
  function claimsUntil(end: number, pools: readonly IPPool[]): readonly string[] {
    const begin = Date.parse(created)
    const tries: string[] = []
    let observed: Observed = anObservation({
      cluster: aCluster(),
      clusterClass: aClusterClass({ declared: ['clusterVip'], accepted: ['clusterVip'] }),
      claim: undefined,
      namedAddress: undefined,
      pools,
      poolKinds,
    })
    for (let now = begin; now < begin + end; now += 10_000) {
      observed = { ...observed, now }
      const action = nextAction(observed, 'control-plane')
      if (action.action === 'createClaim') {
        tries.push(action.poolRef.name)
        const { cluster } = observed
        if (cluster === undefined) throw new Error('no Cluster')
        const status = { conditions: [{ type: 'Ready', status: 'False', reason: 'PoolExhausted' }] }
        const object = buildClaim(cluster, 'control-plane', action)
        const claim = ipAddressClaimFrom({ ...object, status })
        const creationTimestamp = new Date(now).toISOString()
        observed = { ...observed, claim: { ...claim, creationTimestamp }, choice: undefined as never }
      } else observed = afterAction(observed, 'control-plane', action)
    }
    return tries
  }

  it.each([1, 2, 5])(
    'tries each of %i pools once in five minutes, the best one first, and then again',
    (count) => {
      const pools = Array.from({ length: count }, (_, index) => corpPool(`p${index}`, count - index))
      const round = pools.map(({ name }) => name)
      expect(claimsUntil(300_000, pools.toReversed())).toEqual(round)
      expect(claimsUntil(660_000, pools).slice(0, 2 * count)).toEqual([...round, ...round])
      expect(claimsUntil(660_000, pools).length).toBeLessThanOrEqual(3 * count)
    },
  )
})

describe('the annotation of tried pools', () => {
  it.each([[undefined], [''], ['nonsense'], ['{}'], ['[1, {"pool": "x"}, {"pool": "x", "at": "never"}]']])(
    'reads as none if it is %j',
    (text) => {
      expect(triedPoolsIn(text)).toEqual([])
    },
  )

  it('reads as it was written', () => {
    const tries = triedPoolsIn(JSON.stringify([tried('a', { available: 0 }), tried('b')]))
    expect(triedPoolsIn(triedPoolsText(tries))).toEqual([tried('a', { available: 0 }), tried('b')])
  })
})
