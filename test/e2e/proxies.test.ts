import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import type { Report } from '../../src/commands/doctor/report.ts'
import { startConnectProxy, type ConnectProxy } from '../support/connect-proxy.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { runProgram, type ProgramResult } from './run-program.ts'
import type { Testbed } from './testbed.ts'

const { stack, allocatorKubeconfig } = realParts()
/** Names that only the proxy knows. */
const apiServer = 'management.example'
const temporal = 'temporal.example'

let suite: Fixture
let testbed: Testbed
let proxy: ConnectProxy

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  proxy = await startConnectProxy({
    [apiServer]: Number(new URL(stack.apiServerUrl).port),
    [temporal]: Number(stack.temporal.address.split(':').at(-1)),
  })
  await testbed.createPool('10.156.0.10-10.156.0.20')
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await proxy.close()
  }
})

/** A kubeconfig for the API server by the name that only the proxy knows. */
function kubeconfigBehindProxy(original: string, more: object = {}): string {
  const { clusters, ...kubeconfig } = parse(readFileSync(original, 'utf8')) as {
    clusters: readonly { name: string; cluster: object }[]
  }
  const path = join(stack.runDirectory, `${testbed.namespace}-${Object.keys(more).length}-proxied.kubeconfig`)
  const server = `https://${apiServer}:6443`
  const proxied = clusters.map(({ name, cluster }) => ({
    name,
    cluster: { ...cluster, server, 'tls-server-name': 'kubernetes', ...more },
  }))
  writeFileSync(path, stringify({ ...kubeconfig, clusters: proxied }))
  return path
}

const withoutProxies = {
  ...{ HTTPS_PROXY: '', https_proxy: '', HTTP_PROXY: '', http_proxy: '', NO_PROXY: '', no_proxy: '' },
}

function doctor(kubeconfig: string, env: NodeJS.ProcessEnv): Promise<ProgramResult> {
  return runProgram(
    ['doctor', `--kubeconfig=${kubeconfig}`, `--namespace=${testbed.namespace}`, '--output=json'],
    { ...withoutProxies, TEMPORAL_ADDRESS: `${temporal}:7233`, ...env },
  )
}

function findingsOf({ stdout }: ProgramResult, ...checks: readonly string[]): readonly string[] {
  const { findings } = JSON.parse(stdout) as Report
  return findings.filter(({ check }) => checks.includes(check)).map(({ found }) => found)
}

describe('behind a proxy', () => {
  it('the allocator serves Clusters, with the password of the proxy', async () => {
    await suite.start({
      kubeconfigPath: kubeconfigBehindProxy(allocatorKubeconfig),
      env: {
        ...withoutProxies,
        HTTPS_PROXY: `http://me:p%40ss@localhost:${proxy.port}`,
        TEMPORAL_ADDRESS: `${temporal}:7233`,
      },
    })
    await testbed.createCluster('proxied')
    await testbed.untilServed('proxied')
    expect(new Set(proxy.targets)).toEqual(new Set([`${apiServer}:6443`, `${temporal}:7233`]))
    const password = `Basic ${Buffer.from('me:p@ss').toString('base64')}`
    expect(new Set(proxy.authorizations)).toEqual(new Set([password]))
  })

  it('doctor reaches both servers, and says by which proxy', async () => {
    const https_proxy = `http://me:secret@localhost:${proxy.port}`
    const result = await doctor(kubeconfigBehindProxy(stack.kubeconfigPath), { https_proxy })
    const words = `, through the proxy http://localhost:${proxy.port} (https_proxy)`
    expect(findingsOf(result, 'api-server', 'temporal')).toEqual([
      expect.stringMatching(
        new RegExp(`at https://${apiServer}:6443 answers .* ms, through the proxy http://localhost`),
      ),
      expect.stringContaining(`at ${temporal}:7233 answers${words}`),
    ])
    expect(result.stdout).not.toContain('secret')
  })

  it('doctor says of a server that is not reached by which proxy it tried, or which it went past', async () => {
    const url = `http://localhost:${proxy.port}`
    const kubeconfig = kubeconfigBehindProxy(stack.kubeconfigPath, { 'proxy-url': 'http://localhost:1' })
    const result = await doctor(kubeconfig, { HTTPS_PROXY: url, NO_PROXY: '.example' })
    const [ofApiServer, ofTemporal] = findingsOf(result, 'api-server', 'temporal')
    expect(ofApiServer).toContain(', through the proxy http://localhost:1 (proxy-url of the kubeconfig)')
    expect(ofTemporal).toContain(
      `Temporal at ${temporal}:7233, without the proxy ${url} (HTTPS_PROXY) because of NO_PROXY does not answer`,
    )
  })

  it('that cannot be read, a command line ends at once, without the password', async () => {
    const { code, stderr } = await doctor(stack.kubeconfigPath, { HTTPS_PROXY: 'ftp://me:secret@proxy' })
    expect(code).toBe(2)
    expect(stderr).toContain('HTTPS_PROXY cannot be read, expected a URL such as http://proxy:3128')
    expect(stderr).not.toContain('secret')
  })
})
