import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse, stringify } from 'yaml'
import { startChild } from '../../dev/stack/child-process.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answers, withoutUserSettings } from '../../dev/stack/temporal.ts'
import type { CheckResult } from '../../src/commands/doctor/checks/check-result.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { eventually } from '../support/eventually.ts'
import { makeAuthority } from '../support/make-certificates.ts'
import { realParts } from '../support/real-parts.ts'
import { startTemporalGate, type TemporalGate } from '../support/temporal-gate.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { untilLogged } from './log-lines.ts'
import { runProgram, type ProgramResult } from './run-program.ts'
import type { Testbed } from './testbed.ts'

const { stack, allocatorKubeconfig } = realParts()
const authority = makeAuthority('of Temporal')

let suite: Fixture
let testbed: Testbed
let gate: TemporalGate
/** A machine without any authority of its own. */
let nothing: Readonly<Record<string, string>>
/** A file with the authorities of Temporal and of the API server. */
let caFile: string
/** Names no authority. */
let kubeconfigPath: string

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  gate = await startTemporalGate(stack.temporal.address, { server: authority.issue('server') })
  const directory = join(stack.runDirectory, `${testbed.namespace}-trust`)
  mkdirSync(join(directory, 'empty'), { recursive: true })
  caFile = join(directory, 'ca.crt')
  kubeconfigPath = join(directory, 'kubeconfig')
  const { kubeconfig, ca } = withoutAuthority(allocatorKubeconfig)
  writeFileSync(kubeconfigPath, kubeconfig)
  writeFileSync(caFile, `${authority.cert}${ca}`)
  nothing = {
    TEMPORAL_ADDRESS: gate.address,
    TEMPORAL_TLS: 'true',
    SSL_CERT_FILE: join(directory, 'none'),
    SSL_CERT_DIR: join(directory, 'empty'),
    NODE_EXTRA_CA_CERTS: '',
  }
  await testbed.createPool('10.157.0.10-10.157.0.40')
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await gate.close()
  }
})

/** A kubeconfig that leaves the authority of the API server to the machine, and that authority as PEM. */
function withoutAuthority(path: string): { readonly kubeconfig: string; readonly ca: string } {
  const { clusters, ...rest }: { clusters: readonly { name: string; cluster: Record<string, string> }[] } =
    parse(readFileSync(path, 'utf8'))
  const [first] = clusters
  const {
    'certificate-authority': file,
    'certificate-authority-data': data,
    ...cluster
  } = first?.cluster ?? {}
  const ca = file === undefined ? Buffer.from(data ?? '', 'base64').toString() : readFileSync(file, 'utf8')
  return { kubeconfig: stringify({ ...rest, clusters: [{ ...first, cluster }] }), ca }
}

function doctor(env: NodeJS.ProcessEnv): Promise<ProgramResult> {
  const flags = [`--namespace=${testbed.namespace}`, `--task-queue=${suite.taskQueue}`, '--output=json']
  return runProgram(['doctor', `--kubeconfig=${stack.kubeconfigPath}`, ...flags], env)
}

function aboutServer({ stdout }: ProgramResult): readonly CheckResult[] {
  return (JSON.parse(stdout) as Report).findings.filter(({ check }) => check === 'temporal')
}

describe('Temporal behind TLS', () => {
  it('whose authority no file has is missed in words, by the Worker as by commands', async () => {
    const words =
      /the server's certificate comes from no authority that is trusted here; TEMPORAL_TLS_SERVER_CA_CERT_PATH/
    const allocator = await suite.start({ env: nothing, unready: true })
    const line = await untilLogged(allocator.logPath, 'Cannot reach Temporal; trying again')
    expect(line['error']).toMatch(words)
    expect(line['error']).toMatch(/\(UnknownIssuer\)$/)
    const [found, ...others] = aboutServer(await doctor(nothing))
    expect(found).toMatchObject({ level: 'fault', found: expect.stringMatching(words) })
    expect(others).toEqual([])
  })

  it.each([
    ["only the system's file has", 'SSL_CERT_FILE'],
    ['only NODE_EXTRA_CA_CERTS names', 'NODE_EXTRA_CA_CERTS'],
  ])(
    'whose authority %s is reached by the Worker, as by commands, and so is the API server',
    async (_, variable) => {
      const env = { ...nothing, [variable]: caFile }
      const name = variable.toLowerCase().replaceAll('_', '-')
      await suite.allocator.stop()
      await suite.start({ env, kubeconfigPath })
      await testbed.createCluster(name)
      await testbed.untilServed(name)
      const visited = await doctor(env)
      expect(aboutServer(visited)).toEqual([
        { check: 'temporal', level: 'ok', found: expect.stringMatching(` at ${gate.address} answers$`) },
      ])
      expect(visited.stderr).toBe('')
    },
  )
})

describe('doctor', () => {
  it('says that a Worker cannot connect where only commands can', async () => {
    // A certificate of an authority (CA:TRUE) is one that the native core does not accept from a server.
    const self = authority.issueAuthority('server')
    const strict = await startTemporalGate(stack.temporal.address, { server: self })
    try {
      const visited = await doctor({ ...nothing, TEMPORAL_ADDRESS: strict.address, SSL_CERT_FILE: caFile })
      expect(aboutServer(visited)).toEqual([
        expect.objectContaining({
          level: 'fault',
          found: expect.stringMatching(
            / answers, but a Worker cannot connect to it: the server's certificate is that of an authority/,
          ),
        }),
      ])
      expect(visited.code).toBe(3)
    } finally {
      await strict.close()
    }
  })

  it('finds a fault where the frontend of Temporal answers, and no run can start', async () => {
    const port = await freePort()
    // Its own services look for each other at 127.0.0.1.
    const args = [
      'server',
      'start-dev',
      '--headless',
      '--ip=127.0.0.2',
      `--port=${port}`,
      '--log-level=never',
    ]
    const half = await startChild({
      name: 'temporal',
      command: stack.paths.temporal,
      args: [...args, ...withoutUserSettings],
      logPath: join(stack.runDirectory, `${testbed.namespace}-half.log`),
    })
    try {
      const address = `127.0.0.2:${port}`
      await eventually(
        'the frontend to answer',
        async () => (await answers(address).catch(() => false)) || undefined,
      )
      const visited = await doctor({ TEMPORAL_ADDRESS: address })
      expect(aboutServer(visited)).toEqual([
        expect.objectContaining({
          level: 'fault',
          found: expect.stringMatching(
            / answers, but not about its task queue.*: no run can start or go on$/,
          ),
        }),
      ])
      expect([visited.code, visited.stderr]).toEqual([3, ''])
    } finally {
      await half.stop()
    }
  })
})
