import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { isDeepStrictEqual } from 'node:util'
import type { JsonObject } from '../../src/domain/model/decode.ts'
import { realParts } from '../support/real-parts.ts'
import { openGitOpsFixture, written, type Applied, type GitOpsFixture } from './gitops-fixture.ts'
import { argoThatIgnoresDifferences, everyTool, replacesLists } from './gitops-tools.ts'
import { endpointOf, getObject, variablesOf, type StoredObject } from './objects.ts'
import { record, type Recording } from './recording.ts'

const { stack } = realParts()
/** How often the tool that ignores differences applies its manifest. */
const repetitions = 3

let gitops: GitOpsFixture
let recording: Recording<StoredObject>

beforeAll(async () => {
  gitops = await openGitOpsFixture(['10.180.0.10-10.180.0.19', '10.180.1.10-10.180.1.19'])
  recording = await record(stack, gitops.testbed.path('clusters'))
})

afterAll(() => gitops.close(() => recording.close()))

describe('a manifest that contains what the allocator writes', () => {
  const emptied = (): JsonObject => gitops.manifestFor('blue', 'emptied', [{ name: 'clusterVip', value: '' }])
  let kubectl: Applied
  let helm: Applied
  let forced: Applied

  beforeAll(async () => {
    ;[kubectl, helm, forced] = await Promise.all([
      gitops.applyOnce(replacesLists, gitops.manifestFor('green', 'client-side')),
      gitops.applyOnce('Helm 3', gitops.manifestFor('green', 'helm-change')),
      gitops.applyOnce(
        'kubectl apply --server-side --force-conflicts, Argo CD with ServerSideApply',
        emptied(),
      ),
    ])
  })

  /** Applies something that drops the VIP, and waits until it is whole again. Resolves with the versions meanwhile. */
  async function versionsWhileHealed(
    { settled, tool }: Applied,
    manifest: JsonObject,
  ): Promise<readonly StoredObject[]> {
    const { name } = settled.metadata
    const { resourceVersion } = (await getObject(gitops.testbed, 'clusters', name)).metadata
    // The recording may be behind that version: what it has so far is no measure.
    const since = (): readonly StoredObject[] => {
      const versions = recording.versionsOf(name)
      const known = versions.findIndex(({ metadata }) => metadata.resourceVersion === resourceVersion)
      return known < 0 ? [] : versions.slice(known + 1)
    }
    await tool.apply(manifest)
    const isWhole = (version: StoredObject): boolean => isDeepStrictEqual(written(version), written(settled))
    await recording.until(name, () => {
      const last = since().at(-1)
      return last !== undefined && isWhole(last) && !since().every(isWhole)
    })
    return since()
  }

  it('is healed with the same address each time it is applied by kubectl', async () => {
    for (let times = 0; times < 2; times += 1) {
      const versions = await versionsWhileHealed(kubectl, kubectl.manifest)
      expect(versions.some((version) => variablesOf(version)['clusterVip'] === undefined)).toBe(true)
      const hosts = versions.map((version) => endpointOf(version).host)
      expect(new Set(hosts)).toEqual(new Set([endpointOf(kubectl.settled).host]))
    }
  })

  it('is healed once if Helm 3 changes variables in it, and keeps the change', async () => {
    const changed = gitops.manifestFor('green', 'helm-change', [{ name: 'color', value: 'violet' }])
    const versions = await versionsWhileHealed(helm, changed)
    const { generation } = versions.at(-1)?.metadata ?? {}
    await helm.tool.apply(changed)
    const after = await getObject(gitops.testbed, 'clusters', 'helm-change')
    expect(after.metadata.generation).toBe(generation)
    expect(variablesOf(after)).toEqual({ ...variablesOf(helm.settled), color: 'violet' })
  })

  it('is healed each time if forced server-side apply empties a variable, but not if Argo CD ignores it', async () => {
    const versions = await versionsWhileHealed(forced, forced.manifest)
    expect(versions.some((version) => variablesOf(version)['clusterVip'] === '')).toBe(true)
    const { generation } = versions.at(-1)?.metadata ?? {}
    const ignoring = argoThatIgnoresDifferences({ stack, testbed: gitops.testbed })
    for (let times = 0; times < repetitions; times += 1) await ignoring.apply(forced.manifest)
    const after = await getObject(gitops.testbed, 'clusters', 'emptied')
    expect(after.metadata.generation).toBe(generation)
    expect(written(after)).toEqual(written(forced.settled))
    await expect(
      everyTool['Helm 4']({ stack, testbed: gitops.testbed }).apply(forced.manifest),
    ).rejects.toThrow('conflict')
  })
})
