import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { appliedOver, readClusterManifests } from '../../../../src/commands/plan/cluster-manifests.ts'

let folder: string

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'manifests-'))
})

afterAll(() => {
  rmSync(folder, { recursive: true })
})

/** Path of a file with this content. */
function fileOf(content: string): string {
  const path = join(folder, 'file.yaml')
  writeFileSync(path, content)
  return path
}

const cluster = (version: string, name: string): string =>
  `apiVersion: cluster.x-k8s.io/${version}\nkind: Cluster\nmetadata:\n  name: ${name}\n`

describe('a file of manifests', () => {
  it('gives its Clusters of both versions, and nothing else', async () => {
    const file = fileOf(
      [
        cluster('v1beta1', 'a'),
        'apiVersion: v1\nkind: Namespace\nmetadata:\n  name: x\n',
        `${cluster('v1beta2', 'b')}  namespace: clusters\n`,
        '# nothing\n',
      ].join('---\n'),
    )
    expect(await readClusterManifests(file)).toMatchObject([
      { name: 'a', version: 'v1beta1', namespace: undefined },
      { name: 'b', version: 'v1beta2', namespace: 'clusters' },
    ])
  })

  it('gives the Clusters of a List', async () => {
    const items = [{ apiVersion: 'cluster.x-k8s.io/v1beta2', kind: 'Cluster', metadata: { name: 'a' } }]
    const file = fileOf(JSON.stringify({ apiVersion: 'v1', kind: 'List', items }))
    expect(await readClusterManifests(file)).toMatchObject([{ name: 'a' }])
  })

  it.each([
    ['is no YAML', 'a: [', 'is no YAML'],
    ['has no Cluster', 'kind: Namespace', 'has no Cluster of cluster.x-k8s.io'],
    [
      'has a Cluster of another version',
      cluster('v1alpha4', 'a'),
      'a Cluster is of version "v1alpha4", expected v1beta2 or v1beta1',
    ],
    [
      'has a Cluster without a name',
      'apiVersion: cluster.x-k8s.io/v1beta2\nkind: Cluster',
      'metadata.name of a Cluster is absent, expected a name',
    ],
  ])('is refused by name where it %s', async (_, content, message) => {
    const file = fileOf(content)
    await expect(readClusterManifests(file)).rejects.toThrow(file)
    await expect(readClusterManifests(file)).rejects.toThrow(message)
  })

  it('is refused by name where it is not there', async () => {
    await expect(readClusterManifests('/nowhere/x.yaml')).rejects.toThrow('/nowhere/x.yaml cannot be read')
  })
})

describe('a manifest over what is there', () => {
  it('keeps what it does not name, replaces lists, and takes away what is null', () => {
    const present = {
      metadata: { uid: 'u', annotations: { a: '1' } },
      spec: { list: [1, 2], host: 'h', x: 1 },
    }
    const manifest = { metadata: { annotations: { b: '2' } }, spec: { list: [3], x: null } }
    expect(appliedOver(present, manifest)).toEqual({
      metadata: { uid: 'u', annotations: { a: '1', b: '2' } },
      spec: { list: [3], host: 'h' },
    })
  })
})
