import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { openGitOpsFixture, written, type Applied, type GitOpsFixture } from './gitops-fixture.ts'
import { isModified, replacesLists, toolNames } from './gitops-tools.ts'
import { endpointOf, getObject, variablesOf } from './objects.ts'

const prefix = 'vip.capi.gorizond.io'
/** How often each manifest is applied after the first time. */
const repetitions = 3

let gitops: GitOpsFixture

beforeAll(async () => {
  gitops = await openGitOpsFixture(['10.181.0.10-10.181.0.99', '10.181.1.10-10.181.1.99'])
})

afterAll(() => gitops.close())

/** The manifests of the page, each with the tools for which it is meant. */
const applications = [
  ...toolNames.map((toolName) => ['blue', toolName] as const),
  ...toolNames
    .filter((toolName) => toolName !== replacesLists)
    .map((toolName) => ['green', toolName] as const),
]

describe('a manifest of docs/gitops.md', () => {
  let all: readonly Applied[]

  beforeAll(async () => {
    all = await Promise.all(
      applications.map(([page, toolName], index) =>
        gitops.applyOnce(toolName, gitops.manifestFor(page, `${page}-${index}`)),
      ),
    )
  })

  it.each(applications)('%s, applied again and again by %s, changes nothing', async (page, toolName) => {
    const applied = all[applications.findIndex((each) => each[0] === page && each[1] === toolName)]
    if (applied === undefined) throw new Error(`${toolName} has applied nothing`)
    const { tool, manifest, settled } = applied
    const { name } = settled.metadata
    const { host } = endpointOf(settled)
    expect(written(settled)).toEqual({
      endpoint: { host: expect.stringMatching(/^10\.181\.0\.\d+$/), port: 6443 },
      clusterVip: host,
      ingressVip: expect.stringMatching(/^10\.181\.1\.\d+$/),
      label: variablesOf(settled)['ingressVip'],
      annotations: {
        [`${prefix}/ingress-enabled`]: 'true',
        [`${prefix}/control-plane-vip`]: host,
        [`${prefix}/control-plane-variables-written`]: 'clusterVip',
        [`${prefix}/ingress-vip`]: variablesOf(settled)['ingressVip'],
        [`${prefix}/ingress-variables-written`]: 'ingressVip',
      },
    })
    for (let times = 0; times < repetitions; times += 1) await tool.apply(manifest)
    const after = await getObject(gitops.testbed, 'clusters', name)
    expect(after.metadata.resourceVersion).toBe(settled.metadata.resourceVersion)
    expect(after.metadata.generation).toBe(settled.metadata.generation)
    expect(after).toEqual(settled)
    // Argo CD without server-side apply and Fleet compare so.
    expect(isModified(after, manifest)).toBe(page === 'green')
  })
})
