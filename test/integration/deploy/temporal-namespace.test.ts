import { afterAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { dirname } from 'node:path'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { eventually } from '../../support/eventually.ts'
import { realParts } from '../../support/real-parts.ts'
import { composeScript, composeService, root } from './support.ts'

describe('the namespace set-up of docker-compose.yml', () => {
  const namespace = `compose-${randomBytes(4).toString('hex')}`

  afterAll(async () => {
    // The part of the server that deletes namespaces learns of a new one a little later than the others.
    await eventually('the namespace to be deleted', () =>
      temporal(['operator', 'namespace', 'delete', '--yes']),
    )
  })

  /** The service's own script, against the running server instead of the one in the container network. */
  async function setUp(): Promise<string> {
    const { stack } = realParts()
    const { environment = {} } = composeService('temporal-namespace')
    return runCommand({
      command: '/bin/sh',
      args: ['-euc', composeScript('temporal-namespace')],
      cwd: root,
      env: {
        ...Object.fromEntries(Object.entries(environment).map(([name, value]) => [name, String(value)])),
        TEMPORAL_ADDRESS: stack.temporal.address,
        TEMPORAL_NAMESPACE: namespace,
        PATH: `${dirname(stack.paths.temporal)}:${process.env['PATH']}`,
      },
    })
  }

  async function temporal(args: readonly string[]): Promise<string> {
    const { stack } = realParts()
    return runCommand({
      command: stack.paths.temporal,
      args: [...args, '--address', stack.temporal.address, '--namespace', namespace],
      cwd: root,
    })
  }

  it('creates the namespace with a week of retention, and leaves it alone the next time', async () => {
    const first = await setUp()
    const second = await setUp()
    const described = await temporal(['operator', 'namespace', 'describe', '--output', 'json'])

    expect(first).toContain(`Namespace ${namespace} successfully registered.`)
    expect(second).not.toContain('registered.')
    expect(JSON.parse(described)).toMatchObject({
      namespaceInfo: { name: namespace },
      config: { workflowExecutionRetentionTtl: '604800s' },
    })
  })
})
