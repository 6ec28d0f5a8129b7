import { describe, expect, it } from '@jest/globals'
import { vipOwnershipOf } from '../../../../src/domain/allocation/vip-ownership.ts'
import { addressIn, vipRoleIn } from '../../../../src/domain/allocation/vip-role.ts'
import type { Role } from '../../../../src/domain/role.ts'
import { aCluster, aClusterClass, variables, type ClusterOptions } from '../../../support/builders.ts'

const prefix = 'vip.capi.gorizond.io'
const named = { host: 'api.example.org', port: 6443 }

function ownership(
  options: ClusterOptions,
  role: Role = 'control-plane',
  annotations: Readonly<Record<string, string>> = {},
) {
  const cluster = aCluster(options)
  const clusterClass = aClusterClass({ declared: [], accepted: [], annotations })
  return vipOwnershipOf(cluster, vipRoleIn(cluster, role, variables, clusterClass))
}

describe('a Cluster whose endpoint is a DNS name', () => {
  it('has the endpoint of somebody else, unless it asks for a VIP', () => {
    expect(ownership({ endpoint: named })).toMatchObject({ state: 'external', address: 'api.example.org' })
    const annotations = { [`${prefix}/control-plane-enabled`]: 'false' }
    expect(ownership({ endpoint: named, annotations })).toMatchObject({ state: 'external' })
  })

  it.each<[string, Readonly<Record<string, string>>, Readonly<Record<string, string>>]>([
    ['by its annotation', { [`${prefix}/control-plane-enabled`]: 'true' }, {}],
    ['by the pool that it names', { [`${prefix}/control-plane-pool`]: 'mine' }, {}],
    ['by its class', {}, { [`${prefix}/control-plane-enabled`]: 'true' }],
  ])('has no VIP yet if it asks for one %s', (_, annotations, ofClass) => {
    expect(ownership({ endpoint: named, annotations }, 'control-plane', ofClass)).toEqual({ state: 'unset' })
  })

  it('has the VIP that is recorded', () => {
    const annotations = { [`${prefix}/control-plane-vip`]: '10.0.0.10' }
    expect(ownership({ endpoint: named, annotations })).toEqual({ state: 'managed', address: '10.0.0.10' })
  })

  it('asks for a VIP in vain if the endpoint is an address', () => {
    const annotations = { [`${prefix}/control-plane-enabled`]: 'true' }
    expect(ownership({ endpoint: { host: '10.9.9.9', port: 6443 }, annotations })).toMatchObject({
      state: 'external',
    })
  })
})

describe('an ingress VIP', () => {
  const topology = {
    classRef: { name: 'rke2-cluster-class' },
    variables: [
      { name: 'ingressVip', value: '10.0.0.11' },
      { name: 'net', value: { ingress: { host: '10.0.0.12', port: 443 }, other: '' } },
    ],
  }
  const addressBy = (list: string | undefined) => {
    const cluster = aCluster({ topology })
    const annotations = list === undefined ? {} : { [`${prefix}/ingress-variable`]: list }
    const clusterClass = aClusterClass({ declared: [], accepted: [], annotations })
    return addressIn(cluster, vipRoleIn(cluster, 'ingress', variables, clusterClass))
  }

  it('is in the variable that the flag names, or in those that the class names instead', () => {
    expect(addressBy(undefined)).toBe('10.0.0.11')
    expect(addressBy('net.ingress')).toBe('10.0.0.12')
    expect(addressBy('net.ingress.host')).toBe('10.0.0.12')
    expect(addressBy('net.other,ingressVip')).toBe('10.0.0.11')
    expect(addressBy('net.other')).toBe('')
    expect(addressBy('')).toBe('')
  })
})
