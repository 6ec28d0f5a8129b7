import { describe, expect, it } from '@jest/globals'
import type { JsonObject } from '../../../src/domain/model/decode.ts'
import { formatKey } from '../../../src/domain/model/object-meta.ts'
import { discoverApiVersions } from '../../../src/kubernetes/api-versions.ts'
import { readClassesFor } from '../../../src/kubernetes/class-reads.ts'
import { createLiveClusterApi } from '../../../src/kubernetes/live-cluster-api.ts'
import { readSnapshot } from '../../../src/kubernetes/read-snapshot.ts'
import { aCluster, clusterObject } from '../../support/builders.ts'
import { scriptServer, type ScriptedServer } from './cache/scripted-server.ts'

function object(namespace: string, name: string): JsonObject {
  return { metadata: { namespace, name, uid: `uid-of-${name}`, resourceVersion: '90' } }
}

/** A server whose Clusters of `tenant-a` are of `platform/shared`. */
function serverOf(...refused: readonly string[]): ScriptedServer {
  const server = scriptServer()
  const topology = { classRef: { name: 'shared', namespace: 'platform' } }
  server.list('clusters', 100, [{ ...clusterObject({ namespace: 'tenant-a', topology }) }])
  server.list('clusterclasses', 100, [
    object('tenant-a', 'own'),
    object('platform', 'shared'),
    object('platform', 'other'),
  ])
  server.list('inclusterippools', 100, [object('tenant-a', 'pool')])
  server.list('globalinclusterippools', 100, [object('', 'global')])
  server.list('ipaddresses', 100, [object('tenant-a', 'a'), object('tenant-b', 'b')])
  server.refuse(...refused)
  return server
}

const cluster = aCluster({
  namespace: 'tenant-a',
  topology: { classRef: { name: 'shared', namespace: 'platform' } },
})

async function classesIn(namespaces: readonly string[], ...refused: readonly string[]) {
  const { connection } = serverOf(...refused)
  const access = { connection, versions: discoverApiVersions(connection) }
  return (await readClassesFor(access, namespaces, [cluster])).map(formatKey)
}

describe('the ClusterClasses of Clusters', () => {
  it('are those of the served namespaces, and of the namespaces that Clusters name', async () => {
    expect(await classesIn(['tenant-a'])).toEqual(['tenant-a/own', 'platform/shared', 'platform/other'])
    expect(await classesIn([])).toEqual(['tenant-a/own', 'platform/shared', 'platform/other'])
  })

  it('are read one by one where no list is permitted', async () => {
    expect(await classesIn(['tenant-a'], 'list clusterclasses in platform')).toEqual([
      'tenant-a/own',
      'platform/shared',
    ])
    expect(await classesIn([], 'list clusterclasses')).toEqual(['platform/shared'])
  })

  it('are left out where nothing is permitted', async () => {
    const elsewhere = ['list clusterclasses in platform', 'get clusterclasses in platform']
    expect(await classesIn(['tenant-a'], ...elsewhere)).toEqual(['tenant-a/own'])
    expect(await classesIn(['tenant-a'], 'list clusterclasses', 'get clusterclasses')).toEqual([])
  })
})

describe('live reads with a Role only', () => {
  const role = ['list globalinclusterippools', 'list clusterclasses', 'get clusterclasses'] as const

  it('find the pools that may be read', async () => {
    const api = createLiveClusterApi(serverOf(...role).connection, ['tenant-a'])
    expect((await api.listIPPools('tenant-a')).map(({ name }) => name)).toEqual(['pool'])
  })

  it('reject with the missing permission if no pool may be read', async () => {
    const refused = ['list globalinclusterippools', 'list inclusterippools']
    const api = createLiveClusterApi(serverOf(...refused).connection, ['tenant-a'])
    await expect(api.listIPPools('tenant-a')).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it('find the uses of addresses without ClusterClasses', async () => {
    const api = createLiveClusterApi(serverOf(...role).connection, ['tenant-a'])
    const { clusters, classOf } = await api.listAddressUse()
    expect(clusters.map(({ name }) => name)).toEqual(['demo'])
    expect(clusters.map((each) => classOf?.(each))).toEqual([undefined])
  })

  it('find the uses of addresses in the namespaces that may be read', async () => {
    const server = serverOf('list clusters in tenant-b', 'list ipaddresses in tenant-b')
    const { ipAddresses } = await createLiveClusterApi(server.connection, [
      'tenant-a',
      'tenant-b',
    ]).listAddressUse()
    expect(ipAddresses.map(({ name }) => name)).toEqual(['a'])
    const none = createLiveClusterApi(server.connection, ['tenant-b'])
    await expect(none.listAddressUse()).rejects.toMatchObject({ kind: 'forbidden' })
  })

  it('know the class of a Cluster in another namespace', async () => {
    const { clusters, classOf } = await createLiveClusterApi(serverOf().connection, [
      'tenant-a',
    ]).listAddressUse()
    expect(clusters.map((each) => classOf?.(each)?.name)).toEqual(['shared'])
  })
})

describe('a snapshot with a Role only', () => {
  it('has what may be read, and names the namespaces of which something is missing', async () => {
    const { connection } = serverOf('list globalinclusterippools', 'list ipaddresses in tenant-b')
    const snapshot = await readSnapshot(connection, ['tenant-a', 'tenant-b'])
    expect([...snapshot.clusterClasses.keys()]).toContain('platform/shared')
    expect(snapshot.pools.map((pools) => [...pools.keys()])).toEqual([['tenant-a/pool'], []])
    expect([...(snapshot.unlisted ?? [])]).toEqual(['tenant-b'])
  })

  it('is refused if no Cluster may be read', async () => {
    const { connection } = serverOf('list clusters')
    await expect(readSnapshot(connection, ['tenant-a'])).rejects.toMatchObject({ kind: 'forbidden' })
  })
})
