import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { startChild, type Child } from '../../dev/stack/child-process.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { offerEvidence } from '../support/evidence.ts'
import { realParts } from '../support/real-parts.ts'
import {
  accessFailures,
  base64,
  certificate,
  certificateKey,
  writeKubeconfig,
  type Secrets,
} from '../support/refused-access.ts'
import { textOfRun } from './history-text.ts'
import { plantedSecrets } from '../support/planted-secrets.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack, allocatorKubeconfig } = realParts()
const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

let testbed: Testbed
let temporal: TemporalView
const running = new Set<Program>()

beforeAll(async () => {
  testbed = await openTestbed(stack)
  temporal = await viewTemporal(stack)
  await testbed.createPool('10.120.0.10-10.120.0.40')
})

afterEach(async () => {
  await Promise.all([...running].map(({ child }) => child.stop()))
  running.clear()
})

afterAll(async () => {
  try {
    await testbed.close()
  } finally {
    await temporal.close()
  }
})

/** The built program, and everything it shows. */
interface Program {
  readonly child: Child
  readonly taskQueue: string
  readonly log: () => string
  /** The log and all pages. */
  readonly everything: () => Promise<string>
}

interface ProgramOptions {
  readonly format: string
  readonly kubeconfigPath?: string
  readonly env?: Readonly<Record<string, string>>
}

async function start({ format, kubeconfigPath, env }: ProgramOptions): Promise<Program> {
  const [metricsPort, healthPort] = [await freePort(), await freePort()]
  const taskQueue = randomUUID()
  const child = await startChild({
    name: 'capi-vip-allocator',
    command: process.execPath,
    args: [
      ...[main, 'run', `--kubeconfig=${kubeconfigPath ?? allocatorKubeconfig}`, `--task-queue=${taskQueue}`],
      ...[`--metrics-bind-address=127.0.0.1:${metricsPort}`, `--namespace=${testbed.namespace}`],
      ...[`--health-probe-bind-address=127.0.0.1:${healthPort}`],
      ...['--log-level=debug', `--log-format=${format}`],
    ],
    env: { TEMPORAL_ADDRESS: stack.temporal.address, ...env },
    logPath: join(stack.runDirectory, `credentials-${healthPort}.log`),
  })
  const log = (): string => readFileSync(child.logPath, 'utf8')
  const pages = [`${metricsPort}/metrics`, `${healthPort}/readyz`, `${healthPort}/healthz`]
  const everything = async (): Promise<string> => {
    const texts = pages.map(async (page) => {
      try {
        return await (await fetch(`http://127.0.0.1:${page}`)).text()
      } catch {
        // Credentials that cannot be read end the program, and its pages with it.
        await eventually('the program to end', async () => child.outcome())
        return ''
      }
    })
    return [log(), ...(await Promise.all(texts))].join('\n')
  }
  const program = { child, taskQueue, log, everything }
  running.add(program)
  offerEvidence({ title: 'log of the program', collect: async () => log() })
  return program
}

/** Resolves when the program's log says so; fails at once where it has ended. */
async function untilLogged(program: Program, words: RegExp): Promise<void> {
  await eventually(`the log to say ${words.source}`, async () => {
    await Promise.resolve()
    return words.test(program.log()) || program.child.outcome() !== undefined ? true : undefined
  })
  expect(program.log()).toMatch(words)
}

/** Runs something with two programs side by side, that write their logs in different formats. */
async function inBothFormats(
  options: Omit<ProgramOptions, 'format'>,
  look: (program: Program, format: string) => Promise<void>,
): Promise<void> {
  await Promise.all(
    ['json', 'pretty'].map(async (format) => look(await start({ ...options, format }), format)),
  )
}

/** One of each way by which a secret gets into the program; test/integration/kubernetes/credentials.test.ts has them all. */
const witnesses = accessFailures.filter(([what]) =>
  [
    'a token that the API server refuses',
    'a client key that is none',
    'an exec plugin that fails and prints a token to standard error',
  ].includes(what),
)

describe('logs, pages and histories hold no credentials', () => {
  it.each(witnesses)('where the kubeconfig has %s', async (_, words, access) => {
    const secrets = plantedSecrets()
    const kubeconfigPath = writeKubeconfig(access(secrets, await freePort(), 0))
    const program = await start({ kubeconfigPath, format: 'json' })
    await untilLogged(program, words)
    const name = `hidden-${randomUUID().slice(0, 8)}`
    const workflowId = workflowIdFor(testbed.keyOf(name))
    const run = await temporal.client.workflow.start('allocateVip', {
      workflowId,
      taskQueue: program.taskQueue,
      args: [testbed.keyOf(name)],
    })
    const { reason } = await temporal.untilPending(workflowId)
    expect(['KubernetesUnavailable', 'AllocationFailed']).toContain(reason)
    const everything = `${await program.everything()}\n${await textOfRun(temporal.client, workflowId)}`
    await run.terminate()
    // What is found here shows that secrets would be found as well.
    for (const word of [stack.temporal.address, name, reason]) expect(everything).toContain(word)
    expect(secrets.leaksIn(everything)).toEqual([])
  })

  it('where everything is in order', async () => {
    const secrets = plantedSecrets()
    const kubeconfig: unknown = parse(readFileSync(allocatorKubeconfig, 'utf8'))
    const { users } = kubeconfig as { users: readonly { user: { token: string } }[] }
    // Its signature: the rest is JSON in base64, and may look like other JSON in base64.
    secrets.watch('ServiceAccount token', users[0]?.user.token.split('.')[2] ?? '')
    const env = {
      TEMPORAL_TLS: 'false',
      TEMPORAL_API_KEY: secrets.plant('API key'),
      TEMPORAL_GRPC_META_X_SECRET: secrets.plant('header'),
    }
    await inBothFormats({ env }, async (program, format) => {
      const name = `served-${format}`
      const cluster = testbed.keyOf(name)
      await testbed.createCluster(name)
      const { host } = (await testbed.untilServed(name)).controlPlaneEndpoint
      // By hand, under another id, since either of the two watchers may have started the first run.
      const workflowId = `credentials/${randomUUID()}`
      const { taskQueue } = program
      await temporal.client.workflow.execute('allocateVip', { workflowId, taskQueue, args: [cluster] })
      await untilLogged(program, new RegExp(host))
      const runs = [workflowId, workflowIdFor(cluster)].map((id) => textOfRun(temporal.client, id))
      const everything = [await program.everything(), ...(await Promise.all(runs))].join('\n')
      expect(everything).toContain(host)
      expect(everything).toMatch(/^temporal_/m)
      expect(secrets.leaksIn(everything)).toEqual([])
    })
  })

  it.each<[string, RegExp, (secrets: Secrets, deadPort: number) => Readonly<Record<string, string>>]>([
    [
      'Temporal is not there',
      /Cannot reach Temporal/,
      (secrets, deadPort) => ({
        TEMPORAL_ADDRESS: `127.0.0.1:${deadPort}`,
        TEMPORAL_TLS: 'false',
        TEMPORAL_API_KEY: secrets.plant('API key'),
        TEMPORAL_GRPC_META_AUTHORIZATION_X: secrets.plant('header'),
      }),
    ],
    [
      'Temporal speaks no TLS',
      /Cannot reach Temporal/,
      (secrets) => {
        secrets.watch('client key', certificateKey.replaceAll(/-----.*-----|\s/g, ''))
        return {
          TEMPORAL_TLS: 'true',
          TEMPORAL_API_KEY: secrets.plant('API key'),
          TEMPORAL_TLS_CLIENT_CERT_DATA: certificate,
          TEMPORAL_TLS_CLIENT_KEY_DATA: certificateKey,
        }
      },
    ],
    [
      'the client key for Temporal is none',
      /Cannot reach Temporal|capi-vip-allocator: /,
      (secrets) => ({
        TEMPORAL_TLS: 'true',
        TEMPORAL_TLS_CLIENT_CERT_DATA: certificate,
        TEMPORAL_TLS_CLIENT_KEY_DATA: `-----BEGIN PRIVATE KEY-----\n${secrets.plant('client key', 48)}\n`,
      }),
    ],
    [
      'the API key has a line break in it',
      /Connected to Temporal|Cannot reach Temporal/,
      (secrets) => ({
        TEMPORAL_TLS: 'false',
        TEMPORAL_API_KEY: `${secrets.plant('first line')}\n${secrets.plant('second line')}`,
      }),
    ],
    [
      'a header for Temporal has a line break in it',
      /Cannot reach Temporal|capi-vip-allocator: /,
      (secrets) => ({
        TEMPORAL_GRPC_META_X_SECRET: `${secrets.plant('first line')}\n${secrets.plant('second line')}`,
      }),
    ],
  ])('where %s', async (_, words, environment) => {
    const secrets = plantedSecrets()
    const program = await start({ env: environment(secrets, await freePort()), format: 'json' })
    await untilLogged(program, words)
    const ended = program.child.outcome() !== undefined
    expect(secrets.leaksIn(ended ? program.log() : await program.everything())).toEqual([])
  })
})

describe('a file that cannot be read', () => {
  it('is named without the credentials in it, be it a kubeconfig or a Temporal configuration', async () => {
    const secrets = plantedSecrets()
    const [kubeconfigPath, temporalPath] = [1, 2].map(() =>
      join(stack.runDirectory, `faulty-${randomUUID()}`),
    )
    writeFileSync(
      kubeconfigPath ?? '',
      `users:\n- name: a\n  user: {password: !${secrets.plant('password')}}\n`,
    )
    writeFileSync(temporalPath ?? '', `[profile.default]\napi_key = "${secrets.plant('API key')}\n`)
    const programs = await Promise.all([
      start({ format: 'json', kubeconfigPath: kubeconfigPath ?? '' }),
      start({ format: 'json', env: { TEMPORAL_CONFIG_FILE: temporalPath ?? '' } }),
    ])
    for (const { child } of programs) expect(await child.ended).toBe('exit code 1')
    const [ofKubeconfig = '', ofTemporal = ''] = programs.map(({ log }) => log())
    expect(ofKubeconfig).toContain(kubeconfigPath)
    expect(ofTemporal).toMatch(/TOML|[Tt]emporal/)
    expect(secrets.leaksIn(ofKubeconfig + ofTemporal)).toEqual([])
  })
})

describe('planted secrets', () => {
  it('are found whole, in part, and in base64 wherever it begins', () => {
    const secrets = plantedSecrets()
    const secret = secrets.plant('it')
    expect(secrets.leaksIn('nothing')).toEqual([])
    for (const text of [secret, secret.slice(3, 15), ...['', 'a', 'ab'].map((by) => base64(by + secret))]) {
      expect(secrets.leaksIn(`before ${text} after`)).toEqual(['it'])
    }
  })
})
