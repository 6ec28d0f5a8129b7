import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { chmodSync, copyFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { isDeepStrictEqual } from 'node:util'
import { startChild, waitUntilReady, type Child } from '../../dev/stack/child-process.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answersOk } from '../../dev/stack/readiness.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import { deployment } from '../integration/deploy/support.ts'
import { findContainerEngine, type ContainerEngine } from '../support/containers.ts'
import { offerEvidence } from '../support/evidence.ts'
import { makeAuthority } from '../support/make-certificates.ts'
import { realParts } from '../support/real-parts.ts'
import { startTemporalGate, type TemporalGate } from '../support/temporal-gate.ts'
import { openFixture, type Fixture } from './fixture.ts'

const found = findContainerEngine()
const engine = 'missing' in found ? undefined : found
const describeImage = engine === undefined ? describe.skip : describe
const why = 'missing' in found ? ` (not run: ${found.missing})` : ''

const { stack, allocatorKubeconfig } = realParts()
/** As OpenShift chooses it: no user of the image. */
const user = '1000730000:0'

let suite: Fixture
let gate: TemporalGate
let container: Container | undefined

beforeAll(async () => {
  if (engine === undefined) return
  suite = await openFixture()
  const authority = makeAuthority('of Temporal')
  gate = await startTemporalGate(stack.temporal.address, { server: authority.issue('server') })
  await suite.testbed.createPool('10.158.0.10-10.158.0.20')
  container = await start(engine, authority.cert)
})

afterAll(async () => {
  if (engine === undefined) return
  try {
    await suite.close()
  } finally {
    await container?.child.stop(30_000)
    await gate.close()
  }
})

interface Container {
  readonly child: Child
  /** Runs a command in it, as `kubectl exec` does. */
  exec(...command: readonly string[]): Promise<string>
}

/** Runs the image as the Deployment does, on the network of this machine, where the stack is. */
async function start(by: ContainerEngine, authority: string): Promise<Container> {
  const { runDirectory } = stack
  const name = `${suite.testbed.namespace}-image`
  const [metricsPort, healthPort] = [await freePort(), await freePort()]
  const [kubeconfig, caFile] = ['kubeconfig', 'ca.crt'].map((file) =>
    join(runDirectory, `${name}.${file}`),
  ) as [string, string]
  copyFileSync(allocatorKubeconfig, kubeconfig)
  chmodSync(kubeconfig, 0o644)
  writeFileSync(caFile, authority)
  const [command, ...flags] = deployment().spec.template.spec.containers[0]?.args ?? []
  const args = [
    ...by.globalArgs,
    ...[
      'run',
      '--rm',
      `--name=${name}`,
      '--pull=never',
      '--network=host',
      `--user=${user}`,
      ...restrictions(),
    ],
    ...by.runArgs,
    `--volume=${kubeconfig}:/etc/kubeconfig:ro`,
    `--volume=${caFile}:/etc/ssl/certs/ca-certificates.crt:ro`,
    ...[`--env=TEMPORAL_ADDRESS=${gate.address}`, '--env=TEMPORAL_TLS=true'],
    ...[by.image, command ?? '', ...flags, '--kubeconfig=/etc/kubeconfig'],
    ...[`--namespace=${suite.testbed.namespace}`, `--task-queue=${suite.taskQueue}`],
    `--metrics-bind-address=127.0.0.1:${metricsPort}`,
    `--health-probe-bind-address=127.0.0.1:${healthPort}`,
  ]
  const logPath = join(runDirectory, `${name}.log`)
  const child = await startChild({ name: 'the container', command: by.command, args, logPath })
  await waitUntilReady(child, () => answersOk(`http://127.0.0.1:${healthPort}/readyz`), 60_000)
  const exec = (...words: readonly string[]): Promise<string> =>
    runCommand({ command: by.command, args: [...by.globalArgs, 'exec', name, ...words], cwd: runDirectory })
  offerEvidence({
    title: 'log of the container',
    collect: () => runCommand({ command: 'cat', args: [logPath], cwd: '/' }),
  })
  return { child, exec }
}

/** What the manifests allow the container, in the words of the engines. @throws Error if they allow more than before */
function restrictions(): readonly string[] {
  const [spec] = deployment().spec.template.spec.containers
  const { readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities } = spec?.securityContext ?? {}
  const allowed = [readOnlyRootFilesystem, allowPrivilegeEscalation, capabilities]
  if (!isDeepStrictEqual(allowed, [true, false, { drop: ['ALL'] }])) {
    throw new Error(
      `the Deployment's container has ${JSON.stringify(spec?.securityContext)}, expected the least`,
    )
  }
  const memory = spec?.resources.limits.memory.replace('Mi', 'm')
  return ['--read-only', '--security-opt=no-new-privileges', '--cap-drop=ALL', `--memory=${memory}`]
}

/** The container; the tests run only where there is one. */
function running(): Container {
  if (container === undefined) throw new Error('there is no container')
  return container
}

describeImage(`the image, run as the manifests do, by any user${why}`, () => {
  it("serves a Cluster, over TLS with an authority that only the system's file has", async () => {
    await suite.testbed.createCluster('by-the-image')
    const { controlPlaneEndpoint } = await suite.testbed.untilServed('by-the-image')
    expect(controlPlaneEndpoint.host).toMatch(/^10\.158\.0\.\d+$/)
  })

  it('answers the command by its name, as kubectl exec runs it', async () => {
    const command = ['capi-vip-allocator', 'status', '--kubeconfig=/etc/kubeconfig', '--output=json']
    const answer = await running().exec(...command, `--namespace=${suite.testbed.namespace}`)
    expect(JSON.parse(answer)).toMatchObject({ vips: [{ cluster: 'by-the-image' }] })
  })

  it('has no shell, no package manager, and nothing that it may write', async () => {
    const { exec } = running()
    for (const program of ['sh', 'bash', 'npm', 'apt']) {
      await expect(exec(program, '--version')).rejects.toThrow(/not found|no such file/i)
    }
    const script = `
      const { accessSync, constants, readdirSync } = require('node:fs')
      const writable = ['/', '/app', '/tmp', ...readdirSync('/app').map((name) => '/app/' + name)].filter((path) => {
        try { accessSync(path, constants.W_OK); return true } catch { return false }
      })
      const { CapEff, NoNewPrivs } = Object.fromEntries(
        require('node:fs').readFileSync('/proc/self/status', 'utf8').split('\\n').map((line) => line.split(':\\t')))
      console.log(JSON.stringify({ writable, CapEff, NoNewPrivs, user: process.getuid() + ':' + process.getgid() }))`
    expect(JSON.parse(await exec('node', '--eval', script))).toEqual({
      ...{ writable: [], CapEff: '0000000000000000', NoNewPrivs: '1', user },
    })
  })
})

describe('a container engine', () => {
  it('is one that runs the image, or is missing for a reason that the titles say', () => {
    expect('missing' in found ? found.missing : found.image).not.toBe('')
  })
})
