import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { startStack, type Stack } from '../stack/stack.ts'
import { viewTemporal, type TemporalView } from '../../test/e2e/temporal.ts'
import { openWorld, type World } from '../../test/e2e/world.ts'
import { eventually } from '../../test/support/eventually.ts'
import { clusterFacts } from './invariants/facts.ts'
import { openRecorder, type Recorder } from './recorder.ts'

// Its own stack: the shared one must not lose its parts.
let stack: Stack
let world: World
let temporal: TemporalView
let recorder: Recorder

beforeAll(async () => {
  stack = await startStack({ clusterApiCore: false, progress: () => undefined })
  world = await openWorld(stack.connection)
  temporal = await viewTemporal(stack.connection)
  recorder = await openRecorder({
    stack: stack.connection,
    temporal: temporal.client,
    namespaces: [world.namespace],
  })
})

afterAll(async () => {
  try {
    await world.close()
    await recorder.close()
    await temporal.close()
  } finally {
    await stack.stop()
  }
})

it('a recorder goes on when the API server was killed and started again', async () => {
  await world.createCluster('before')
  const before = await recorder.snapshot()
  expect(before.clusters.map((cluster) => clusterFacts(cluster).name)).toEqual(['before'])
  await stack.part('kube-apiserver').kill()
  await eventually('the watches to break', () => Promise.resolve(recorder.isWatching() ? undefined : true))
  await stack.part('kube-apiserver').start()
  await world.createCluster('after')
  await world.deleteCluster('before')
  const after = await recorder.snapshot()
  expect(after.clusters.map((cluster) => clusterFacts(cluster).name)).toEqual(['after'])
  const seen = recorder
    .sightings()
    .filter(({ kind }) => kind === 'Cluster')
    .map(({ object, isGone }) => `${clusterFacts(object).name}${isGone ? ' gone' : ''}`)
  expect([...new Set(seen)].toSorted()).toEqual(['after', 'before', 'before gone'])
})
