import { describe, expect, it } from '@jest/globals'
import { vipRoleIn } from '../../../../src/domain/allocation/vip-role.ts'
import { decideVariables, lacksVariables } from '../../../../src/domain/allocation/vip-variables.ts'
import type { Role } from '../../../../src/domain/role.ts'
import { aCluster, aClusterClass, variables, type ClusterOptions } from '../../../support/builders.ts'

const prefix = 'vip.capi.gorizond.io'
const key = 'ClusterClass clusters/rke2-cluster-class'
const classRef = { name: 'rke2-cluster-class' }
const text = { type: 'string' }
const integer = { type: 'integer' }
const endpointSchema = { type: 'object', properties: { host: text, port: integer } }
const ours = { [`${prefix}/control-plane-vip`]: '10.0.0.10' }
const endpoint = { host: '10.0.0.10', port: 6443 }

type Class = Parameters<typeof aClusterClass>[0] | undefined

/** A class that names a variable of this schema by its annotation. */
function classNaming(name: string, schema: object, more: Partial<NonNullable<Class>> = {}): Class {
  const [top = name] = name.split('.')
  return {
    declared: [top],
    accepted: [top],
    schemas: { [top]: schema },
    annotations: { [`${prefix}/control-plane-variable`]: name },
    ...more,
  }
}

function decide(
  options: ClusterOptions,
  clusterClass: Class,
  role: Role = 'control-plane',
  address: string | undefined = '10.0.0.10',
) {
  const cluster = aCluster(options)
  const known = clusterClass && aClusterClass(clusterClass)
  const vip = vipRoleIn(cluster, role, variables, known)
  const { writes, verdicts } = decideVariables(cluster, vip, known, { address }, 6443)
  return {
    writes: Object.fromEntries(writes),
    verdicts: verdicts.map(({ verdict }) => verdict),
    because: verdicts.map(({ because }) => because).join('; '),
  }
}

const withVariables = (...list: readonly object[]): ClusterOptions => ({
  topology: { classRef, variables: list },
})
const accepting = { declared: ['clusterVip'], accepted: ['clusterVip'] }

describe('the variable that the flag names', () => {
  it.each<[string, ClusterOptions, Class, string, string]>([
    ['is written if the class has it', {}, accepting, 'write', `${key} has it`],
    [
      'is written if only an external patch has it',
      {},
      { ...accepting, declared: [] },
      'write',
      `${key} has it`,
    ],
    ['stays if the class does not exist', {}, undefined, 'keep', `${key} does not exist`],
    [
      'stays if it has a value',
      withVariables({ name: 'clusterVip', value: 'x' }),
      accepting,
      'keep',
      'the Cluster has a value for it',
    ],
    ['stays without a topology', { topology: null }, accepting, 'keep', 'the Cluster has no spec.topology'],
    [
      'stays if the class does not have it',
      {},
      { declared: ['a'], accepted: ['a'] },
      'keep',
      `${key} does not have it`,
    ],
    [
      'is waited for if the class only declares it',
      {},
      { declared: ['clusterVip'], accepted: [] },
      'wait',
      `${key} declares the variable clusterVip, but its status.variables has none of this name yet; Cluster API would refuse it`,
    ],
  ])('%s', (_, options, clusterClass, verdict, because) => {
    expect(decide(options, clusterClass)).toMatchObject({ verdicts: [verdict], because })
  })

  it('stays out of the way if its type cannot take a VIP and no patch reads it', () => {
    const schemas = { clusterVip: { type: 'boolean' } }
    expect(decide({}, { ...accepting, schemas })).toEqual({
      writes: {},
      verdicts: ['keep'],
      because: `${key} has the variable clusterVip, which is of type boolean; expected a string for the VIP, an integer for its port, a list of strings for its addresses, or an object with the field host`,
    })
    expect(decide({}, { ...accepting, schemas, read: ['clusterVip'] }).verdicts).toEqual(['wait'])
  })
})

describe('a variable that the class names', () => {
  it.each<[string, string, object, Readonly<Record<string, unknown>>]>([
    ['a string gets the host', 'ip', text, { ip: '10.0.0.10' }],
    ['an integer gets the port', 'port', integer, { port: 6443 }],
    ['a number gets the port', 'port', { type: 'number' }, { port: 6443 }],
    ['an object gets both', 'endpoint', endpointSchema, { endpoint: { host: '10.0.0.10', port: 6443 } }],
    [
      'an object without port gets the host',
      'endpoint',
      { type: 'object', properties: { host: text } },
      { endpoint: { host: '10.0.0.10' } },
    ],
    [
      'an object whose port is text gets it as text',
      'endpoint',
      { type: 'object', properties: { host: text, port: text } },
      { endpoint: { host: '10.0.0.10', port: '6443' } },
    ],
    [
      'an object with unknown fields gets both',
      'endpoint',
      { type: 'object', 'x-kubernetes-preserve-unknown-fields': true },
      { endpoint: { host: '10.0.0.10', port: 6443 } },
    ],
    [
      'a map of strings gets both as text',
      'values',
      { type: 'object', additionalProperties: text },
      { values: { host: '10.0.0.10', port: '6443' } },
    ],
    [
      'a nested field gets its part',
      'config.network.vip',
      { type: 'object', properties: { network: { type: 'object', properties: { vip: text } } } },
      { config: { network: { vip: '10.0.0.10' } } },
    ],
    [
      'an object in an object gets both',
      'config.endpoint',
      { type: 'object', properties: { endpoint: endpointSchema } },
      { config: { endpoint: { host: '10.0.0.10', port: 6443 } } },
    ],
  ])('follows its schema: %s', (_, name, schema, writes) => {
    expect(decide({}, classNaming(name, schema))).toMatchObject({ writes, verdicts: ['write'] })
  })

  it.each<[string, unknown, unknown]>([
    ['fills in an empty host', { host: '', port: 7443 }, { host: '10.0.0.10', port: 7443 }],
    ['fills in a port of 0', { host: '', port: 0 }, { host: '10.0.0.10', port: 6443 }],
    ['completes its own host', { host: '10.0.0.10' }, { host: '10.0.0.10', port: 6443 }],
    [
      'keeps what is beside it',
      { host: '', mode: 'kube-vip' },
      { host: '10.0.0.10', mode: 'kube-vip', port: 6443 },
    ],
    ['leaves a host of somebody else', { host: 'api.example.org' }, undefined],
    ['leaves what is complete', { host: '10.0.0.10', port: 7443 }, undefined],
  ])('%s in an object', (_, value, written) => {
    const clusterClass = classNaming('endpoint', {
      type: 'object',
      properties: { ...endpointSchema.properties, mode: text },
    })
    const { writes } = decide(withVariables({ name: 'endpoint', value }), clusterClass)
    expect(writes).toEqual(written === undefined ? {} : { endpoint: written })
  })

  it('is written beside other values of the same variable', () => {
    const schema = { type: 'object', properties: { ip: text, port: integer, cni: text } }
    const clusterClass = classNaming('net.ip', schema, {
      annotations: {
        [`${prefix}/control-plane-variable`]: 'net.ip',
        [`${prefix}/control-plane-port-variable`]: 'net.port',
      },
    })
    const cluster = withVariables({ name: 'net', value: { cni: 'cilium' } })
    expect(decide(cluster, clusterClass)).toMatchObject({
      writes: { net: { cni: 'cilium', ip: '10.0.0.10', port: 6443 } },
      verdicts: ['write', 'write'],
    })
  })

  it('can be several, with a port of their own', () => {
    const clusterClass = {
      declared: ['a', 'b', 'port'],
      accepted: ['a', 'b', 'port'],
      schemas: { a: text, b: endpointSchema, port: text },
      annotations: {
        [`${prefix}/control-plane-variable`]: 'a, b',
        [`${prefix}/control-plane-port-variable`]: 'port',
      },
    }
    expect(decide({}, clusterClass).writes).toEqual({ a: '10.0.0.10', b: endpoint, port: '6443' })
    const given = withVariables({ name: 'a', value: '' }, { name: 'port', value: '7443' })
    expect(decide(given, clusterClass).writes).toEqual({ a: '10.0.0.10', b: { ...endpoint, port: 7443 } })
  })

  it('can be none', () => {
    const annotations = { [`${prefix}/control-plane-variable`]: '' }
    expect(decide({}, { ...accepting, annotations })).toMatchObject({ writes: {}, verdicts: [] })
  })

  it('gets the port that the Cluster has', () => {
    const clusterClass = classNaming('endpoint', endpointSchema)
    expect(decide({ apiServerPort: 7443 }, clusterClass).writes).toMatchObject({ endpoint: { port: 7443 } })
  })

  it.each<[string, string, object, Role, string]>([
    ['absent', 'ip', {}, 'control-plane', 'names the variable other, which it does not have'],
    ['a boolean', 'ip', { type: 'boolean' }, 'control-plane', 'which is of type boolean'],
    [
      'a list of numbers',
      'ip',
      { type: 'array', items: { type: 'integer' } },
      'control-plane',
      'which is a list whose items are no strings; expected a list of strings for the addresses of the VIP',
    ],
    [
      'an object without a host',
      'ip',
      { type: 'object' },
      'control-plane',
      'an object without the field host',
    ],
    [
      'an object whose host is no string',
      'ip',
      { type: 'object', properties: { host: integer } },
      'control-plane',
      'an object whose host is no string',
    ],
    [
      'a field that its schema lacks',
      'ip.host',
      { type: 'object' },
      'control-plane',
      'which is not in its schema',
    ],
    ['an integer, for a VIP without port', 'ip', integer, 'ingress', 'this VIP has no port'],
  ])('is waited for, with its name and type, if it is %s', (what, name, schema, role, because) => {
    const annotations = { [`${prefix}/${role}-variable`]: what === 'absent' ? 'other' : name }
    const decision = decide({}, classNaming(name, schema, { annotations }), role)
    expect(decision).toMatchObject({ writes: {}, verdicts: ['wait'] })
    expect(decision.because).toContain(because)
    expect(decision.because).toContain(`annotation ${prefix}/${role}-variable of ${key}`)
  })

  it('takes a port alone only as a number or as text', () => {
    const annotations = {
      [`${prefix}/control-plane-variable`]: '',
      [`${prefix}/control-plane-port-variable`]: 'port',
    }
    const withType = (type: string) => ({ ...classNaming('port', { type }), annotations }) as Class
    expect(decide({}, withType('integer')).writes).toEqual({ port: 6443 })
    expect(decide({}, withType('string')).writes).toEqual({ port: '6443' })
    expect(decide({}, withType('object')).because).toContain('expected an integer or a string for the port')
  })
})

describe('the variables of a VIP that is in place', () => {
  const lacks = (options: ClusterOptions) => {
    const cluster = aCluster(options)
    const clusterClass = aClusterClass(accepting)
    return lacksVariables(cluster, vipRoleIn(cluster, 'control-plane', variables, clusterClass), clusterClass)
  }
  const written = { [`${prefix}/control-plane-variables-written`]: 'other, clusterVip' }

  it('come back if we wrote them and somebody dropped them', () => {
    expect(lacks({ endpoint, annotations: { ...ours, ...written }, rendered: true })).toBe(true)
  })

  it('stay unset in a Cluster that was rendered without them', () => {
    expect(lacks({ endpoint, annotations: ours, rendered: true })).toBe(false)
    expect(lacks({ endpoint, rendered: true })).toBe(false)
  })

  it('are written before the Cluster is rendered, whoever set the endpoint', () => {
    expect(lacks({ endpoint, annotations: ours })).toBe(true)
    expect(lacks({ endpoint })).toBe(true)
  })

  describe('that were given empty to a Cluster whose endpoint somebody else set', () => {
    const rendered: ClusterOptions = { endpoint, rendered: true, phase: 'Provisioning' }
    const living: ClusterOptions = { endpoint, rendered: true, phase: 'Provisioned' }
    const object = classNaming('endpoint', endpointSchema)
    const nested = classNaming('config.vip', { type: 'object', properties: { vip: text } })
    const given = (name: string, value: unknown): ClusterOptions => withVariables({ name, value })

    it.each<[string, string, unknown, Class, unknown]>([
      ['text', 'clusterVip', '', accepting, '10.0.0.10'],
      ['an object', 'endpoint', { host: '', port: 7443 }, object, { host: '10.0.0.10', port: 7443 }],
      ['a field', 'config', { vip: '', mtu: 1 }, nested, { vip: '10.0.0.10', mtu: 1 }],
    ])('are filled until there are machines: %s', (_, name, value, clusterClass, writes) => {
      const options = given(name, value)
      expect(decide({ ...rendered, ...options }, clusterClass).writes).toEqual({ [name]: writes })
      for (const silent of [living, { endpoint, rendered: true }]) {
        expect(decide({ ...silent, ...options }, clusterClass)).toMatchObject({
          writes: {},
          because: 'it is empty, and stays so, since the Cluster may have machines that were made with it',
        })
      }
    })

    it.each<[string, ClusterOptions, Class]>([
      ['the variable', {}, accepting],
      ['the field', given('config', { mtu: 1 }), nested],
      ['the host', given('endpoint', { port: 7443 }), object],
    ])('stay unset if %s is absent', (_, options, clusterClass) => {
      expect(decide({ ...rendered, ...options }, clusterClass)).toMatchObject({
        writes: {},
        because: 'the Cluster was rendered without it',
      })
    })

    it('get the port, too', () => {
      const ports = classNaming('port', integer)
      expect(decide({ ...rendered, ...given('port', 0) }, ports).writes).toEqual({ port: 6443 })
    })
  })

  describe('that have the DNS name of the endpoint, where the Cluster asks for a VIP', () => {
    const name = 'api.example.org'
    const named: ClusterOptions = {
      endpoint: { host: name, port: 6443 },
      annotations: { [`${prefix}/control-plane-enabled`]: 'true', ...written },
    }
    const given = (value: unknown): ClusterOptions => withVariables({ name: 'clusterVip', value })

    it.each<[string, Class, unknown, unknown]>([
      ['text', accepting, name, '10.0.0.10'],
      [
        'an object',
        classNaming('clusterVip', endpointSchema),
        { host: name, port: 7443 },
        { host: '10.0.0.10', port: 7443 },
      ],
      [
        'a field',
        classNaming('clusterVip.ip', { type: 'object', properties: { ip: text } }),
        { ip: name, mtu: 1 },
        { ip: '10.0.0.10', mtu: 1 },
      ],
    ])('get the VIP instead of our value, until there are machines: %s', (_, clusterClass, value, writes) => {
      for (const state of [{}, { rendered: true, phase: 'Provisioning' }]) {
        expect(decide({ ...named, ...given(value), ...state }, clusterClass).writes).toEqual({
          clusterVip: writes,
        })
      }
      for (const state of [{ rendered: true }, { rendered: true, phase: 'Provisioned' }]) {
        expect(decide({ ...named, ...given(value), ...state }, clusterClass).writes).toEqual({})
      }
    })

    it('stay if the value is not ours, or is another name', () => {
      const typed = { ...named, annotations: { [`${prefix}/control-plane-enabled`]: 'true' } }
      expect(decide({ ...typed, ...given(name) }, accepting).writes).toEqual({})
      expect(decide({ ...named, ...given('other.example.org') }, accepting).writes).toEqual({})
    })
  })

  it('are written together with the VIP, rendered or not', () => {
    expect(decide({ rendered: true }, accepting).writes).toEqual({ clusterVip: '10.0.0.10' })
  })
})
