import { describe, expect, it } from '@jest/globals'
import {
  disagreementIn,
  disagreementOf,
  givenPort,
  whyGivenElsewhere,
} from '../../../../src/domain/allocation/given-values.ts'
import { vipRoleIn } from '../../../../src/domain/allocation/vip-role.ts'
import { endpointPortOf } from '../../../../src/domain/allocation/vip-variables.ts'
import {
  aCluster,
  aClusterClass,
  ingress,
  variables,
  type ClusterOptions,
} from '../../../support/builders.ts'

const prefix = 'vip.capi.gorizond.io'
const annotations = {
  [`${prefix}/control-plane-variable`]: 'ip, endpoint',
  [`${prefix}/control-plane-port-variable`]: 'port',
}
const classOf = (schemas: Readonly<Record<string, object>> = {}) =>
  aClusterClass({ declared: [], accepted: ['ip', 'endpoint', 'port'], annotations, schemas })

function given(values: Readonly<Record<string, unknown>>, options: ClusterOptions = {}) {
  const list = Object.entries(values).map(([name, value]) => ({ name, value }))
  const cluster = aCluster({ topology: { classRef: { name: 'c' }, variables: list }, ...options })
  return { cluster, vip: vipRoleIn(cluster, 'control-plane', variables, classOf()) }
}

describe('the port that variables give', () => {
  it.each<[string, Readonly<Record<string, unknown>>, number | undefined]>([
    ['a number', { port: 8443 }, 8443],
    ['text', { port: '8443' }, 8443],
    ['a field of an object', { endpoint: { host: '', port: 8443 } }, 8443],
    ['a field that is text', { endpoint: { port: '8443' } }, 8443],
    ['the first of several', { port: 9443, endpoint: { port: 8443 } }, 8443],
    ['none, if it is 0', { port: 0, endpoint: { port: 0 } }, undefined],
    ['none, if it cannot be one', { port: 'https', endpoint: { port: 70_000 } }, undefined],
    ['none, if an address is a number in text', { ip: '8443' }, undefined],
    ['none', {}, undefined],
  ])('is %s', (_, values, port) => {
    const { cluster, vip } = given(values)
    expect(givenPort(cluster, vip)).toBe(port)
  })

  it.each<[string, ClusterOptions, Readonly<Record<string, unknown>>, number]>([
    ['that of the endpoint', { endpoint: { port: 7443 }, apiServerPort: 5443 }, { port: 8443 }, 7443],
    ['that of the variables', { apiServerPort: 5443 }, { port: 8443 }, 8443],
    ['that of the API server', { apiServerPort: 5443 }, {}, 5443],
    ['the default', {}, {}, 6443],
  ])('goes before others, but the one that stands: %s', (_, options, values, port) => {
    const { cluster, vip } = given(values, options)
    expect(endpointPortOf(cluster, vip, classOf(), 6443)).toBe(port)
  })

  it.each<[string, Readonly<Record<string, object>>]>([
    [
      'of an object',
      { endpoint: { type: 'object', properties: { port: { type: 'integer', default: 8443 } } } },
    ],
    ['of an integer', { port: { type: 'integer', default: 8443 } }],
  ])('is the default of the class before that of the flag: %s', (_, schemas) => {
    const { cluster, vip } = given({})
    expect(endpointPortOf(cluster, vip, classOf(schemas), 6443)).toBe(8443)
    expect(endpointPortOf(given({}, { apiServerPort: 5443 }).cluster, vip, classOf(schemas), 6443)).toBe(5443)
  })
})

describe('a host that variables give to a Cluster without endpoint', () => {
  it.each<[string, Readonly<Record<string, unknown>>, string]>([
    ['text', { ip: '10.66.0.9' }, 'ip'],
    ['an object', { endpoint: { host: '10.66.0.9', port: 1 } }, 'endpoint'],
  ])('speaks against another VIP: %s', (_, values, name) => {
    const { cluster, vip } = given(values)
    const words = `the variable ${name} has 10.66.0.9, and spec.controlPlaneEndpoint has no host: machines would use the one, and a VIP would be another; set the host of spec.controlPlaneEndpoint to 10.66.0.9, or empty the variable to have a VIP`
    expect(whyGivenElsewhere(cluster, vip, [])).toBe(words)
    expect(whyGivenElsewhere(cluster, vip, ['10.0.0.10'])).toBe(words)
    expect(whyGivenElsewhere(cluster, vip, ['10.66.0.9'])).toBeUndefined()
  })

  it('speaks against none if it is empty, or about an ingress VIP', () => {
    const { cluster, vip } = given({ ip: '', endpoint: { host: '' }, ingressVip: '10.66.0.9' })
    expect(whyGivenElsewhere(cluster, vip, [])).toBeUndefined()
    expect(whyGivenElsewhere(cluster, ingress, [])).toBeUndefined()
  })
})

describe('variables beside a VIP in place', () => {
  const present = { host: 'fd00::10', port: 6443 }

  it('agree in any spelling, and if they are absent', () => {
    const { cluster, vip } = given({ ip: 'FD00:0::10', endpoint: { host: 'fd00::10', port: 6443 } })
    expect(disagreementOf(cluster, vip, present)).toBeUndefined()
    expect(disagreementOf(given({}).cluster, vip, present)).toBeUndefined()
  })

  it('are told with what they have instead, and a message is read again', () => {
    const { cluster, vip } = given({ ip: '10.66.0.9', endpoint: { host: '' }, port: 8443 })
    const words =
      'but of the variables, from which machines take it, ip has 10.66.0.9, endpoint is empty, port has port 8443'
    expect(disagreementOf(cluster, vip, present)).toBe(words)
    expect(disagreementIn(`so it is; and so; ${words}`)).toBe(words)
    expect(disagreementIn('so it is; but fine')).toBeUndefined()
  })

  it('have no other port than one that is still to be completed, or than a VIP without port', () => {
    const { cluster, vip } = given({ port: 8443 })
    expect(disagreementOf(cluster, vip, { host: '10.0.0.10', port: 0 })).toBeUndefined()
    expect(disagreementOf(cluster, vip, { host: '10.0.0.10' })).toBeUndefined()
  })
})
