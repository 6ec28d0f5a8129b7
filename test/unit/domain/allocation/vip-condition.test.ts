import { describe, expect, it } from '@jest/globals'
import {
  decideCondition,
  lacksCondition,
  type ConditionUpdate,
} from '../../../../src/domain/allocation/vip-condition.ts'
import { clusterFrom } from '../../../../src/domain/model/cluster.ts'
import {
  aCluster,
  aClusterClass,
  aVipCondition,
  clusterObject,
  controlPlane,
  type ClusterOptions,
} from '../../../support/builders.ts'

const type = 'vip.capi.gorizond.io/ControlPlaneVIPReady'
const now = new Date('2026-01-02T05:06:07.890Z')
const exhausted = {
  isReady: false,
  reason: 'PoolExhausted',
  message: 'GlobalInClusterIPPool/vip-pool: 0 of 11 addresses free',
} as const

function decide(options: ClusterOptions, update: ConditionUpdate = exhausted): unknown {
  return decideCondition(aCluster(options), 'control-plane', update, now)
}

describe('the condition about a VIP', () => {
  it('stays while a message of the same reason is true for a moment only, and its time with it', () => {
    const present = aVipCondition({ status: 'False', reason: 'PoolExhausted', message: 'as before' })
    const passing = { ...exhausted, isPassing: true }
    expect(decide({ conditions: [present] }, passing)).toEqual({ decision: 'unchanged' })
    const another = aVipCondition({ status: 'False', reason: 'PoolNotReady' })
    expect(decide({ conditions: [another] }, passing)).toMatchObject({
      decision: 'write',
      condition: { reason: 'PoolExhausted', lastTransitionTime: '2026-01-02T03:04:05Z' },
    })
    expect(decide({}, passing)).toMatchObject({ decision: 'write' })
  })

  it('is written where there is none', () => {
    expect(decide({})).toEqual({
      decision: 'write',
      condition: {
        type,
        status: 'False',
        reason: 'PoolExhausted',
        message: 'GlobalInClusterIPPool/vip-pool: 0 of 11 addresses free',
        lastTransitionTime: '2026-01-02T05:06:07Z',
      },
    })
  })

  it('is left as it is where it says so already, whenever that was', () => {
    const { reason, message } = exhausted
    const said = aVipCondition({ status: 'False', reason, message, since: '2025-01-01T00:00:00Z' })
    expect(decide({ conditions: [said] })).toEqual({ decision: 'unchanged' })
  })

  it.each([
    ['another reason', { reason: 'NoMatchingPool', message: exhausted.message }],
    ['another message', { reason: 'PoolExhausted', message: 'of yesterday' }],
  ])('is written with the time of its last change of status where it has %s', (_, present) => {
    const said = aVipCondition({ status: 'False', since: '2025-01-01T00:00:00Z', ...present })
    expect(decide({ conditions: [said] })).toMatchObject({
      decision: 'write',
      condition: { reason: 'PoolExhausted', lastTransitionTime: '2025-01-01T00:00:00Z' },
    })
  })

  it('has a new time where its status changes', () => {
    expect(decide({ conditions: [aVipCondition({ since: '2025-01-01T00:00:00Z' })] })).toMatchObject({
      condition: { status: 'False', lastTransitionTime: '2026-01-02T05:06:07Z' },
    })
  })

  it('of another role does not count', () => {
    expect(decide({ conditions: [aVipCondition({ role: 'ingress' })] })).toMatchObject({ decision: 'write' })
  })

  it('goes where no VIP is wanted any more', () => {
    expect(decide({ conditions: [aVipCondition()] }, 'remove')).toEqual({ decision: 'remove' })
  })

  it('does not come where none is wanted', () => {
    expect(decide({}, 'remove')).toEqual({ decision: 'unchanged' })
  })

  it.each([
    ['is paused', { paused: true }],
    ['is being deleted', { deleting: true }],
  ])('is not written to a Cluster that %s', (_, options) => {
    expect(decide(options)).toEqual({ decision: 'not-here' })
  })

  it('is not written through v1beta1, which keeps conditions of another shape', () => {
    const older = clusterFrom({ ...clusterObject(), apiVersion: 'cluster.x-k8s.io/v1beta1' })
    expect(decideCondition(older, 'control-plane', exhausted, now)).toEqual({ decision: 'not-here' })
  })
})

describe('a Cluster that needs nothing else', () => {
  const endpoint = { host: '10.0.0.10', port: 6443 }
  const ours: ClusterOptions = {
    endpoint,
    annotations: { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' },
  }
  const gate = { availabilityGates: [type] }
  const words = 'Cluster clusters/demo has endpoint 10.0.0.10:6443 already, and no address is taken'
  const byHand = { ...aVipCondition({ reason: 'EndpointAlreadySet' }), message: words }
  const disagreement = 'but of the variables, from which machines take it, clusterVip has 10.66.0.9'
  const other = {
    topology: { classRef: { name: 'c' }, variables: [{ name: 'clusterVip', value: '10.66.0.9' }] },
  }
  const gatedClass = { ...aClusterClass({ declared: [], accepted: [] }), availabilityGates: [type] }

  it.each<[string, boolean, ClusterOptions]>([
    ['served by us, says nothing', true, ours],
    ['served by us, says otherwise', true, { ...ours, conditions: [aVipCondition({ status: 'False' })] }],
    ['served by us, says so', false, { ...ours, conditions: [aVipCondition()] }],
    ['served by others, says nothing', false, { endpoint }],
    [
      'served by others, says otherwise',
      true,
      { endpoint, conditions: [aVipCondition({ status: 'False' })] },
    ],
    ['served by others, says so', false, { endpoint, conditions: [byHand] }],
    [
      'served by others, is about another endpoint',
      true,
      {
        endpoint,
        conditions: [{ ...byHand, message: 'Cluster clusters/demo has endpoint 110.0.0.10:6443 already' }],
      },
    ],
    ['served by others, has another variable', true, { endpoint, ...other }],
    [
      'served by others, has another variable and says so',
      false,
      { endpoint, ...other, conditions: [{ ...byHand, message: `${words}; ${disagreement}` }] },
    ],
    [
      'served by others, has no other variable any more',
      true,
      { endpoint, conditions: [{ ...byHand, message: `${words}; ${disagreement}` }] },
    ],
    ['served by us, has another variable', true, { ...ours, ...other, conditions: [aVipCondition()] }],
    ['served by others, says it is ours', true, { endpoint, conditions: [aVipCondition()] }],
    ['served by others, with a gate', true, { endpoint, ...gate }],
    ['served by others, with another gate', false, { endpoint, availabilityGates: ['example.org/Ready'] }],
    ['without endpoint', false, gate],
    ['served by us and paused', false, { ...ours, paused: true }],
  ])('%s: lacks its condition: %s', (_, lacks, options) => {
    expect(lacksCondition(aCluster(options), controlPlane, undefined)).toBe(lacks)
  })

  it('takes the gates of its class where it has none itself', () => {
    expect(lacksCondition(aCluster({ endpoint }), controlPlane, gatedClass)).toBe(true)
    const own = { endpoint, availabilityGates: ['example.org/Ready'] }
    expect(lacksCondition(aCluster(own), controlPlane, gatedClass)).toBe(false)
  })
})
