import { describe, expect, it } from '@jest/globals'
import { checkClassVariables } from '../../../../../src/commands/doctor/checks/class-variables.ts'
import { aClass, aClusterClass, variables } from '../../../../support/builders.ts'
import { aSnapshot } from '../../../../support/snapshot.ts'

const prefix = 'vip.capi.gorizond.io'
const name = `ClusterClass clusters/${aClass}`

function check(clusterClass: Parameters<typeof aClusterClass>[0]) {
  return checkClassVariables(aSnapshot({ clusterClasses: [aClusterClass(clusterClass)] }), variables)
}

describe('a ClusterClass', () => {
  const accepting = { declared: ['clusterVip'], accepted: ['clusterVip'] }

  it('is in order if a patch reads the variable that receives the VIP', () => {
    expect(check({ ...accepting, read: ['clusterVip'] })).toEqual([
      {
        level: 'ok',
        found: `${name}: the variable clusterVip receives the control-plane VIP, and a patch reads it`,
      },
    ])
  })

  it('is worth a look if no patch reads the variable', () => {
    expect(check(accepting)).toMatchObject([
      {
        level: 'warning',
        found: `${name}: the variable clusterVip receives the control-plane VIP, and no patch reads it`,
      },
    ])
  })

  it('is in order without such a variable', () => {
    expect(check({ declared: [], accepted: [] })).toEqual([
      { level: 'ok', found: `no variable of ClusterClass clusters/${aClass} receives a VIP` },
    ])
  })

  it('is worth a look if a variable of that name is something else', () => {
    const schemas = { clusterVip: { type: 'boolean' } }
    expect(check({ ...accepting, schemas })).toMatchObject([
      { level: 'warning', found: expect.stringContaining('which is of type boolean') },
    ])
    expect(check({ ...accepting, schemas, read: ['clusterVip'] })).toMatchObject([{ level: 'fault' }])
  })

  it('is a fault if its annotation names a variable that it does not have', () => {
    const annotations = { [`${prefix}/control-plane-variable`]: 'clusterVipp' }
    expect(check({ ...accepting, annotations })).toEqual([
      {
        level: 'fault',
        found: `annotation ${prefix}/control-plane-variable of ${name} names the variable clusterVipp, which it does not have`,
        fix: 'correct that annotation, or the class',
      },
    ])
  })

  it('is told to correct the annotation of the port if no patch reads that variable', () => {
    const annotations = { [`${prefix}/control-plane-port-variable`]: 'port' }
    const names = ['clusterVip', 'port']
    const schemas = { port: { type: 'integer' } }
    expect(check({ declared: names, accepted: names, schemas, annotations, read: ['clusterVip'] })).toEqual([
      expect.objectContaining({ level: 'ok' }),
      {
        level: 'warning',
        found: `${name}: the variable port receives the control-plane port, and no patch reads it`,
        fix: `add a patch to ${name} that reads port, or annotate ${name} with ${prefix}/control-plane-port-variable: the variable that receives the port, or "" for none`,
      },
    ])
  })

  it('is checked for each variable that it names', () => {
    const annotations = {
      [`${prefix}/control-plane-variable`]: 'net.vip',
      [`${prefix}/control-plane-port-variable`]: 'port',
    }
    const schemas = {
      net: { type: 'object', properties: { vip: { type: 'string' } } },
      port: { type: 'integer' },
    }
    const names = ['net', 'port']
    const found = check({ declared: names, accepted: names, schemas, annotations, read: names })
    expect(found.map((each) => each.found)).toEqual([
      `${name}: the variable net.vip receives the control-plane VIP, and a patch reads it`,
      `${name}: the variable port receives the control-plane port, and a patch reads it`,
    ])
  })
})
