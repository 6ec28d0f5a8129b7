import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Cluster, Condition } from '../../src/domain/model/cluster.ts'
import { realParts } from '../support/real-parts.ts'
import { openExtension, type ExtensionFixture } from './extension-fixture.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { record, type Recording } from './recording.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const className = 'extension-class'
const ownPrefix = 'vip.capi.gorizond.io'

interface Part {
  readonly metadata: {
    readonly name: string
    readonly generation: number
    readonly labels: Record<string, string>
  }
  readonly spec: {
    readonly controlPlaneEndpoint?: { readonly host: string; readonly port: number }
    readonly files?: readonly { readonly content: string }[]
    readonly replicas?: number
  }
}

interface StoredCluster {
  readonly metadata: { readonly name: string }
  readonly spec: {
    readonly infrastructureRef?: { readonly name: string }
    readonly controlPlaneRef?: { readonly name: string }
  }
  readonly status?: { readonly conditions?: readonly Condition[] }
}

let suite: Fixture
let testbed: Testbed
let extension: ExtensionFixture
let infrastructure: Recording<Part>
let controlPlanes: Recording<Part>
let clusters: Recording<StoredCluster>

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  const { namespace } = testbed
  extension = await openExtension(stack, testbed)
  const demo = 'demo.vip.capi.gorizond.io/v1alpha1'
  infrastructure = await record(stack, `/apis/infrastructure.${demo}/namespaces/${namespace}/democlusters`)
  controlPlanes = await record(stack, `/apis/controlplane.${demo}/namespaces/${namespace}/democontrolplanes`)
  clusters = await record(stack, testbed.path('clusters'))
  await testbed.createPool('10.169.0.10-10.169.0.60', { className })
  await suite.start({ flags: (await extension.flagsOfReplica()).flags })
  await extension.untilRegistered()
  await extension.createClass(className)
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await extension.close()
    await Promise.all([infrastructure, controlPlanes, clusters].map((each) => each.close()))
  }
})

/** The name of a part that core has rendered for the Cluster. */
async function partOf(name: string, ref: 'infrastructureRef' | 'controlPlaneRef'): Promise<string> {
  const cluster = await clusters.until(name, (now) => now?.spec[ref] !== undefined)
  return cluster?.spec[ref]?.name ?? ''
}

async function infrastructureOf(name: string): Promise<readonly Part[]> {
  const part = await partOf(name, 'infrastructureRef')
  await infrastructure.until(part, (now) => now !== undefined)
  return infrastructure.versionsOf(part)
}

/** The first version of the infrastructure object has the Cluster's VIP, and no later one another. */
async function expectRenderedWithVip(name: string): Promise<void> {
  const host = await testbed.hostOf(name)
  const versions = await infrastructureOf(name)
  expect(versions[0]).toMatchObject({
    metadata: { generation: 1 },
    spec: { controlPlaneEndpoint: { host, port: 6443 } },
  })
  expect(versions.map(({ metadata }) => metadata.generation)).toEqual(versions.map(() => 1))
}

function topologyOf(conditions: readonly Condition[] = []): Condition | undefined {
  return conditions.find(({ type }) => type === 'TopologyReconciled')
}

/**
 * Why core did not reconcile the Cluster's topology, but for the wait for its own VIP: on a busy machine, an allocation may
 * take longer than a call waits.
 */
function heldUpBy(name: string): readonly string[] {
  const ownWait = new RegExp(`Cluster ${testbed.namespace}/${name} has no control-plane VIP yet(?! \\()`)
  return clusters
    .versionsOf(name)
    .map(({ status }) => topologyOf(status?.conditions))
    .filter((topology) => topology?.status === 'False')
    .map((topology) => topology?.message ?? '')
    .filter((message) => !ownWait.test(message))
}

/** Waits until core says why it does not reconcile the topology. */
function untilHeldUp(name: string, words: string | RegExp): Promise<Cluster | undefined> {
  return testbed.untilCluster(name, (now) => {
    const { status, message = '' } = topologyOf(now?.conditions) ?? {}
    return status === 'False' && message.match(words) !== null
  })
}

/** Has core render the topology of a living Cluster again, with another number of replicas. */
function scale(name: string, replicas: number): Promise<void> {
  return testbed.editCluster(name, { topology: { controlPlane: { replicas } } })
}

async function untilScaled(name: string, replicas: number): Promise<void> {
  const part = await partOf(name, 'controlPlaneRef')
  await controlPlanes.until(part, (now) => now?.spec.replicas === replicas)
}

describe('with the runtime extension, a Cluster', () => {
  it('has its VIP in the first version of its infrastructure object, and waits for nothing else', async () => {
    await testbed.createCluster('first', { className })
    await expectRenderedWithVip('first')
    expect(heldUpBy('first')).toEqual([])
    const page = await (await fetch(suite.allocator.metricsUrl)).text()
    expect(page).toContain('runtime_extension_duration_seconds_count{call="patch",outcome="success"}')
  })

  it('has its VIP in the control plane template, in the place of the token', async () => {
    const part = await partOf('first', 'controlPlaneRef')
    const rendered = await controlPlanes.until(part, (now) => now !== undefined)
    expect(rendered?.spec.files).toEqual([
      { path: '/kube-vip.yaml', content: `address: ${await testbed.hostOf('first')}` },
    ])
  })

  it('keeps its endpoint, whatever its annotations say', async () => {
    await testbed.createCluster('annotated', { className })
    await expectRenderedWithVip('annotated')
    const annotations = {
      [`${ownPrefix}/control-plane-vip`]: '10.169.0.99',
      [`${ownPrefix}/control-plane-enabled`]: 'false',
    }
    await testbed.patch(testbed.path('clusters', 'annotated'), { metadata: { annotations } })
    await scale('annotated', 3)
    await untilScaled('annotated', 3)
    await expectRenderedWithVip('annotated')
  })

  it('waits with the reason while no pool is for it, and is rendered with its VIP then', async () => {
    await extension.createClass('late-class')
    await testbed.createCluster('late', { className: 'late-class' })
    await untilHeldUp('late', /Cluster \S+\/late has no control-plane VIP yet \(NoMatchingPool\)/)
    await testbed.createPool('10.169.1.10', { className: 'late-class', name: 'late-pool' })
    await expectRenderedWithVip('late')
  })

  it('that wants no VIP is rendered without', async () => {
    const annotations = { [`${ownPrefix}/control-plane-enabled`]: 'false' }
    await testbed.createCluster('unwanted', { className, annotations })
    const [first] = await infrastructureOf('unwanted')
    expect(first?.spec).toEqual({})
    expect(await testbed.claims()).not.toContain('vip-cp-unwanted')
  })

  it('whose endpoint contradicts its claim is not rendered again until that is put right', async () => {
    await testbed.createCluster('contradicting', { className })
    await expectRenderedWithVip('contradicting')
    const host = await testbed.hostOf('contradicting')
    await testbed.editCluster('contradicting', { controlPlaneEndpoint: { host: '10.169.0.99', port: 6443 } })
    await scale('contradicting', 3)
    await untilHeldUp(
      'contradicting',
      `has endpoint 10.169.0.99:6443, but its IPAddressClaim vip-cp-contradicting holds ${host}`,
    )
    await testbed.editCluster('contradicting', { controlPlaneEndpoint: { host, port: 6443 } })
    await untilScaled('contradicting', 3)
    await expectRenderedWithVip('contradicting')
  })
})

describe('while the runtime extension', () => {
  const faults: readonly {
    readonly what: string
    readonly words: RegExp
    readonly begin: () => Promise<void> | void
    readonly end: () => Promise<void> | void
  }[] = [
    {
      what: 'answers 500',
      words: /got response with status code 500 != 200/,
      begin: () => void (extension.front.mode = 'error'),
      end: () => void (extension.front.mode = 'pass'),
    },
    {
      what: 'is away',
      words: /connect: connection refused/,
      begin: () => extension.front.down(),
      end: () => extension.front.up(),
    },
    {
      what: 'hangs',
      words: /http request timeout expired/,
      begin: () => void (extension.front.mode = 'hang'),
      end: () => void (extension.front.mode = 'pass'),
    },
    {
      what: 'is not registered',
      words: /handler with name "patch.\S+" has not been registered/,
      begin: async () => {
        const { name } = extension
        const printed = await suite.print('uninstall-extension', `--runtime-extension-config=${name}`)
        expect(printed).toMatch(`ExtensionConfig ${name} is deleted.`)
      },
      end: () => extension.registerAgain(),
    },
  ]

  it.each(faults.map((fault, index) => [fault.what, fault, index + 4] as const))(
    '%s, a new Cluster waits and a living one keeps its endpoint, and both go on afterwards',
    async (_, { words, begin, end }, replicas) => {
      const name = `new-${replicas}`
      await begin()
      await Promise.all([testbed.createCluster(name, { className }), scale('first', replicas)])
      await Promise.all([untilHeldUp(name, words), untilHeldUp('first', words)])
      await testbed.untilServed(name)
      expect(clusters.versionsOf(name).at(-1)?.spec.infrastructureRef).toBeUndefined()
      await end()
      await Promise.all([expectRenderedWithVip(name), untilScaled('first', replicas)])
      await expectRenderedWithVip('first')
    },
  )
})

describe('two replicas of the runtime extension', () => {
  it('that are restarted in turn let no Cluster wait for a failed call', async () => {
    const replicas = [suite.allocator]
    const startReplica = async (): Promise<void> => {
      const { flags, port } = await extension.flagsOfReplica()
      // As a Service: a replica gets calls when it is ready.
      const { targets } = extension.front
      extension.front.targets = targets.filter((target) => target !== port)
      replicas.push(await suite.start({ flags }))
      extension.front.targets = targets
    }
    await startReplica()
    const created: string[] = []
    for (const replica of [...replicas]) {
      await startReplica()
      const over = new AbortController()
      const stopped = replica.stop().then(() => over.abort())
      do {
        const name = `rolling-${created.length}`
        created.push(name)
        await testbed.createCluster(name, { className })
        await expectRenderedWithVip(name)
      } while (!over.signal.aborted)
      await stopped
    }
    await Promise.all(created.map((name) => expectRenderedWithVip(name)))
    const failed = created.flatMap(heldUpBy).filter((message) => /patch\./.test(message))
    expect(failed).toEqual([])
  })
})

describe('the allocator', () => {
  it('answers core only, by its client certificate', async () => {
    const [port] = extension.front.targets.slice(-1)
    await expect(fetch(`https://127.0.0.1:${port}/`)).rejects.toThrow('fetch failed')
  })
})
