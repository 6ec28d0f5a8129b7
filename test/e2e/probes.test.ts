import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { once } from 'node:events'
import { createServer, type AddressInfo, type Server } from 'node:net'
import { workflowIdFor, type AllocationStatus } from '../../src/workflows/contract.ts'
import { inUseAnswerOf } from '../../src/domain/model/ip-address.ts'
import { openSilentPort, type SilentPort } from '../support/silent-port.ts'
import { openFixtureWithAllocator, type Fixture } from './fixture.ts'

/** Two addresses of this machine: something answers at one, and nothing at the other. */
const [used, free] = ['127.0.9.10', '127.0.9.11']
const className = 'probed-class'

let suite: Fixture
let server: Server
let silent: SilentPort
let port: number

beforeAll(async () => {
  server = createServer((socket) => socket.end()).listen(0, used)
  await once(server, 'listening')
  port = (server.address() as AddressInfo).port
  silent = await openSilentPort(free, port)
  suite = await openFixtureWithAllocator()
  await suite.testbed.createClass(className)
})

afterAll(async () => {
  server.close()
  await silent.close()
  await suite.close()
})

/** Lets the pool have these addresses, and probe them. Resolves when its provider has counted. */
async function createProbedPool(name: string, annotations: Readonly<Record<string, string>>): Promise<void> {
  const { testbed } = suite
  await testbed.createPool(used, { name, className, annotations })
  await testbed.patch(testbed.path('inclusterippools', name), { spec: { addresses: [used, free] } })
  await testbed.untilPool(name, (pool) => pool?.capacity?.total === 2)
}

describe('a pool that has its addresses probed', () => {
  it('gives a Cluster none that something answers at, keeps that one from everybody, and says why', async () => {
    const { testbed, temporal } = suite
    await createProbedPool('probed', { 'vip.capi.gorizond.io/probe-ports': `${port}` })
    await testbed.createCluster('probed', { className })
    expect(await testbed.hostOf('probed')).toBe(free)

    const reserved = (await testbed.ipAddresses()).find(({ name }) => name === `vip-reserved-probed-${used}`)
    expect(reserved && inUseAnswerOf(reserved)).toMatch(`tcp/${port} accepted a connection at `)
    const run = temporal.client.workflow.getHandle(workflowIdFor(testbed.keyOf('probed')))
    await run.result()
    const { roles } = await run.query<AllocationStatus>('status')
    expect(roles['control-plane']?.duplicates).toEqual([
      `${used} is in use outside of the management cluster, since tcp/${port} accepted a connection; it stays reserved, and the next one is tried`,
    ])
    expect(await suite.print('status', '--problems')).toContain('AddressInUse')
  })

  it('gives it to the next one as soon as a person says that nobody has it', async () => {
    const { testbed } = suite
    await testbed.createCluster('waiting', { className })
    await testbed.untilCluster(
      'waiting',
      (cluster) => cluster?.conditions.some(({ reason }) => reason === 'PoolExhausted') === true,
    )
    const would = await suite.print('release', used, '--dry-run')
    expect(would).toMatch(
      new RegExp(
        `^${used} would be released; it was kept out of use, since tcp/${port} accepted a connection at `,
      ),
    )
    expect(await suite.print('release', used)).toContain(`${used} is released`)
    expect(await testbed.hostOf('waiting')).toBe(used)
    const pool = await testbed.untilPool('probed', (now) => now !== undefined)
    expect(pool?.annotations['vip.capi.gorizond.io/probe-except']).toBe(used)
  })
})
