import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { runCommand } from '../../dev/stack/run-command.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()

let suite: Fixture
let testbed: Testbed
let deploymentName: string

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  deploymentName = `vips-${testbed.namespace}`
  await testbed.createClassWithPool('wv', '10.188.0.10-10.188.0.19')
  await startVersion('b1')
})

afterAll(() => suite.close())

async function startVersion(buildId: string): Promise<void> {
  const env = { TEMPORAL_DEPLOYMENT_NAME: deploymentName, TEMPORAL_WORKER_BUILD_ID: buildId }
  await suite.start({ env })
}

/** Temporal knows a version as soon as a Worker has polled for it. */
async function makeCurrent(buildId: string): Promise<void> {
  const { address, namespace } = stack.temporal
  await eventually(`version ${buildId} to be the current one`, () =>
    runCommand({
      command: stack.paths.temporal,
      args: [
        ...['worker', 'deployment', 'set-current-version', '--yes'],
        ...[`--deployment-name=${deploymentName}`, `--build-id=${buildId}`],
        ...[`--address=${address}`, `--namespace=${namespace}`],
      ],
      cwd: stack.runDirectory,
    }),
  )
}

interface Run {
  readonly runId: string
  readonly status: string
  readonly behavior: string | number | null | undefined
  readonly buildId: string | null | undefined
}

async function runOf(name: string): Promise<Run> {
  const handle = suite.temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf(name)))
  const { runId, status, raw } = await handle.describe()
  const { behavior, deploymentVersion } = raw.workflowExecutionInfo?.versioningInfo ?? {}
  return { runId, status: status.name, behavior, buildId: deploymentVersion?.buildId }
}

/** The VIP is there a moment before its run has ended. */
function completed(name: string): Promise<Run> {
  return eventually('the end of the run', async () => {
    const run = await runOf(name)
    return run.status === 'COMPLETED' ? run : undefined
  })
}

/** Number of the behavior in Temporal's protocol. */
const autoUpgrade = 2

describe('Workers with a version', () => {
  it('serve a Cluster as soon as their version is the current one, and not before', async () => {
    await testbed.createCluster('wv-first', { className: 'wv-class' })
    const waiting = await eventually('the run', () => runOf('wv-first'))
    await makeCurrent('b1')

    expect(await testbed.hostOf('wv-first')).toBe('10.188.0.10')
    // No Worker had taken it before it belonged to a version.
    expect(waiting).toMatchObject({ status: 'RUNNING' })
    expect(waiting.buildId ?? '').toBe('')
    expect(await completed('wv-first')).toMatchObject({
      runId: waiting.runId,
      behavior: autoUpgrade,
      buildId: 'b1',
    })
  })

  it('take over waiting runs when their version becomes the current one', async () => {
    await testbed.createClass('wv-later')
    await testbed.createCluster('wv-waiting', { className: 'wv-later' })
    const cluster = testbed.keyOf('wv-waiting')
    await suite.temporal.untilPending(cluster, { reason: 'NoMatchingPool' })
    const before = await runOf('wv-waiting')
    const former = suite.allocator

    await startVersion('b2')
    await makeCurrent('b2')
    await former.stop()
    await testbed.createPool('10.188.1.10', { name: 'wv-later', className: 'wv-later' })

    expect(await testbed.hostOf('wv-waiting')).toBe('10.188.1.10')
    expect(before.buildId).toBe('b1')
    expect(await completed('wv-waiting')).toMatchObject({ runId: before.runId, buildId: 'b2' })
  })
})
