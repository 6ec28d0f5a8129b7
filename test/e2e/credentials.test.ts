import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals'
import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { parse, stringify } from 'yaml'
import { startChild, type Child } from '../../dev/stack/child-process.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { offerEvidence } from '../support/evidence.ts'
import { realParts } from '../support/real-parts.ts'
import { textOfRun } from './history-text.ts'
import { plantedSecrets } from './planted-secrets.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { untilPending } from './waiting-run.ts'
import { openWorld, type World } from './world.ts'

const { stack, allocatorKubeconfig } = realParts()
const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')
const caData = readFileSync(stack.caPath).toString('base64')
/** A real key with the certificate that fits it: the API server's own. */
const certificate = readFileSync(stack.caPath, 'utf8')
const certificateKey = readFileSync(stack.caPath.replace(/\.crt$/, '.key'), 'utf8')

let world: World
let temporal: TemporalView
const running = new Set<Program>()

beforeAll(async () => {
  world = await openWorld(stack)
  temporal = await viewTemporal(stack)
  await world.createPool('10.120.0.10-10.120.0.40')
})

afterEach(async () => {
  await Promise.all([...running].map(({ child }) => child.stop()))
  running.clear()
})

afterAll(async () => {
  try {
    await world.close()
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
      ...[`--metrics-bind-address=127.0.0.1:${metricsPort}`, `--namespace=${world.namespace}`],
      ...[`--health-probe-bind-address=127.0.0.1:${healthPort}`],
      ...['--log-level=debug', `--log-format=${format}`],
    ],
    env: { TEMPORAL_ADDRESS: stack.temporal.address, ...env },
    logPath: join(stack.runDirectory, `credentials-${healthPort}.log`),
  })
  const log = (): string => readFileSync(child.logPath, 'utf8')
  const pages = [`${metricsPort}/metrics`, `${healthPort}/readyz`, `${healthPort}/healthz`]
  const everything = async (): Promise<string> => {
    const texts = pages.map(async (page) => (await fetch(`http://127.0.0.1:${page}`)).text())
    return [log(), ...(await Promise.all(texts))].join('\n')
  }
  const program = { child, taskQueue, log, everything }
  running.add(program)
  offerEvidence({ title: 'log of the program', tell: async () => log() })
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

interface Access {
  readonly user: object
  readonly server?: string
  readonly cluster?: object
}

function writeKubeconfig({ user, server = stack.apiServerUrl, cluster }: Access): string {
  const path = join(stack.runDirectory, `credentials-${randomUUID()}.kubeconfig`)
  const kubeconfig = {
    apiVersion: 'v1',
    kind: 'Config',
    'current-context': 'test',
    clusters: [{ name: 'test', cluster: { server, 'certificate-authority-data': caData, ...cluster } }],
    users: [{ name: 'test', user }],
    contexts: [{ name: 'test', context: { cluster: 'test', user: 'test' } }],
  }
  writeFileSync(path, stringify(kubeconfig))
  return path
}

function base64(text: string): string {
  return Buffer.from(text).toString('base64')
}

/** An exec plugin that writes a text to standard output, or to standard error and fails. */
function plugin(output: string, stream: 'stdout' | 'stderr' = 'stdout'): object {
  const script = `process.${stream}.write(process.argv[1]); process.exitCode = ${stream === 'stderr' ? 1 : 0}`
  const args = ['-e', script, output]
  return {
    exec: {
      apiVersion: 'client.authentication.k8s.io/v1',
      command: process.execPath,
      args,
      interactiveMode: 'Never',
    },
  }
}

type Secrets = ReturnType<typeof plantedSecrets>

/** Ways in which the API server cannot be used, each with what the log says about it. */
const kubernetesFailures: readonly (readonly [
  string,
  RegExp,
  (secrets: Secrets, deadPort: number, proxyPort: number) => Access,
])[] = [
  [
    'a token that the API server refuses',
    /Unauthorized/,
    (secrets) => ({ user: { token: secrets.plant('token') } }),
  ],
  [
    'a token with a line break in it',
    /header/,
    (secrets) => ({ user: { token: `${secrets.plant('first line')}\n${secrets.plant('second line')}` } }),
  ],
  [
    'a user name and a password, which nobody asks for',
    /forbidden/,
    (secrets) => ({ user: { username: 'me', password: secrets.plant('password') } }),
  ],
  [
    'an API server that is not there',
    /ECONNREFUSED/,
    (secrets, deadPort) => ({
      server: `https://127.0.0.1:${deadPort}`,
      user: { token: secrets.plant('token') },
    }),
  ],
  [
    'a password in the address of the API server',
    /forbidden|Unauthorized/,
    (secrets) => ({
      server: stack.apiServerUrl.replace('https://', `https://me:${secrets.plant('password')}@`),
      user: {},
    }),
  ],
  [
    'another certificate authority',
    /certificate/,
    (secrets) => ({
      user: { token: secrets.plant('token') },
      cluster: { 'certificate-authority-data': base64(rootCertificates[0] ?? '') },
    }),
  ],
  [
    'a client certificate that the API server does not know',
    /Unauthorized|forbidden|certificate/,
    (secrets) => {
      secrets.watch('client key', certificateKey.replaceAll(/-----.*-----|\s/g, ''))
      const [cert, key] = [base64(certificate), base64(certificateKey)]
      return { user: { 'client-certificate-data': cert, 'client-key-data': key } }
    },
  ],
  [
    'a client key of another certificate',
    /key/,
    (secrets) => {
      const { privateKey } = generateKeyPairSync('rsa', { modulusLength: 2048 })
      const pem = privateKey.export({ type: 'pkcs8', format: 'pem' }).toString()
      secrets.watch('client key', pem.replaceAll(/-----.*-----|\s/g, ''))
      return { user: { 'client-certificate-data': base64(certificate), 'client-key-data': base64(pem) } }
    },
  ],
  [
    'a client key that is none',
    /"?warn/i,
    (secrets) => {
      const key = base64(`-----BEGIN PRIVATE KEY-----\n${secrets.plant('client key', 48)}\n`)
      return { user: { 'client-certificate-data': base64(certificate), 'client-key-data': key } }
    },
  ],
  [
    'an exec plugin whose token is refused',
    /Unauthorized/,
    (secrets) => {
      const status = { token: secrets.plant('token of the plugin') }
      const credential = {
        apiVersion: 'client.authentication.k8s.io/v1',
        kind: 'ExecCredential',
        status,
      }
      return { user: plugin(JSON.stringify(credential)) }
    },
  ],
  [
    'an exec plugin that prints a long token and no JSON',
    /exec plugin \S+ printed no ExecCredential/,
    (secrets) => ({ user: plugin(`k8s-${secrets.plant('token of the plugin')}`) }),
  ],
  [
    'an exec plugin that prints a short token and no JSON',
    /exec plugin \S+ printed no ExecCredential/,
    (secrets) => ({ user: plugin(`k8s-${secrets.plant('token of the plugin', 8)}`) }),
  ],
  [
    'an exec plugin that fails and prints a token to standard error',
    /exec plugin \S+ failed/,
    (secrets) => ({ user: plugin(`no luck with ${secrets.plant('token of the plugin')}\n`, 'stderr') }),
  ],
  [
    'an auth provider whose token cannot be read',
    /auth provider oidc failed/,
    (secrets) => {
      const config = { 'id-token': `a.${base64(secrets.plant('token'))}.b` }
      return { user: { 'auth-provider': { name: 'oidc', config } } }
    },
  ],
  [
    'a proxy that is not there',
    /ECONNREFUSED/,
    (secrets, deadPort) => ({
      user: { token: secrets.plant('token') },
      cluster: { 'proxy-url': `http://me:${secrets.plant('proxy password')}@127.0.0.1:${deadPort}` },
    }),
  ],
  [
    'a proxy that refuses the password',
    /the proxy answered HTTP 407/,
    (secrets, _, proxyPort) => ({
      user: { token: secrets.plant('token') },
      cluster: { 'proxy-url': `http://me:${secrets.plant('proxy password')}@127.0.0.1:${proxyPort}` },
    }),
  ],
  [
    'a SOCKS proxy that is not there',
    /"?warn/i,
    (secrets, deadPort) => ({
      user: { token: secrets.plant('token') },
      cluster: { 'proxy-url': `socks5://me:${secrets.plant('proxy password')}@127.0.0.1:${deadPort}` },
    }),
  ],
  [
    'a proxy of a kind that nobody knows',
    /protocol/,
    (secrets) => ({
      user: { token: secrets.plant('token') },
      cluster: { 'proxy-url': `ftp://me:${secrets.plant('proxy password')}@127.0.0.1:1` },
    }),
  ],
  [
    'a proxy-url that is none',
    /URL/,
    (secrets) => ({
      user: { token: secrets.plant('token') },
      cluster: { 'proxy-url': `http://me:${secrets.plant('proxy password')}@127.0.0.1:port` },
    }),
  ],
]

/** A proxy that asks everybody for another password. */
async function refusingProxy(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
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

describe('logs, pages and histories hold no credentials', () => {
  it.each(kubernetesFailures)('where the kubeconfig has %s', async (_, words, access) => {
    const secrets = plantedSecrets()
    const proxy = await refusingProxy()
    const kubeconfigPath = writeKubeconfig(access(secrets, await freePort(), proxy.port))
    await inBothFormats({ kubeconfigPath }, async (program) => {
      await untilLogged(program, words)
      const name = `hidden-${randomUUID().slice(0, 8)}`
      const workflowId = workflowIdFor({ namespace: world.namespace, name })
      const run = await temporal.client.workflow.start('allocateVip', {
        workflowId,
        taskQueue: program.taskQueue,
        args: [{ namespace: world.namespace, name }],
      })
      const { reason } = await untilPending(temporal.client, workflowId)
      expect(['KubernetesUnavailable', 'AllocationFailed']).toContain(reason)
      const everything = `${await program.everything()}\n${await textOfRun(temporal.client, workflowId)}`
      await run.terminate()
      // What is found here shows that secrets would be found as well.
      for (const word of [stack.temporal.address, name, reason]) expect(everything).toContain(word)
      expect(secrets.leaksIn(everything)).toEqual([])
    })
    proxy.close()
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
      const cluster = { namespace: world.namespace, name }
      await world.createCluster(name)
      const { host } = (await world.untilServed(name)).controlPlaneEndpoint
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
    const env = environment(secrets, await freePort())
    await inBothFormats({ env }, async (program) => {
      await untilLogged(program, words)
      const ended = program.child.outcome() !== undefined
      expect(secrets.leaksIn(ended ? program.log() : await program.everything())).toEqual([])
    })
  })
})

/** Files with a fault near a secret, as a slip of the keyboard makes them. */
const faulty: readonly (readonly [string, (secret: string) => string])[] = [
  [
    'kubeconfig',
    (secret) => `users:\n- name: a\n  user:\n    token: ${secret}\n    broken: [\ncontexts: []\n`,
  ],
  ['kubeconfig', (secret) => `users:\n- name: a\n  user:\n    token: "${secret}\ncontexts: []\n`],
  ['kubeconfig', (secret) => `{"users":[{"name":"a","user":{"token":"${secret}"}]}`],
  ['kubeconfig', (secret) => `users:\n- name: a\n  user: {token: ${secret}, token: b}\n`],
  ['kubeconfig', (secret) => `users:\n- name: a\n  user: {password: *${secret}}\n`],
  ['kubeconfig', (secret) => `users:\n- name: a\n  user: {password: !${secret}}\n`],
  ['kubeconfig', (secret) => `users:\n- name: a\n  user: {password: !^${secret}}\n`],
  ['kubeconfig', (secret) => `users:\n- name: a\n  user: {password: !${secret}!}\n`],
  ['kubeconfig', (secret) => secret],
  ['Temporal configuration', (secret) => `[profile.default]\napi_key = "${secret}\n`],
  ['Temporal configuration', (secret) => `[profile.default]\napi_key = "${secret}"\nbroken =\n`],
  ['Temporal configuration', (secret) => `[profile.default]\napi_key = ${secret}\n`],
  ['Temporal configuration', (secret) => `[profile]\ndefault = "${secret}"\n`],
]

describe('a file that cannot be read', () => {
  it.each(faulty)('(%s) is named without the credentials in it, %#', async (what, contents) => {
    const secrets = plantedSecrets()
    const path = join(stack.runDirectory, `faulty-${randomUUID()}`)
    writeFileSync(path, contents(secrets.plant('credentials')))
    const program = await start(
      what === 'kubeconfig'
        ? { format: 'json', kubeconfigPath: path }
        : { format: 'json', env: { TEMPORAL_CONFIG_FILE: path } },
    )
    expect(await program.child.ended).toBe('exit code 1')
    expect(program.log()).toMatch(what === 'kubeconfig' ? path : /TOML|[Tt]emporal/)
    expect(secrets.leaksIn(program.log())).toEqual([])
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
