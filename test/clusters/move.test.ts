import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { controlPlaneHost } from '../../dev/stack/cluster-providers.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { withKubernetesApi, type KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { ensurePrograms } from '../../dev/stack/programs.ts'
import { moveClusters, recordProviders } from '../e2e/clusterctl.ts'
import {
  openManagementCluster,
  openWholeClusters,
  upWithinMs,
  type ManagementCluster,
  type WholeClusters,
} from './fixture.ts'

const movedWithinMs = 600_000
const capd = 'infrastructure-docker'

let source: WholeClusters
let target: ManagementCluster | undefined
let port: number

beforeAll(async () => {
  source = await openWholeClusters('1.13')
  // Of the namespace: a move leaves the addresses of cluster-wide pools behind.
  await source.testbed.createPool(controlPlaneHost, { className: 'in-memory' })
})

afterAll(async () => {
  try {
    await target?.close()
  } finally {
    await source.close()
  }
})

describe('on Cluster API core 1.13, a whole cluster', () => {
  it(
    'becomes Available through its VIP, which its infrastructure has from the first version on',
    async () => {
      expect(source.stack.connection.clusterApiVersion).toMatch(/^1\.13\./)
      port = await source.create('moved')
      await source.untilTrue('moved', 'RemoteConnectionProbe', 'ControlPlaneAvailable', 'Available')

      expect(source.serverOf('moved')).toBe(`https://${controlPlaneHost}:${port}`)
      expect(source.endpointsOf('moved')).toEqual([`${controlPlaneHost}:${port}`])
      expect(source.generationsOf('moved')).toEqual([1])
      expect(await source.nodesOf('moved')).toHaveLength(2)
    },
    upWithinMs,
  )
})

describe('a move by clusterctl to Cluster API core 1.14', () => {
  it(
    'leaves a whole cluster its VIP, through which it is Available again',
    async () => {
      await source.secrets.until('moved-shim', (now) => now === undefined)
      const before = await source.nodesOf('moved')
      target = await openTarget()
      const { connection: from } = source.stack
      const { connection: to } = target.stack
      const { clusterctl } = await ensurePrograms(['clusterctl'], () => undefined)
      await recordProviders(clusterctl.path, [from, to])
      await moveClusters(clusterctl.path, { from, to, namespace: source.testbed.namespace })
      await target.untilTrue('moved', 'RemoteConnectionProbe', 'ControlPlaneAvailable', 'Available')

      expect(target.serverOf('moved')).toBe(`https://${controlPlaneHost}:${port}`)
      expect(target.endpointsOf('moved')).toEqual([`${controlPlaneHost}:${port}`])
      expect(target.generationsOf('moved')).toEqual([1])
      expect(await target.nodesOf('moved')).toEqual(before)
    },
    movedWithinMs,
  )

  it('leaves its claim to it, at the target only', async () => {
    const uid = target?.clusters.versionsOf('moved').at(-1)?.metadata.uid
    const claim = await target?.claims.until(
      'vip-cp-moved',
      (now) => now?.metadata.ownerReferences?.some((owner) => owner.uid === uid) === true,
    )
    expect(claim?.status?.addressRef?.name).toBe('vip-cp-moved')
    await source.claims.until('vip-cp-moved', (now) => now === undefined)
    await source.clusters.until('moved', (now) => now === undefined)
  })
})

/**
 * Starts the target, with the one CAPD that this machine can run: it takes over from that of the source, whose API server
 * then calls its webhooks. What was in the memory of the other, CAPD makes anew.
 */
async function openTarget(): Promise<ManagementCluster> {
  await source.stack.part(capd).stop()
  const opened = await openManagementCluster(source.testbed.namespace)
  await shareWebhooks(opened.stack.connection, source.stack.connection)
  return opened
}

/** Has another API server call the webhooks and the conversion of CAPD as this one does. */
async function shareWebhooks(of: StackConnection, other: StackConnection): Promise<void> {
  const list = <T>(path: string): Promise<readonly T[]> =>
    withKubernetesApi(
      of,
      async (api) => (await api.send<{ items: readonly T[] }>({ method: 'GET', path })).items,
    )
  for (const kind of ['MutatingWebhookConfiguration', 'ValidatingWebhookConfiguration']) {
    const apiVersion = 'admissionregistration.k8s.io/v1'
    const all = await list<KubernetesObject & { readonly webhooks: unknown }>(
      `/apis/${apiVersion}/${kind.toLowerCase()}s`,
    )
    const ofCapd = all.filter(({ metadata }) => metadata.name.startsWith(capd))
    expect(ofCapd.length).toBeGreaterThan(0)
    await applyManifests(
      other,
      ofCapd.map(({ metadata: { name }, webhooks }) => ({ apiVersion, kind, metadata: { name }, webhooks })),
    )
  }
  const path = '/apis/apiextensions.k8s.io/v1/customresourcedefinitions'
  const crds = await list<
    KubernetesObject & { readonly spec: { readonly group: string; readonly conversion: unknown } }
  >(path)
  await withKubernetesApi(other, async (api) => {
    for (const { metadata, spec } of crds.filter(
      ({ spec }) => spec.group === 'infrastructure.cluster.x-k8s.io',
    )) {
      await api.send({
        method: 'PATCH',
        path: `${path}/${metadata.name}`,
        body: { spec: { conversion: spec.conversion } },
        contentType: 'application/merge-patch+json',
      })
    }
  })
}
