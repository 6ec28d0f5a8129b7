import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, renameSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { clusterRolesWithout } from '../../dev/allocator.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { makeAuthority, type KeyPair } from '../support/make-certificates.ts'
import { realParts } from '../support/real-parts.ts'
import { startTemporalGate, type GateAccess, type TemporalGate } from '../support/temporal-gate.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { linesOf, untilLogged, type LogLine } from './log-lines.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
/** People wait no longer for new credentials to be used. */
const longestMs = 60_000

let suite: Fixture
let testbed: Testbed
let directory: string
let gate: TemporalGate | undefined

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  directory = join(stack.runDirectory, `${testbed.namespace}-renewal`)
  mkdirSync(directory)
  await testbed.createPool('10.155.0.10-10.155.0.40')
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await gate?.close()
  }
})

async function serve(name: string): Promise<void> {
  const begun = performance.now()
  await testbed.createCluster(name)
  await testbed.untilServed(name)
  expect(performance.now() - begun).toBeLessThan(longestMs)
}

function linesWith(message: string): readonly LogLine[] {
  return linesOf(suite.allocator.logPath).filter((line) => line.message === message)
}

describe('a kubeconfig that is replaced', () => {
  const accounts = ['before', 'after'] as const

  it('serves Clusters by the new token within a minute, without a restart', async () => {
    await createAccounts(accounts)
    symlinkTo('before')
    await suite.start({ kubeconfigPath: join(directory, 'data', 'kubeconfig') })
    await serve('by-the-first-token')
    symlinkTo('after')
    await testbed.api.send({
      method: 'DELETE',
      path: `/api/v1/namespaces/${testbed.namespace}/serviceaccounts/before`,
    })
    await serve('by-the-second-token')
    const adopted = 'Read the credentials for the API server again'
    await untilLogged(suite.allocator.logPath, adopted)
    expect(linesWith(adopted)).toEqual([
      expect.objectContaining({ level: 'info', changed: `token of kubeconfig ${directory}/data/kubeconfig` }),
    ])
    expect(suite.allocator.outcome()).toBeUndefined()
    await suite.allocator.stop()
  })

  /** As the kubelet replaces a mounted Secret. */
  function symlinkTo(name: string): void {
    symlinkSync(join(directory, name), join(directory, 'next'))
    renameSync(join(directory, 'next'), join(directory, 'data'))
  }

  async function createAccounts(names: readonly string[]): Promise<void> {
    const { namespace } = testbed
    const rules = clusterRolesWithout([]).flatMap((role) => role.rules)
    const subjects = names.map((name) => ({ kind: 'ServiceAccount', name, namespace }))
    const rbac = 'rbac.authorization.k8s.io'
    const metadata = { name: `${namespace}-renewal` }
    const manifests = [
      ...names.map((name) => ({ apiVersion: 'v1', kind: 'ServiceAccount', metadata: { name, namespace } })),
      { apiVersion: `${rbac}/v1`, kind: 'ClusterRole', metadata, rules },
      {
        ...{ apiVersion: `${rbac}/v1`, kind: 'ClusterRoleBinding', metadata, subjects },
        roleRef: { apiGroup: rbac, kind: 'ClusterRole', name: metadata.name },
      },
    ]
    await applyManifests(stack, manifests)
    for (const name of names) {
      mkdirSync(join(directory, name))
      const outputPath = join(directory, name, 'kubeconfig')
      await createServiceAccountKubeconfig(stack, { namespace, name, outputPath })
    }
  }
})

describe('credentials for Temporal behind mutual TLS that are replaced', () => {
  let access: Required<GateAccess>
  const adopted = 'Read the credentials for Temporal again'
  const unusable = 'Cannot use the changed credentials for Temporal; the old ones stay in use'
  const at = (name: string): string => join(directory, name)

  beforeAll(async () => {
    access = accessOf('first', 'key-1')
    gate = await startTemporalGate(stack.temporal.address, access)
    writeCertificates(access)
    writeKey(access)
    await suite.start({
      env: {
        TEMPORAL_ADDRESS: gate.address,
        TEMPORAL_CONFIG_FILE: at('temporal.toml'),
        TEMPORAL_TLS_SERVER_CA_CERT_PATH: at('ca.crt'),
        TEMPORAL_TLS_CLIENT_CERT_PATH: at('tls.crt'),
        TEMPORAL_TLS_CLIENT_KEY_PATH: at('tls.key'),
      },
    })
  })

  function accessOf(authorityName: string, apiKey: string): Required<GateAccess> {
    const authority = makeAuthority(authorityName)
    return { authority, server: authority.issue('server'), apiKey }
  }

  function writeCertificates({ authority }: Required<GateAccess>): void {
    const { cert, key }: KeyPair = authority.issue('client')
    for (const [name, text] of [
      ['ca.crt', authority.cert],
      ['tls.crt', cert],
      ['tls.key', key],
    ] as const) {
      writeFileSync(at(name), text)
    }
  }

  function writeKey({ apiKey }: Required<GateAccess>): void {
    writeFileSync(at('temporal.toml'), `[profile.default]\napi_key = "${apiKey}"\n`)
  }

  async function runIdOf(name: string): Promise<string> {
    const { runId } = await suite.temporal.client.workflow
      .getHandle(workflowIdFor(testbed.keyOf(name)))
      .describe()
    return runId
  }

  it('reach Temporal by a new authority within a minute, and a run that waits goes on', async () => {
    await serve('by-the-first-authority')
    await testbed.createClass('late')
    await testbed.createCluster('waiting', { className: 'late' })
    await suite.temporal.untilPending(testbed.keyOf('waiting'), { reason: 'NoMatchingPool' })
    const runId = await runIdOf('waiting')
    access = accessOf('second', access.apiKey)
    writeCertificates(access)
    gate?.change(access)
    await serve('by-the-second-authority')
    expect(linesWith(adopted)).toEqual([
      expect.objectContaining({ changed: 'certificate authority, client certificate, client key' }),
    ])
    await testbed.createPool('10.155.1.10', { className: 'late', name: 'late' })
    await testbed.untilServed('waiting')
    expect(await runIdOf('waiting')).toBe(runId)
    expect(suite.allocator.outcome()).toBeUndefined()
  })

  it('reach Temporal by a new API key in the configuration file', async () => {
    access = { ...access, apiKey: 'key-2' }
    writeKey(access)
    gate?.change(access)
    await serve('by-the-second-key')
    expect(linesWith(adopted).at(-1)).toMatchObject({ changed: 'API key' })
    expect(suite.allocator.outcome()).toBeUndefined()
  })

  it('stay in use while the new ones are no good, which one line says', async () => {
    writeFileSync(at('tls.crt'), access.authority.issue('another').cert)
    const line = await untilLogged(suite.allocator.logPath, unusable)
    expect(line['error']).toBe(
      `client key for Temporal ${at('tls.key')} is the key of another certificate than client certificate for Temporal ${at('tls.crt')}`,
    )
    const before = gate?.refused()
    await serve('by-the-old-certificate')
    expect([linesWith(unusable).length, gate?.refused()]).toEqual([1, before])
  })
})
