import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { allocatorAccount } from '../../dev/allocator.ts'
import { ApiError } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { dnsEndpointFrom, type DnsEndpoint } from '../../src/domain/model/dns-endpoint.ts'
import { workflowIdFor, type AllocateVipResult } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { externalDnsCrd } from '../support/module-crds.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'

const { stack } = realParts()
const template = '--control-plane-dns-name={cluster}.{namespace}.k8s.example.com'
const className = 'named-class'

let suite: Fixture

beforeAll(async () => {
  suite = await openFixtureWithAllocator({ flags: [template] })
  await suite.testbed.createClass(className)
  await suite.testbed.createPool('10.129.0.10-10.129.0.20', { className })
})

afterAll(() => suite.close())

function path(name: string): string {
  return `/apis/externaldns.k8s.io/v1alpha1/namespaces/${suite.testbed.namespace}/dnsendpoints/${name}`
}

/** The DNSEndpoint of a Cluster; undefined if there is none. */
async function read(cluster: string): Promise<DnsEndpoint | undefined> {
  try {
    return dnsEndpointFrom(await suite.testbed.api.send({ method: 'GET', path: path(`vip-cp-${cluster}`) }))
  } catch (error) {
    if (error instanceof ApiError && error.status === 404) return undefined
    throw error
  }
}

function nameOf(cluster: string): string {
  return `${cluster}.${suite.testbed.namespace}.k8s.example.com`
}

function recordOf(cluster: string, address: string): DnsEndpoint['records'] {
  return [{ dnsName: nameOf(cluster), recordType: 'A', targets: [address] }]
}

function untilRecorded(cluster: string, address: string): Promise<DnsEndpoint> {
  return eventually(`the DNSEndpoint of ${cluster}`, async () => {
    const record = await read(cluster)
    expect(record?.records).toEqual(recordOf(cluster, address))
    return record
  })
}

async function resultOf(cluster: string): Promise<AllocateVipResult['roles']['control-plane']> {
  const run = suite.temporal.client.workflow.getHandle(workflowIdFor(suite.testbed.keyOf(cluster)))
  return ((await run.result()) as AllocateVipResult).roles['control-plane']
}

/** Permits the allocator's account what the chart permits it with DNS names. */
async function grant(): Promise<void> {
  const { namespace } = suite.testbed
  const text = `
apiVersion: rbac.authorization.k8s.io/v1
kind: Role
metadata: { namespace: ${namespace}, name: dns }
rules:
  - apiGroups: [externaldns.k8s.io]
    resources: [dnsendpoints]
    verbs: [get, list, watch, create, patch]
---
apiVersion: rbac.authorization.k8s.io/v1
kind: RoleBinding
metadata: { namespace: ${namespace}, name: dns }
roleRef: { apiGroup: rbac.authorization.k8s.io, kind: Role, name: dns }
subjects:
  - { kind: ServiceAccount, namespace: ${allocatorAccount.namespace}, name: ${allocatorAccount.name} }`
  await applyManifests(stack, [{ text }])
}

describe('VIPs with DNS names', () => {
  it('are there without external-dns, say that no name is, and get it as soon as it can be written', async () => {
    const { testbed } = suite
    await testbed.createCluster('early', { className })
    const host = await testbed.hostOf('early')
    const result = await resultOf('early')
    expect(result).toMatchObject({ outcome: 'allocated', reason: 'Allocated', address: host })
    expect(result?.message).toContain(`DNS name ${nameOf('early')} is not published: `)
    const { findings } = JSON.parse(await suite.print('doctor', '--output=json', template)) as Report
    expect(findings).toContainEqual({
      check: 'api-versions',
      level: 'fault',
      found: 'dnsendpoints.externaldns.k8s.io: not served by this API server',
      fix: 'install external-dns, with its source crd',
    })
    await applyManifests(stack, [await externalDnsCrd()])
    await grant()
    await untilRecorded('early', host)
  })

  it('are published by the run that assigns them, which says so', async () => {
    const { testbed } = suite
    await testbed.createCluster('named', { className })
    const host = await testbed.hostOf('named')
    expect(await resultOf('named')).toMatchObject({ outcome: 'allocated', dnsName: nameOf('named') })
    const record = await read('named')
    expect(record).toMatchObject({ records: recordOf('named', host) })
    expect(record?.ownerReferences).toMatchObject([{ kind: 'Cluster', name: 'named' }])
  })

  it('are planned', async () => {
    const { testbed } = suite
    const file = join(stack.runDirectory, `${testbed.namespace}-planned.yaml`)
    await writeFile(
      file,
      JSON.stringify({
        apiVersion: 'cluster.x-k8s.io/v1beta2',
        kind: 'Cluster',
        metadata: { namespace: testbed.namespace, name: 'planned' },
        spec: { topology: { classRef: { name: className }, version: 'v1.35.4' } },
      }),
    )
    expect(await suite.print('plan', `--filename=${file}`, template)).toContain(
      `publish ${nameOf('planned')} by DNSEndpoint vip-cp-planned`,
    )
  })

  it('are published again after somebody changes or deletes the DNSEndpoint', async () => {
    const { testbed } = suite
    const host = await testbed.hostOf('named')
    const endpoints = [{ dnsName: 'other.example.com', recordType: 'A', targets: ['192.0.2.1'] }]
    await testbed.patch(path('vip-cp-named'), { spec: { endpoints } })
    await untilRecorded('named', host)
    await testbed.api.send({ method: 'DELETE', path: path('vip-cp-named') })
    expect(await untilRecorded('named', host)).toMatchObject({ name: 'vip-cp-named' })
  })

  it('are published again while the Cluster waits for an ingress VIP', async () => {
    const { testbed } = suite
    const annotations = { 'vip.capi.gorizond.io/ingress-enabled': 'true' }
    await testbed.createCluster('half', { className, annotations })
    const host = await testbed.hostOf('half')
    await untilRecorded('half', host)
    await testbed.untilCluster(
      'half',
      (now) => now !== undefined && vipConditionOf(now, 'ingress')?.reason === 'NoMatchingPool',
    )
    await testbed.api.send({ method: 'DELETE', path: path('vip-cp-half') })
    expect(await untilRecorded('half', host)).toMatchObject({ name: 'vip-cp-half' })
  })

  it('leave a DNSEndpoint of somebody else alone', async () => {
    const { testbed } = suite
    const endpoints = [{ dnsName: 'theirs.example.com', recordType: 'A', targets: ['192.0.2.1'] }]
    const text = JSON.stringify({
      apiVersion: 'externaldns.k8s.io/v1alpha1',
      kind: 'DNSEndpoint',
      metadata: { namespace: testbed.namespace, name: 'vip-cp-taken' },
      spec: { endpoints },
    })
    await applyManifests(stack, [{ text }])
    await testbed.createCluster('taken', { className })
    await testbed.hostOf('taken')
    expect((await resultOf('taken'))?.message).toContain(
      `DNSEndpoint ${testbed.namespace}/vip-cp-taken is not this Cluster's and is left alone`,
    )
    expect((await read('taken'))?.records).toEqual(endpoints)
  })

  it('lose their names with the Cluster', async () => {
    await suite.testbed.deleteCluster('named')
    const gone = await eventually('the end of the DNSEndpoint', async () =>
      (await read('named')) === undefined ? 'gone' : undefined,
    )
    expect(gone).toBe('gone')
  })
})
