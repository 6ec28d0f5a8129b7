import { randomBytes } from 'node:crypto'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'

import type { TemporalAddress } from './connection.ts'
import type { PartDefinition } from './part.ts'
import type { PartSet } from './part-set.ts'
import { freePort } from './ports.ts'
import { type PostgresqlAccess, preparePostgresql } from './postgresql.ts'
import type { Program } from './program-list.ts'
import { type Progress, timed } from './progress.ts'
import { runCommand } from './run-command.ts'
import { answers, temporalNamespace, withoutUserSettings } from './temporal.ts'

/** The programs of a Temporal server on PostgreSQL. */
export const temporalServerPrograms = ['postgres', 'temporal-server', 'temporal-sql-tool'] as const

/** The same set-up as in docker-compose.yml; a test compares the two. */
export const temporalServerSetup = {
  plugin: 'postgres12',
  numHistoryShards: 4,
  retention: '7d',
  dynamicConfigPath: join(import.meta.dirname, '../../deploy/temporal/dynamic-config.yaml'),
  databases: [
    { name: 'temporal', schema: 'postgresql/v12/temporal' },
    { name: 'temporal_visibility', schema: 'postgresql/v12/visibility' },
  ],
} as const

const host = '127.0.0.1'
const [defaultDatabase, visibilityDatabase] = temporalServerSetup.databases

/** Ports of one of the server's services, which share one process. */
export interface ServicePorts {
  readonly grpc: number
  readonly membership: number
}

/** The services, by the server's names. */
export type ServiceName = 'frontend' | 'history' | 'matching' | 'worker'

/**
 * Starts PostgreSQL with an empty database, creates Temporal's schema in it, and starts the server as the part
 * `temporal`, with the namespace.
 *
 * @throws Error that names the failed step, with the end of its output
 */
export async function startTemporalServer(options: {
  readonly parts: PartSet<'postgresql' | 'temporal'>
  readonly programs: Readonly<Record<(typeof temporalServerPrograms)[number] | 'temporal', Program>>
  readonly port: number
  readonly progress: Progress
}): Promise<TemporalAddress> {
  const { parts, programs, port, progress } = options
  const { runDirectory } = parts
  const access: PostgresqlAccess = {
    host,
    port: await freePort(),
    user: 'temporal',
    password: randomBytes(16).toString('hex'),
  }
  const database = await timed(
    progress,
    { during: 'postgresql: making its database', after: 'postgresql: database made' },
    () => preparePostgresql({ program: programs.postgres.path, runDirectory, access }),
  )
  await parts.start('postgresql', database)
  await timed(
    progress,
    { during: 'temporal: making its schema', after: 'temporal: schema made' },
    async () => {
      const sqlTool = programs['temporal-sql-tool'].path
      for (const { name, schema } of temporalServerSetup.databases) {
        await makeSchema({ sqlTool, runDirectory, access, name, schema })
      }
    },
  )
  const ports = await servicePorts(port)
  await parts.start(
    'temporal',
    temporalServerPart({ program: programs['temporal-server'].path, runDirectory, ports, access }),
  )
  const address = `${host}:${port}`
  await createNamespace(programs.temporal.path, runDirectory, address)
  return { address, namespace: temporalNamespace }
}

async function servicePorts(frontend: number): Promise<Record<ServiceName, ServicePorts>> {
  return {
    frontend: { grpc: frontend, membership: await freePort() },
    history: { grpc: await freePort(), membership: await freePort() },
    matching: { grpc: await freePort(), membership: await freePort() },
    worker: { grpc: await freePort(), membership: await freePort() },
  }
}

async function makeSchema(options: {
  readonly sqlTool: string
  readonly runDirectory: string
  readonly access: PostgresqlAccess
  readonly name: string
  readonly schema: string
}): Promise<void> {
  const { access } = options
  const run = (...args: readonly string[]): Promise<string> =>
    runCommand({
      command: options.sqlTool,
      args: [
        `--plugin=${temporalServerSetup.plugin}`,
        `--endpoint=${access.host}`,
        `--port=${access.port}`,
        `--user=${access.user}`,
        `--database=${options.name}`,
        ...args,
      ],
      cwd: options.runDirectory,
      env: { SQL_PASSWORD: access.password },
    })
  await run('create-database')
  await run('setup-schema', '--version=0.0')
  await run('update-schema', `--schema-name=${options.schema}`)
}

function temporalServerPart(options: {
  readonly program: string
  readonly runDirectory: string
  readonly ports: Readonly<Record<ServiceName, ServicePorts>>
  readonly access: PostgresqlAccess
}): PartDefinition {
  const configurationPath = join(options.runDirectory, 'temporal-server.yaml')
  // JSON is YAML.
  writeFileSync(configurationPath, JSON.stringify(serverConfiguration(options), undefined, 2), {
    mode: 0o600,
  })
  return {
    name: 'temporal',
    command: options.program,
    args: [`--config-file=${configurationPath}`, '--allow-no-auth', 'start'],
    // The version check would contact a server on the internet.
    env: { TEMPORAL_VERSION_CHECK_DISABLED: 'true' },
    logPath: join(options.runDirectory, 'temporal.log'),
    isReady: () => answers(`${host}:${options.ports.frontend.grpc}`),
    readyWithinMs: 60_000,
  }
}

/** The server's configuration file, as the image in docker-compose.yml generates it from its variables. */
export function serverConfiguration({
  ports,
  access,
}: {
  readonly ports: Readonly<Record<ServiceName, ServicePorts>>
  readonly access: PostgresqlAccess
}): object {
  const rpc = ({ grpc, membership }: ServicePorts): object => ({
    rpc: { grpcPort: grpc, membershipPort: membership, bindOnIP: host },
  })
  // Connection limits are the image's defaults.
  const database = (databaseName: string, connections: number): object => ({
    sql: {
      pluginName: temporalServerSetup.plugin,
      databaseName,
      connectAddr: `${access.host}:${access.port}`,
      connectProtocol: 'tcp',
      user: access.user,
      password: access.password,
      maxConns: connections,
      maxIdleConns: connections,
      maxConnLifetime: '1h',
    },
  })
  return {
    log: { stdout: true, level: 'warn' },
    persistence: {
      numHistoryShards: temporalServerSetup.numHistoryShards,
      defaultStore: 'default',
      visibilityStore: 'visibility',
      datastores: {
        default: database(defaultDatabase.name, 20),
        visibility: database(visibilityDatabase.name, 10),
      },
    },
    global: { membership: { maxJoinDuration: '30s', broadcastAddress: host } },
    services: {
      frontend: rpc(ports.frontend),
      history: rpc(ports.history),
      matching: rpc(ports.matching),
      worker: rpc(ports.worker),
    },
    clusterMetadata: {
      enableGlobalNamespace: false,
      failoverVersionIncrement: 10,
      masterClusterName: 'active',
      currentClusterName: 'active',
      clusterInformation: {
        active: {
          enabled: true,
          initialFailoverVersion: 1,
          rpcName: 'frontend',
          rpcAddress: `${host}:${ports.frontend.grpc}`,
        },
      },
    },
    dcRedirectionPolicy: { policy: 'noop' },
    dynamicConfigClient: { filepath: temporalServerSetup.dynamicConfigPath, pollInterval: '60s' },
  }
}

async function createNamespace(cli: string, cwd: string, address: string): Promise<void> {
  await runCommand({
    command: cli,
    args: [
      'operator',
      'namespace',
      'create',
      `--namespace=${temporalNamespace}`,
      `--retention=${temporalServerSetup.retention}`,
      `--address=${address}`,
      ...withoutUserSettings,
    ],
    cwd,
  })
}
