import { describe, expect, it } from '@jest/globals'
import {
  describeVip,
  isExternallyOwned,
  isOnRecordOnly,
  vipOwnershipOf,
} from '../../../../src/domain/allocation/vip-ownership.ts'
import { addressIn } from '../../../../src/domain/allocation/vip-role.ts'
import { aCluster, controlPlane, ingress, type ClusterOptions } from '../../../support/builders.ts'

const recorded = { 'vip.capi.gorizond.io/control-plane-vip': '10.0.0.10' }
const recordedIngress = { 'vip.capi.gorizond.io/ingress-vip': '10.0.0.20' }
const withVariable = (value: unknown): ClusterOptions => ({
  topology: { classRef: { name: 'c' }, variables: [{ name: 'ingressVip', value }] },
})

describe('a control-plane VIP', () => {
  it.each<[string, ClusterOptions, object]>([
    ['unset', {}, { state: 'unset' }],
    ['unset with a port alone', { endpoint: { port: 6443 } }, { state: 'unset' }],
    [
      'managed',
      { endpoint: { host: '10.0.0.10', port: 6443 }, annotations: recorded },
      { state: 'managed', address: '10.0.0.10' },
    ],
    [
      'ours without its port',
      { endpoint: { host: '10.0.0.10' }, annotations: recorded },
      { state: 'managed', address: '10.0.0.10' },
    ],
    ['drifted', { annotations: recorded }, { state: 'drifted', address: '10.0.0.10' }],
    [
      'of somebody else',
      { endpoint: { host: '10.9.9.9', port: 6443 } },
      { state: 'external', address: '10.9.9.9', wasOurs: false },
    ],
    [
      'of somebody who replaced ours',
      { endpoint: { host: '10.9.9.9', port: 6443 }, annotations: recorded },
      { state: 'external', address: '10.9.9.9', wasOurs: true },
    ],
    [
      'of somebody else, without a port',
      { endpoint: { host: '10.9.9.9' } },
      { state: 'incomplete', address: '10.9.9.9' },
    ],
  ])('is %s', (_, options, ownership) => {
    expect(vipOwnershipOf(aCluster(options), controlPlane)).toEqual(ownership)
  })

  it('is shown as an endpoint', () => {
    const cluster = aCluster({ endpoint: { host: 'fd00::10', port: 6443 } })
    expect(describeVip(cluster, controlPlane)).toBe('endpoint [fd00::10]:6443')
  })
})

describe('an ingress VIP', () => {
  it.each<[string, ClusterOptions, object]>([
    ['unset', {}, { state: 'unset' }],
    ['unset beside an empty variable', withVariable(''), { state: 'unset' }],
    ['unset beside a variable that is no text', withVariable({ a: 1 }), { state: 'unset' }],
    ['ours by the annotation', { annotations: recordedIngress }, { state: 'managed', address: '10.0.0.20' }],
    [
      'ours by annotation and variable',
      { ...withVariable('10.0.0.20'), annotations: recordedIngress },
      { state: 'managed', address: '10.0.0.20' },
    ],
    [
      'of somebody else by the variable',
      withVariable('10.9.9.9'),
      { state: 'external', address: '10.9.9.9', wasOurs: false },
    ],
    [
      'of somebody who replaced ours',
      { ...withVariable('10.9.9.9'), annotations: recordedIngress },
      { state: 'external', address: '10.9.9.9', wasOurs: true },
    ],
  ])('is %s', (_, options, ownership) => {
    expect(vipOwnershipOf(aCluster(options), ingress)).toEqual(ownership)
  })

  it('does not depend on the endpoint', () => {
    const cluster = aCluster({ endpoint: { host: '10.9.9.9', port: 6443 } })
    expect(addressIn(cluster, ingress)).toBe('')
    expect(describeVip(aCluster({ annotations: recordedIngress }), ingress)).toBe('ingress VIP 10.0.0.20')
  })
})

describe('a VIP that nothing but our annotation names', () => {
  it.each<[string, ClusterOptions, typeof ingress, boolean]>([
    ['control plane, no host', { annotations: recorded }, controlPlane, true],
    [
      'control plane, no host but a port',
      { annotations: recorded, endpoint: { port: 6443 } },
      controlPlane,
      true,
    ],
    [
      'control plane, a host',
      { annotations: recorded, endpoint: { host: '10.0.0.10' } },
      controlPlane,
      false,
    ],
    ['control plane, no annotation', {}, controlPlane, false],
    ['ingress, no variable', { annotations: recordedIngress }, ingress, true],
    ['ingress, an empty variable', { ...withVariable(''), annotations: recordedIngress }, ingress, true],
    ['ingress, a variable', { ...withVariable('10.0.0.20'), annotations: recordedIngress }, ingress, false],
    ['ingress, no annotation', withVariable('10.0.0.20'), ingress, false],
  ])('%s', (_, options, vip, expected) => {
    expect(isOnRecordOnly(aCluster(options), vip)).toBe(expected)
  })

  it('is shown on one line, and cut short', () => {
    const cluster = aCluster({
      annotations: { 'vip.capi.gorizond.io/ingress-vip': `a\nb${'c'.repeat(500)}` },
    })
    const shown = describeVip(cluster, ingress)
    expect(shown).toContain(String.raw`a\nb`)
    expect(shown.length).toBeLessThan(200)
  })
})

describe('isExternallyOwned', () => {
  it.each<[string, ClusterOptions, boolean]>([
    ['an endpoint by hand', { endpoint: { host: '10.9.9.9', port: 6443 } }, true],
    ['a host by hand without a port', { endpoint: { host: '10.9.9.9' } }, true],
    [
      'an endpoint that replaced ours',
      { endpoint: { host: '10.9.9.9', port: 6443 }, annotations: recorded },
      false,
    ],
    ['no endpoint', {}, false],
    ['our endpoint', { endpoint: { host: '10.0.0.10', port: 6443 }, annotations: recorded }, false],
  ])('of %s is %p', (_, options, expected) => {
    expect(isExternallyOwned(vipOwnershipOf(aCluster(options), controlPlane))).toBe(expected)
  })
})
