import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { extensionConfigObject } from '../../dev/hooks/extension-objects.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import type { CheckName, CheckResult } from '../../src/commands/doctor/checks/check-result.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { eventually } from '../support/eventually.ts'
import { makeAuthority } from '../support/make-certificates.ts'
import type { Cluster, Condition } from '../../src/domain/model/cluster.ts'
import { realParts } from '../support/real-parts.ts'
import { openExtension, type ExtensionFixture } from './extension-fixture.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { runCommand } from './run-program.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const className = 'visited-class'

let suite: Fixture
let testbed: Testbed
let extension: ExtensionFixture

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  extension = await openExtension(stack, testbed)
  await testbed.createPool('10.184.0.10-10.184.0.99', { className })
  const { flags } = await extension.flagsOfReplica()
  // Registered by hand, so that it stays as a test has registered it.
  await suite.start({
    flags: flags.filter((flag) => !/-(?:register|ca)=/.test(flag.replace('client-ca', ''))),
  })
  await extension.registerAgain()
  await extension.createClass(className)
  await testbed.createCluster('living', { className })
  await testbed.untilCluster('living', (now) => now?.isRendered === true)
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await extension.close()
  }
})

/** What a check says of this suite's objects: those of other suites come and go meanwhile. */
async function found(check: CheckName): Promise<readonly CheckResult[]> {
  const { stdout } = await runCommand(
    [
      'doctor',
      `--kubeconfig=${stack.kubeconfigPath}`,
      `--namespace=${testbed.namespace}`,
      `--task-queue=${suite.taskQueue}`,
      '--output=json',
    ],
    { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace },
  )
  const { findings } = JSON.parse(stdout) as Report
  return findings.filter((finding) => finding.check === check && finding.found.includes(testbed.namespace))
}

/** Waits until `doctor` finds exactly one thing about the suite's extension, in these words. */
async function untilFound(words: RegExp): Promise<CheckResult> {
  return eventually(`doctor to find ${words}`, async () => {
    const [only, ...others] = await found('runtime-extensions')
    return others.length === 0 && only !== undefined && words.test(only.found) ? only : undefined
  })
}

async function untilNothingFound(): Promise<void> {
  await eventually('doctor to find nothing', async () =>
    (await found('runtime-extensions')).length === 0 ? true : undefined,
  )
}

interface Registered {
  readonly name: string
  readonly url: string
  readonly authority: string
  readonly namespace: string
}

function register(differing: Partial<Registered> = {}): Promise<unknown> {
  const { name, front, authority } = extension
  const { namespace } = testbed
  const config = extensionConfigObject({ name, url: front.url, authority, namespace, ...differing })
  return applyManifests(stack, [config])
}

/** What core says of the topology. */
function topologyOf(cluster: Cluster | undefined): Condition | undefined {
  return cluster?.conditions.find(({ type }) => type === 'TopologyReconciled')
}

describe('doctor', () => {
  it('finds nothing at fault where the runtime extension is registered and answers', async () => {
    await untilNothingFound()
    const gates = (await found('class-gates')).filter(({ found: what }) => what.includes(className))
    expect(gates.map(({ level }) => level)).toEqual(['ok'])
  })

  it('finds that nobody answers: from here, and then by what core says of a Cluster', async () => {
    // While core calls nobody, only the connection from here shows it.
    await testbed.editCluster('living', { paused: true })
    await testbed.untilCluster('living', (now) => topologyOf(now)?.reason.includes('Paused') === true)
    await extension.front.down()
    const fromHere = await untilFound(/which cannot be reached from here \(connect ECONNREFUSED/)
    expect(fromHere.level).toBe('warning')
    await testbed.editCluster('living', { paused: false, topology: { controlPlane: { replicas: 3 } } })
    const byCore = await untilFound(
      /whose answer Cluster API did not get for Cluster \S+\/living \(http call failed/,
    )
    expect(byCore.level).toBe('fault')
    await extension.front.up()
    await untilNothingFound()
  })

  it('finds an authority that the certificate is not of', async () => {
    await register({ authority: makeAuthority('of somebody else').cert })
    const { level } = await untilFound(/whose certificate its caBundle does not verify \(/)
    expect(level).toBe('fault')
    await register()
    await untilNothingFound()
  })

  it('finds an ExtensionConfig whose selector leaves out the namespace of a Cluster', async () => {
    await register({ namespace: 'elsewhere' })
    const { level } = await untilFound(
      /names the handler patch\.\S+ for GeneratePatches, which is not called for Cluster \S+\/living: the namespaceSelector/,
    )
    expect(level).toBe('fault')
    await register()
    await untilNothingFound()
  })

  it('finds an ExtensionConfig that another installation has taken', async () => {
    const { namespace } = testbed
    const labels = { 'app.kubernetes.io/name': 'capi-vip-allocator' }
    const env = [
      { name: 'CAPI_VIP_ALLOCATOR_RUNTIME_EXTENSION_REGISTER', value: `${namespace}/hooks` },
      { name: 'CAPI_VIP_ALLOCATOR_RUNTIME_EXTENSION_CONFIG', value: extension.name },
    ]
    const metadata = { namespace, name: 'other-release', labels }
    const template = { metadata: { labels }, spec: { containers: [{ name: 'a', image: 'a:1', env }] } }
    const deployment = {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: { selector: { matchLabels: labels }, template },
    }
    await applyManifests(stack, [deployment])
    const { level, fix } = await untilFound(
      /Deployment \S+\/other-release is to register ExtensionConfig \S+ for Service \S+\/hooks, but it leads to https:/,
    )
    expect(level).toBe('fault')
    expect(fix).toContain(`--runtime-extension-config=${extension.name}`)
    await testbed.api.send({
      method: 'DELETE',
      path: `/apis/apps/v1/namespaces/${namespace}/deployments/other-release`,
    })
    await untilNothingFound()
  })

  it('finds a class that names a handler of an ExtensionConfig that is gone', async () => {
    const { name } = extension
    await suite.print('uninstall-extension', `--runtime-extension-config=${name}`)
    const { level, fix } = await untilFound(
      /ClusterClass \S+\/visited-class names the handler patch\.\S+ for GeneratePatches, which is not registered/,
    )
    expect(level).toBe('fault')
    expect(fix).toContain(`--runtime-extension-config=${name}`)
    await extension.registerAgain()
    await untilNothingFound()
  })
})
