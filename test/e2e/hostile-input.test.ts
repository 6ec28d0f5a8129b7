import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { promisify } from 'node:util'
import { ApiError } from '../../dev/stack/kubernetes-api.ts'
import type { Plural } from '../../dev/stack/resource-path.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { textOfRun } from './history-text.ts'
import type { PendingActivity, TemporalView } from './temporal.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const prefix = 'vip.capi.gorizond.io'
/** Bytes of a failure, and of a whole run, that a person can still read. */
const readableFailure = 16_000
const readableRun = 200_000

const nasty: readonly (readonly [string, string])[] = [
  ['unicode', 'häß\u202Eliche 名前 🧨 \u0000\u2028'],
  ['lines', 'first\nsecond\r\n\tthird\n'],
  ['control', '\u0007\u0008\u001b[2J\u001b[31mred\u001b[0m\u009b31m\u007f'],
  ['json', '{"level":"error","message":"forged"}\n{"level":"fatal"}'],
  ['templates', '{{ .Values.x }} {{- end }} ${HOME} $(id) `id` %s%n%p </script><script>alert(1)</script>'],
]

let suite: Fixture
let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  suite = await openFixture()
  ;({ testbed, temporal } = suite)
  await testbed.createPool('10.100.0.10-10.100.0.90')
  await suite.start({ flags: ['--log-level=debug'] })
})

/** Every pool of the namespace has a line in the message of a Cluster that finds none. */
afterEach(async () => {
  const clusters = await namesOf('clusters')
  await Promise.all(clusters.map((name) => remove('clusters', name)))
  await Promise.all(clusters.map((name) => testbed.untilCluster(name, (now) => now === undefined)))
  await Promise.all(clusters.map((name) => testbed.untilClaim(`vip-cp-${name}`, (now) => now === undefined)))
  const pools = (await namesOf('inclusterippools')).filter((name) => name !== 'vip-pool')
  await Promise.all(pools.map((name) => remove('inclusterippools', name)))
})

afterAll(() => suite.close())

async function namesOf(plural: Plural): Promise<readonly string[]> {
  const { items } = await testbed.api.send<{ items: readonly { metadata: { name: string } }[] }>({
    method: 'GET',
    path: testbed.path(plural),
  })
  return items.map(({ metadata }) => metadata.name)
}

function idOf(name: string): string {
  return workflowIdFor(testbed.keyOf(name))
}

async function create(plural: Plural, object: object): Promise<void> {
  await testbed.api.send({ method: 'POST', path: testbed.path(plural), body: object })
}

interface ClusterFacts {
  readonly className?: string
  readonly annotations?: Readonly<Record<string, string>>
  readonly variables?: readonly object[]
  readonly paused?: boolean
}

async function createCluster(name: string, facts: ClusterFacts = {}): Promise<void> {
  const { className = 'rke2-cluster-class', annotations, variables, paused } = facts
  const topology = { classRef: { name: className }, version: 'v1.35.4', controlPlane: { replicas: 1 } }
  await create('clusters', {
    apiVersion: 'cluster.x-k8s.io/v1beta2',
    kind: 'Cluster',
    metadata: { name, ...(annotations && { annotations }) },
    spec: { ...(paused && { paused }), topology: { ...topology, ...(variables && { variables }) } },
  })
}

interface PoolFacts {
  readonly labels?: Readonly<Record<string, string>>
  readonly annotations?: Readonly<Record<string, string>>
  readonly addresses?: string
}

/** Deletes an object; one that is gone already is deleted. */
async function remove(plural: Plural, name: string): Promise<void> {
  try {
    await testbed.delete(plural, name)
  } catch (error) {
    if (!(error instanceof ApiError) || error.status !== 404) throw error
  }
}

async function createPool(name: string, facts: PoolFacts): Promise<void> {
  const { labels, annotations, addresses = '10.101.0.1' } = facts
  await create('inclusterippools', {
    apiVersion: 'ipam.cluster.x-k8s.io/v1alpha2',
    kind: 'InClusterIPPool',
    metadata: { name, ...(labels && { labels }), ...(annotations && { annotations }) },
    spec: { addresses: [addresses], prefix: 24 },
  })
}

/** Adds variables to a class, which core takes in a moment later. */
async function addVariables(className: string, variables: readonly object[]): Promise<void> {
  const path = testbed.path('clusterclasses', className)
  const { spec } = await testbed.api.send<{ spec: { variables: readonly object[] } }>({ method: 'GET', path })
  const body = { spec: { variables: [...spec.variables, ...variables] } }
  await testbed.api.send({ method: 'PATCH', path, body, contentType: 'application/merge-patch+json' })
}

/** The Cluster as the API server writes it, byte for byte. */
async function rawCluster(name: string): Promise<string> {
  const { kubectl } = stack.paths
  const args = ['--kubeconfig', stack.kubeconfigPath, 'get', '--raw', testbed.path('clusters', name)]
  return (await promisify(execFile)(kubectl, args, { maxBuffer: 8_000_000 })).stdout
}

/** The entries of `spec.topology.variables` in a Cluster as written, without the brackets. */
function rawVariables(raw: string): string {
  const start = raw.indexOf('"variables":[') + '"variables":['.length
  const end = raw.indexOf('],"version":"v1.35.4"', start)
  return raw.slice(start, end)
}

/** What Cluster API core keeps on a Cluster for its runtime hooks. */
const ofCoreRuntime = 'runtime.cluster.x-k8s.io/'

function annotationsIn(raw: string): Readonly<Record<string, string>> {
  const { metadata } = JSON.parse(raw) as { metadata: { annotations?: Record<string, string> } }
  // Cluster API core adds one of its own as soon as it has what it needs from us.
  const others = Object.entries(metadata.annotations ?? {}).filter(([key]) => !key.startsWith(ofCoreRuntime))
  return Object.fromEntries(others)
}

/** Makes a Cluster that the allocator may not touch yet, then lets it be served: what it held before and after. */
async function served(
  name: string,
  facts: ClusterFacts,
): Promise<{ readonly before: string; readonly after: string; readonly host: string }> {
  await createCluster(name, { ...facts, paused: true })
  const before = await rawCluster(name)
  await testbed.editCluster(name, { paused: null })
  const { host } = (await testbed.untilServed(name)).controlPlaneEndpoint
  return { before, after: await rawCluster(name), host }
}

async function expectAlive(): Promise<void> {
  expect((await fetch(suite.allocator.healthUrl)).status).toBe(200)
  const name = `other-${randomUUID().slice(0, 8)}`
  await testbed.createCluster(name)
  await testbed.untilServed(name)
}

/** What a Cluster that cannot be served is told; it has no claim, and others are served meanwhile. */
async function refusal(
  name: string,
  facts: ClusterFacts,
): Promise<Pick<PendingActivity, 'message' | 'bytes'>> {
  await createCluster(name, facts)
  const failure = await Promise.race([
    temporal.untilPending(idOf(name)),
    testbed
      .untilServed(name)
      .then(({ controlPlaneEndpoint }) => ({ message: '', bytes: 0, ...controlPlaneEndpoint })),
  ])
  expect(failure).toMatchObject({ reason: 'NoMatchingPool' })
  expect(await testbed.claims()).not.toContain(`vip-cp-${name}`)
  return failure
}

describe('names of the greatest length', () => {
  it('of Cluster, class and pool are served', async () => {
    const name = 'c'.repeat(63)
    const className = `l${'.c'.repeat(126)}`
    const poolName = `p${'.l'.repeat(126)}`
    await testbed.createClass(className)
    await createPool(poolName, {
      labels: { [`${prefix}/cluster-class`]: 'true' },
      annotations: { [`${prefix}/cluster-class`]: className },
      addresses: '10.102.0.1',
    })
    await createCluster(name, { className })
    expect(await testbed.hostOf(name)).toBe('10.102.0.1')
    expect(await testbed.untilClaim(`vip-cp-${name}`, (claim) => claim !== undefined)).toMatchObject({
      labels: { 'cluster.x-k8s.io/cluster-name': name, [`${prefix}/role`]: 'control-plane' },
      poolRef: { apiGroup: 'ipam.cluster.x-k8s.io', kind: 'InClusterIPPool', name: poolName },
    })
  })

  it('of a class without a pool are not proposed as a label, which they cannot be', async () => {
    const className = `n${'.c'.repeat(126)}`
    await testbed.createClass(className)
    const { message } = await refusal('long-class', { className })
    expect(message).not.toContain(`${prefix}/cluster-class=${className}`)
  })
})

describe('annotations and variables of others', () => {
  it('of any text, 250 KB together, are the same afterwards, and are not in Temporal', async () => {
    const all = nasty.map(([, text]) => text).join('')
    const annotations = {
      ...Object.fromEntries(nasty.map(([kind, text]) => [`example.com/${kind}`, text])),
      constructor: all,
      a__proto__a: all,
      'example.com/big': 'b'.repeat(250 * 1024),
    }
    const { before, after, host } = await served('nasty', { annotations })
    expect(annotationsIn(after)).toEqual({
      ...annotationsIn(before),
      [`${prefix}/control-plane-vip`]: host,
      [`${prefix}/control-plane-variables-written`]: 'clusterVip',
    })
    expect(annotationsIn(after)).toMatchObject(annotations)
    expect((await textOfRun(temporal.client, idOf('nasty'))).length).toBeLessThan(readableRun)
  })

  it('keep a small number, hostile text, null, what is empty, and keys of JavaScript’s own', async () => {
    const values: readonly (readonly [string, unknown])[] = [
      ['number', 0.1],
      ['string', nasty.map(([, text]) => text).join('')],
      ['object', { a: null, b: 1 }],
      ['object', { a: [null, { b: null }, []], c: {} }],
      ['object', JSON.parse('{"__proto__":{"x":1},"constructor":{"y":2}}')],
      ['object', { a: '', b: [], c: {} }],
    ]
    const declared = values.map(([type], index) =>
      variable(`other${index}`, {
        type,
        ...(type === 'object' && { 'x-kubernetes-preserve-unknown-fields': true }),
      }),
    )
    await classWith('keeping', declared)
    const variables = values.map(([, value], index) => ({ name: `other${index}`, value }))
    const { before, after, host } = await served('keeping', { className: 'keeping', variables })
    // What was stored, for a test that sees a loss in our write only.
    expect(JSON.parse(`[${rawVariables(before)}]`)).toEqual(variables)
    expect(rawVariables(after)).toBe(`${rawVariables(before)},{"name":"clusterVip","value":"${host}"}`)
  })

  it.each([
    // A Cluster takes 1,000, and one is ours.
    {
      what: 'there are as many as a Cluster can have',
      count: 999,
      value: (index: number) => `value ${index}`,
    },
    { what: 'they fill 1.2 MB', count: 4, value: (index: number) => `${index}`.repeat(300_000) },
  ])('are kept when $what', async ({ count, value }) => {
    const className = `of-${count}-variables`
    const names = Array.from({ length: count }, (_, index) => `v${index}`)
    await classWith(
      className,
      names.map((name) => variable(name, { type: 'string' })),
    )
    const variables = names.map((name, index) => ({ name, value: value(index) }))
    const { before, after, host } = await served(className, { className, variables })
    expect(rawVariables(after)).toBe(`${rawVariables(before)},{"name":"clusterVip","value":"${host}"}`)
    expect((await textOfRun(temporal.client, idOf(className))).length).toBeLessThan(readableRun)
  })
})

function variable(name: string, openAPIV3Schema: object): object {
  return { name, required: false, schema: { openAPIV3Schema } }
}

/** A class of its own with variables, that core has taken in, and a pool for it. */
async function classWith(className: string, variables: readonly object[]): Promise<void> {
  await testbed.createClass(className)
  await addVariables(className, variables)
  await createPool(`${className}-pool`, { labels: { [`${prefix}/cluster-class`]: className } })
}

describe('a pool with nonsense in it', () => {
  const nonsense: readonly (readonly [Omit<PoolFacts, 'addresses'>, readonly string[]])[] = [
    [{ labels: { [`${prefix}/role`]: 'banana' } }, ['role is "banana"', 'control-plane or ingress']],
    [
      { annotations: { [`${prefix}/priority`]: `1${'0'.repeat(400)}` } },
      ['priority is "1000', 'expected an integer'],
    ],
  ]

  it('is not chosen, and the message names it, the value and what was expected', async () => {
    const className = 'nonsense'
    await testbed.createClass(className)
    for (const [index, [pool]] of nonsense.entries()) {
      await createPool(`nonsense-${index}`, {
        ...pool,
        labels: { [`${prefix}/cluster-class`]: className, ...pool.labels },
      })
    }
    const closed = await testbed.createPool('10.101.1.1', {
      name: 'commas',
      className,
      kind: 'GlobalInClusterIPPool',
      annotations: { [`${prefix}/namespaces`]: ' ,,, ,' },
    })
    const { message } = await refusal(className, { className })
    expect(message).toContain(`GlobalInClusterIPPool/${closed}: is closed to namespace ${testbed.namespace}`)
    for (const [index, [, words]] of nonsense.entries()) {
      for (const word of [`InClusterIPPool/nonsense-${index}`, ...words]) expect(message).toContain(word)
    }
    await expectAlive()
  })

  it('(annotations of 250 KB) is named in few words', async () => {
    const className = `verbose-${randomUUID().slice(0, 8)}`
    await testbed.createClass(className)
    const big = 'p'.repeat(250 * 1024)
    await createPool(`${className}-priority`, {
      labels: { [`${prefix}/cluster-class`]: className },
      annotations: { [`${prefix}/priority`]: big },
    })
    await createPool(`${className}-role`, {
      labels: { [`${prefix}/cluster-class`]: className },
      annotations: { [`${prefix}/role`]: big },
    })
    await createPool(`${className}-class`, {
      labels: { [`${prefix}/cluster-class`]: 'true' },
      annotations: { [`${prefix}/cluster-class`]: big },
    })
    const { message, bytes } = await refusal(className, { className })
    expect(message).toContain('expected an integer')
    expect(bytes).toBeLessThan(readableFailure)
  })

  it('(ten pools with annotations of 250 KB) does not keep a good one, the last of 10,000 in its list, from serving', async () => {
    const className = 'crowded-class'
    await testbed.createClass(className)
    const names = Array.from({ length: 10 }, (_, index) => `crowd-${index}`)
    await Promise.all(
      names.map((name) =>
        createPool(name, {
          labels: { [`${prefix}/cluster-class`]: 'true' },
          annotations: { [`${prefix}/cluster-class`]: 'q'.repeat(250 * 1024) },
        }),
      ),
    )
    const list = [...Array.from({ length: 10_000 }, (_, index) => `c-${index}`), className].join(',')
    await createPool('crowded-pool', {
      labels: { [`${prefix}/cluster-class`]: 'true' },
      annotations: { [`${prefix}/cluster-class`]: list },
      addresses: '10.104.0.1',
    })
    await createCluster('crowded', { className })
    const handle = temporal.client.workflow.getHandle(idOf('crowded'))
    const outcome = await eventually('the run to end, or to fail in a step', async () => {
      const { status, raw } = await handle.describe()
      return status.name === 'RUNNING'
        ? (raw.pendingActivities?.[0]?.lastFailure?.message ?? undefined)
        : status.name
    })
    expect(outcome).toBe('COMPLETED')
    expect(await testbed.hostOf('crowded')).toBe('10.104.0.1')
    expect(JSON.stringify(await handle.query('status')).length).toBeLessThan(readableFailure)
    expect((await textOfRun(temporal.client, idOf('crowded'))).length).toBeLessThan(readableRun)
  })
})

describe('a Cluster that names its pool', () => {
  const key = `${prefix}/control-plane-pool`

  it.each([
    ['by the name of one with more behind it', 'InClusterIPPool/vip-pool/more'],
    ['by a way to one', 'InClusterIPPool/../vip-pool'],
  ])('%s is told that there is none, with its word and the annotation', async (_, text) => {
    const { message } = await refusal(`explicit-${randomUUID().slice(0, 8)}`, {
      annotations: { [key]: text },
    })
    expect(message).toContain(text)
    expect(message).toContain(key)
  })

  it('by hostile text of 250 KB is told so in few words, in one line, without control characters', async () => {
    const text = nasty
      .map(([, each]) => each)
      .join('')
      .padEnd(250 * 1024, 'e')
    const { message, bytes } = await refusal('explicit-nasty', { annotations: { [key]: text } })
    expect(message).toContain(key)
    expect(message).not.toMatch(/\p{Cc}/u)
    expect(bytes).toBeLessThan(readableFailure)
  })
})

describe('the program', () => {
  it('is alive and ready after all of that, with metrics of a readable size', async () => {
    await expectAlive()
    expect((await fetch(suite.allocator.readyUrl)).status).toBe(200)
    expect((await (await fetch(suite.allocator.metricsUrl)).text()).length).toBeLessThan(1_000_000)
    expect(suite.allocator.outcome()).toBeUndefined()
  })
})
