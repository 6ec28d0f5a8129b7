import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { defineSearchAttributeKey } from '@temporalio/common'
import { readSearchAttributes, registerSearchAttributes } from '../../src/commands/search-attributes.ts'
import { searchAttributeNames, searchAttributes } from '../../src/domain/search-attributes.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { createTemporalNamespace, type TemporalNamespace } from './temporal-namespace.ts'

const { stack } = realParts()

let connection: Connection
let namespace: TemporalNamespace

beforeAll(async () => {
  connection = await Connection.connect({ address: stack.temporal.address })
  namespace = await createTemporalNamespace(stack)
})

afterAll(async () => {
  await connection.close()
  await namespace.close()
})

describe('the search attributes', () => {
  it('are registered where they are missing, and left alone where one has another type', async () => {
    await namespace.temporal('operator', 'search-attribute', 'create', '--name=VipPool', '--type=Text')
    await eventually('VipPool to be registered', async () => {
      const { VipPool } = await readSearchAttributes(connection, namespace.name)
      return VipPool
    })

    const registered = await registerSearchAttributes(connection, namespace.name)

    expect(registered).toEqual(searchAttributeNames.filter((name) => name !== 'VipPool'))
    expect(await readSearchAttributes(connection, namespace.name)).toEqual({
      ...searchAttributes,
      VipPool: 'TEXT',
    })
    expect(await registerSearchAttributes(connection, namespace.name)).toEqual([])
  })

  it('can be set by a run and searched for', async () => {
    const client = new Client({ connection, namespace: namespace.name })
    const VipAddress = defineSearchAttributeKey('VipAddress', searchAttributes.VipAddress)
    await eventually('a run to be started with an address', () =>
      client.workflow.start('nobodyRunsThis', {
        workflowId: 'searched-for',
        taskQueue: 'nobody-polls-this',
        typedSearchAttributes: [{ key: VipAddress, value: ['10.0.0.12', 'fd00::12'] }],
      }),
    )

    const found = await eventually('the run to be found by its address', async () => {
      for await (const run of client.workflow.list({ query: 'VipAddress = "10.0.0.12"' })) return run
      return undefined
    })

    expect(found.workflowId).toBe('searched-for')
    await client.workflow.getHandle('searched-for').terminate()
  })
})
