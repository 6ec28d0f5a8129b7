import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { temporalServerSetup } from '../../../dev/stack/temporal-server.ts'
import { temporalNamespace } from '../../../dev/stack/temporal.ts'
import { parseInvocation } from '../../../src/command-line/parse-invocation.ts'
import {
  allocatorContainer,
  composeFile,
  composeScript,
  composeService,
  packageVersion,
  root,
  textOf,
} from './support.ts'

describe('docker-compose.yml', () => {
  let directory: string
  let composeSpec: string

  beforeAll(async () => {
    directory = await mkdtemp(join(tmpdir(), 'capi-vip-allocator-compose-'))
    composeSpec = join(directory, 'compose-spec')
    await runCommand({
      command: 'go',
      args: ['build', '-o', composeSpec, 'github.com/compose-spec/compose-go/v2/cmd'],
      cwd: join(root, 'dev/go/compose-spec'),
      env: { GOWORK: 'off', GOFLAGS: '-mod=readonly' },
    })
  }, 600_000)

  afterAll(async () => {
    await rm(directory, { recursive: true, force: true })
  })

  /** What the specification's own program makes of a compose file that stands where ours does. */
  async function check(text: string): Promise<string> {
    const path = join(directory, 'docker-compose.yml')
    await writeFile(path, text)
    return runCommand({ command: composeSpec, args: ['--format', 'json', path], cwd: root })
  }

  it('is what the Compose specification asks for', async () => {
    const model: unknown = JSON.parse(await check(textOf('docker-compose.yml')))

    expect(model).toMatchObject({ services: { allocator: { build: { context: expect.any(String) } } } })
  })

  it.each([
    ['a misspelt key', 'healthcheck:', 'healtcheck:', 'services.postgres.healtcheck false schema'],
    ['a value of another type', 'restart: unless-stopped', 'restart: [always]', 'restart must be a string'],
  ])('is refused with %s', async (_fault, from, to, words) => {
    const text = textOf('docker-compose.yml')
    expect(text).toContain(from)

    await expect(check(text.replace(from, to))).rejects.toThrow(words)
  })

  it('lets services wait for services that there are', () => {
    const { services } = composeFile()
    const awaited = Object.values(services).flatMap(({ depends_on = {} }) => Object.keys(depends_on))

    expect(Object.keys(services)).toEqual(expect.arrayContaining(awaited))
  })

  it('pins every image to one version', () => {
    const images = Object.values(composeFile().services).map(({ image }) => image)

    for (const image of images) expect(image).toMatch(/^[a-z][a-z/-]*:\d+(\.\d+){1,2}$/)
    expect(composeService('temporal-schema').image.split(':')[1]).toBe(
      composeService('temporal').image.split(':')[1],
    )
    expect(composeService('temporal-namespace').image).toBe(composeService('temporal-schema').image)
    expect(composeService('allocator').image.split(':')[1]).toBe(packageVersion())
  })

  it('has a health check for every service that stays, and none that restarts after its one task', () => {
    for (const [name, { healthcheck, restart }] of Object.entries(composeFile().services)) {
      const oneShot = ['temporal-schema', 'temporal-namespace'].includes(name)
      expect({ name, hasHealthCheck: healthcheck !== undefined, restart }).toEqual({
        name,
        hasHealthCheck: !oneShot,
        restart: oneShot ? 'no' : 'unless-stopped',
      })
    }
  })

  it('publishes every port on the own machine only, and none of them twice', () => {
    const ports = Object.values(composeFile().services).flatMap((service) => service.ports ?? [])

    for (const port of ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/)
    expect(new Set(ports.map((port) => port.split(':')[1])).size).toBe(ports.length)
  })

  it('gives the allocator flags and variables that it knows, and ports that it publishes', () => {
    const { command = [], environment = {}, ports = [], healthcheck } = composeService('allocator')

    const invocation = parseInvocation(command, environment as NodeJS.ProcessEnv)

    if (invocation.show !== undefined) throw new Error('expected a command to run')
    const { metricsAddress, healthProbeAddress, kubeconfig } = invocation.config
    expect(new Set(ports.map((port) => Number(port.split(':')[2])))).toEqual(
      new Set([metricsAddress?.port, healthProbeAddress?.port]),
    )
    expect(healthcheck?.test.join(' ')).toContain(`http://127.0.0.1:${healthProbeAddress?.port}/healthz`)
    expect(textOf('docker-compose.yml')).toContain(`target: ${kubeconfig}`)
  })

  it('names only variables of the allocator that it reads', () => {
    const ours = Object.keys(composeService('allocator').environment ?? {})
    const known = textOf('src/config.ts')

    for (const name of ours.filter((variable) => variable.startsWith('CAPI_VIP_ALLOCATOR_'))) {
      const flag = name.replace('CAPI_VIP_ALLOCATOR_', '').toLowerCase().replaceAll('_', '-')
      expect(known).toContain(`name: '${flag}'`)
    }
  })

  it('sends allocator, UI and namespace set-up to the same Temporal as the Deployment names by variable', () => {
    const addresses = ['allocator', 'temporal-ui', 'temporal-namespace'].map(
      (name) => composeService(name).environment?.['TEMPORAL_ADDRESS'],
    )
    const namespaces = ['allocator', 'temporal-namespace'].map(
      (name) => composeService(name).environment?.['TEMPORAL_NAMESPACE'],
    )

    expect(new Set(addresses)).toEqual(new Set(['temporal:7233']))
    expect(new Set(namespaces).size).toBe(1)
    expect(allocatorContainer().env.map(({ name }) => name)).toEqual([
      'TEMPORAL_ADDRESS',
      'TEMPORAL_NAMESPACE',
    ])
  })

  it('sets up the two databases that the server looks for, by the schemas of its version', () => {
    expect(composeScript('temporal-schema')).toContain('set_up temporal postgresql/v12/temporal\n')
    expect(composeScript('temporal-schema')).toContain(
      'set_up temporal_visibility postgresql/v12/visibility\n',
    )
    expect(composeService('temporal').environment).toMatchObject({ DB: 'postgres12', NUM_HISTORY_SHARDS: 4 })
  })

  it('sets up the same Temporal as the development stack does on PostgreSQL', () => {
    const { plugin, numHistoryShards, retention, databases } = temporalServerSetup
    const server = composeService('temporal')
    const [, version] =
      /^require go\.temporal\.io\/server v(\S+)$/m.exec(textOf('dev/go/temporal-server/go.mod')) ?? []

    expect(server.image).toBe(`temporalio/server:${version}`)
    expect(server.environment).toMatchObject({ DB: plugin, NUM_HISTORY_SHARDS: numHistoryShards })
    for (const { name, schema } of databases) {
      expect(composeScript('temporal-schema')).toContain(`set_up ${name} ${schema}\n`)
    }
    expect(composeService('temporal-schema').environment).toMatchObject({ SQL_PLUGIN: plugin })
    expect(composeService('temporal-namespace').environment).toMatchObject({
      TEMPORAL_NAMESPACE: temporalNamespace,
      NAMESPACE_RETENTION: retention,
    })
  })

  it('mounts the dynamic configuration where the server reads it, in the form it wants', () => {
    const path = composeService('temporal').environment?.['DYNAMIC_CONFIG_FILE_PATH']

    expect(textOf('docker-compose.yml')).toContain(`target: ${path}`)
    expect(parse(textOf('deploy/temporal/dynamic-config.yaml'))).toEqual({
      'history.transferProcessorMaxPollRPS': [{ value: 2000, constraints: {} }],
    })
  })
})
