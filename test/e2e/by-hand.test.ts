import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import type { Testbed } from './testbed.ts'

const { stack, tctl } = realParts()

let suite: Fixture
let testbed: Testbed

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  await testbed.createPool('10.40.0.10-10.40.0.20')
  await suite.start({ command: 'worker' })
})

afterAll(() => suite.close())

/** Runs a command line program against the stack's Temporal; standard output and exit code. */
async function run(
  program: string,
  ...args: string[]
): Promise<{ readonly output: string; readonly code: number }> {
  const address = stack.temporal.address
  const all =
    program === tctl ? ['--address', address, '--ns', 'default', ...args] : [...args, '--address', address]
  try {
    const { stdout, stderr } = await promisify(execFile)(program, all)
    return { output: stdout + stderr, code: 0 }
  } catch (error) {
    const {
      stdout = '',
      stderr = '',
      code = 1,
    } = error as { stdout?: string; stderr?: string; code?: number }
    return { output: stdout + stderr, code }
  }
}

describe('without a watcher', () => {
  it('tctl runs an allocation, shows it, asks it and lists it', async () => {
    await testbed.createCluster('by-tctl')
    const workflowId = `allocate-vip/${testbed.namespace}/by-tctl`
    const input = JSON.stringify(testbed.keyOf('by-tctl'))

    const started = await run(
      tctl,
      ...['workflow', 'run', '--taskqueue', suite.taskQueue, '--workflow_type', 'allocateVip'],
      ...['--workflow_id', workflowId, '--input', input],
    )
    expect(started.output).toContain('10.40.0.10')
    expect((await testbed.untilServed('by-tctl')).controlPlaneEndpoint).toEqual({
      host: '10.40.0.10',
      port: 6443,
    })

    expect((await run(tctl, 'workflow', 'show', '-w', workflowId)).output).toContain('selectIPPool')
    const asked = await run(tctl, 'workflow', 'query', '-w', workflowId, '-qt', 'status')
    expect(asked.output).toContain('"phase":"Done"')
    expect((await run(tctl, 'workflow', 'list', '--query', `WorkflowId = "${workflowId}"`)).output).toContain(
      'allocateVip',
    )
  })

  it('temporal does the same', async () => {
    await testbed.createCluster('by-temporal')
    const workflowId = `allocate-vip/${testbed.namespace}/by-temporal`
    const input = JSON.stringify(testbed.keyOf('by-temporal'))
    const { temporal } = stack.paths

    const executed = await run(
      temporal,
      ...['workflow', 'execute', '--task-queue', suite.taskQueue, '--type', 'allocateVip'],
      ...['--workflow-id', workflowId, '--input', input, '--output', 'json'],
    )
    expect(JSON.parse(executed.output)).toMatchObject({
      status: 'COMPLETED',
      result: { roles: { 'control-plane': { outcome: 'allocated', address: '10.40.0.11', port: 6443 } } },
    })
    const shown = await run(temporal, 'workflow', 'show', '-w', workflowId, '--output', 'json')
    // All four steps got on within one workflow task.
    expect(shown.output.match(/"core_local_activity"/g)).toHaveLength(1)
    const asked = await run(temporal, 'workflow', 'query', '-w', workflowId, '--name', 'status')
    expect(asked.output).toContain('"phase":"Done"')
    const described = await run(temporal, 'workflow', 'describe', '-w', workflowId)
    expect(described.output).toContain('Completed'.toUpperCase())
  })

  it('a run under any other id is just as safe', async () => {
    await testbed.createCluster('twice')
    const input = JSON.stringify(testbed.keyOf('twice'))
    const execute = (workflowId: string): ReturnType<typeof run> =>
      run(
        stack.paths.temporal,
        ...['workflow', 'execute', '--task-queue', suite.taskQueue, '--type', 'allocateVip'],
        ...['--workflow-id', workflowId, '--input', input, '--output', 'json'],
      )
    const results = await Promise.all([execute(randomUUID()), execute(randomUUID())])
    const { host } = (await testbed.untilServed('twice')).controlPlaneEndpoint
    for (const { output } of results) {
      expect(JSON.parse(output)).toMatchObject({ result: { roles: { 'control-plane': { address: host } } } })
    }
    expect(await testbed.claims()).toContain('vip-cp-twice')
  })

  it('a wrong argument is refused at once, with what was expected', async () => {
    const refused = await run(
      tctl,
      ...['workflow', 'run', '--taskqueue', suite.taskQueue, '--workflow_type', 'allocateVip'],
      ...['--workflow_id', randomUUID(), '--input', '"clusters/demo"'],
    )
    expect(refused.output).toContain('expected one JSON object')
  })
})
