import { existsSync } from 'node:fs'

import { describe, expect, it } from '@jest/globals'

import { serverConfiguration, temporalServerSetup } from './temporal-server.ts'
import { parseTemporalStore } from './temporal-store.ts'

const access = { host: '127.0.0.1', port: 9, user: 'temporal', password: 'secret' }
const ports = {
  frontend: { grpc: 1, membership: 2 },
  history: { grpc: 3, membership: 4 },
  matching: { grpc: 5, membership: 6 },
  worker: { grpc: 7, membership: 8 },
}

describe('serverConfiguration', () => {
  const configuration = serverConfiguration({ ports, access })

  it('keeps workflows and what is listed of them in databases of one PostgreSQL', () => {
    const database = {
      pluginName: 'postgres12',
      connectAddr: '127.0.0.1:9',
      user: 'temporal',
      password: 'secret',
    }

    expect(configuration).toMatchObject({
      persistence: {
        numHistoryShards: 4,
        defaultStore: 'default',
        visibilityStore: 'visibility',
        datastores: {
          default: { sql: { ...database, databaseName: 'temporal' } },
          visibility: { sql: { ...database, databaseName: 'temporal_visibility' } },
        },
      },
    })
  })

  it('has all services listen on loopback, each on ports of its own', () => {
    const bindOnIP = '127.0.0.1'

    expect(configuration).toMatchObject({
      services: {
        frontend: { rpc: { grpcPort: 1, membershipPort: 2, bindOnIP } },
        history: { rpc: { grpcPort: 3, membershipPort: 4, bindOnIP } },
        matching: { rpc: { grpcPort: 5, membershipPort: 6, bindOnIP } },
        worker: { rpc: { grpcPort: 7, membershipPort: 8, bindOnIP } },
      },
      clusterMetadata: { clusterInformation: { active: { rpcAddress: '127.0.0.1:1' } } },
    })
  })

  it('reads the dynamic configuration that is deployed', () => {
    const { dynamicConfigPath } = temporalServerSetup

    expect(configuration).toMatchObject({ dynamicConfigClient: { filepath: dynamicConfigPath } })
    expect(dynamicConfigPath).toMatch(/\/deploy\/temporal\/dynamic-config\.yaml$/)
    expect(existsSync(dynamicConfigPath)).toBe(true)
  })
})

describe('parseTemporalStore', () => {
  it('knows the stores, and says which there are of any other', () => {
    expect(parseTemporalStore('postgresql')).toBe('postgresql')
    expect(() => parseTemporalStore('mysql')).toThrow(
      '--temporal-store=mysql is no store, expected sqlite or postgresql',
    )
  })
})
