import { generateKeyPairSync, randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { createServer, type AddressInfo } from 'node:net'
import { join } from 'node:path'
import { rootCertificates } from 'node:tls'
import { stringify } from 'yaml'
import type { plantedSecrets } from './planted-secrets.ts'
import { realParts } from './real-parts.ts'

/** Kubeconfigs with invalid credentials, or for an unreachable API server. */

const { stack } = realParts()
const caData = readFileSync(stack.caPath).toString('base64')
/** A valid key pair: the API server's own. */
export const certificate = readFileSync(stack.caPath, 'utf8')
export const certificateKey = readFileSync(stack.caPath.replace(/\.crt$/, '.key'), 'utf8')

export interface Access {
  readonly user: object
  readonly server?: string
  readonly cluster?: object
}

/** @returns the path of the file */
export function writeKubeconfig({ user, server = stack.apiServerUrl, cluster }: Access): string {
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

export function base64(text: string): string {
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

export type Secrets = ReturnType<typeof plantedSecrets>

/** Kinds of failing access, each with the log message that it causes. */
export const accessFailures: readonly (readonly [
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

/** Starts a proxy that rejects every password. */
export async function refusingProxy(): Promise<{ readonly port: number; readonly close: () => void }> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined)
    socket.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n')
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return { port: (server.address() as AddressInfo).port, close: () => server.close() }
}
