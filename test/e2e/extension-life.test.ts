import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { chartDirectory, runHelm, settings } from '../../dev/chart/helm.ts'
import { writeHookCertificates } from '../../dev/hooks/hook-certificates.ts'
import { waitUntilReady, type Child } from '../../dev/stack/child-process.ts'
import type { KubernetesObject } from '../../dev/stack/kubernetes-api.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answersOk } from '../../dev/stack/readiness.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { eventually } from '../support/eventually.ts'
import { offerEvidence } from '../support/evidence.ts'
import { readDescribedPod, startPodProcess } from '../support/pod-process.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { clusterScopedObjects } from './installed-provider.ts'
import { record, type Recording } from './recording.ts'
import { runCommand } from './run-program.ts'
import type { Testbed } from './testbed.ts'

const { stack, helm } = realParts()

interface ExtensionConfig {
  readonly metadata: {
    readonly name: string
    readonly ownerReferences?: readonly { readonly name: string; readonly uid: string }[]
  }
  readonly spec: {
    readonly clientConfig: { readonly service: { readonly namespace: string; readonly name: string } }
  }
}

type Helms = KubernetesObject & {
  readonly metadata: {
    readonly labels: Readonly<Record<string, string>>
    readonly annotations: Readonly<Record<string, string>>
  }
}

/** A process as a Pod of a release would run it. */
interface Replica {
  readonly stop: () => Promise<void>
  /** What its page says about the runtime extension. */
  readonly detail: () => Promise<string>
}

let suite: Fixture
let testbed: Testbed
/** The namespace of the testbed is a part of its name and of all others, by which other suites know whose they are. */
let release: string
let other: string
let role: string
let configs: Recording<ExtensionConfig>
const children: Child[] = []

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  release = testbed.namespace
  other = `${release}-of-a-management-cluster`
  role = `${fullNameOf(release)}-runtime-extension-${fullNameOf(release)}`
  configs = await record(stack, '/apis/runtime.cluster.x-k8s.io/v1beta2/extensionconfigs')
  const directory = join(stack.runDirectory, `${release}-hooks`)
  const { authority, front } = writeHookCertificates(directory)
  await applyManifests(stack, [
    {
      apiVersion: 'v1',
      kind: 'Secret',
      metadata: { name: 'hooks-tls', namespace: release },
      stringData: { 'tls.crt': front.cert, 'tls.key': front.key, 'ca.crt': authority },
    } as KubernetesObject,
  ])
})

afterAll(async () => {
  try {
    await Promise.all(children.map((child) => child.stop()))
    for (const name of [release, other]) await helmOn(['uninstall', name, '--ignore-not-found'])
  } finally {
    await Promise.all([configs.close(), suite.close()])
  }
})

function fullNameOf(name: string): string {
  return `${name}-capi-vip-allocator`.slice(0, 43)
}

function helmOn(args: readonly string[]): Promise<string> {
  return runHelm(helm, [...args, `--namespace=${release}`], { KUBECONFIG: stack.kubeconfigPath })
}

/** Installs a release with its runtime extension, or upgrades it. */
function deploy(name: string, extension: object = {}, more: object = {}): Promise<string> {
  const { address, namespace } = stack.temporal
  return helmOn([
    'upgrade',
    '--install',
    name,
    chartDirectory,
    ...settings({
      namespaces: [release],
      temporal: { address, namespace, taskQueue: suite.taskQueue },
      runtimeExtension: { enabled: true, certificate: { existingSecret: 'hooks-tls' }, ...extension },
      ...more,
    }),
  ])
}

async function startReplica(name: string): Promise<Replica> {
  const [probes, hooks] = [await freePort(), await freePort()]
  const title = `replica-${children.length + 1}`
  const child = await startPodProcess(stack, {
    name: title,
    namespace: release,
    pod: await readDescribedPod(testbed.api, {
      namespace: release,
      plural: 'deployments',
      name: fullNameOf(name),
    }),
    env: {
      CAPI_VIP_ALLOCATOR_METRICS_BIND_ADDRESS: '0',
      CAPI_VIP_ALLOCATOR_HEALTH_PROBE_BIND_ADDRESS: `127.0.0.1:${probes}`,
      CAPI_VIP_ALLOCATOR_RUNTIME_EXTENSION_BIND_ADDRESS: `127.0.0.1:${hooks}`,
    },
  })
  children.push(child)
  offerEvidence({ title, collect: async () => readFileSync(child.logPath, 'utf8').slice(-9_000) })
  const url = `http://127.0.0.1:${probes}/readyz`
  await waitUntilReady(child, () => answersOk(url), 60_000)
  return {
    stop: () => child.stop(),
    detail: async () => (await fetch(`${url}/runtime-extension`)).text(),
  }
}

async function uidOfRole(name = role): Promise<string> {
  const { metadata } = await testbed.api.send<{ metadata: { uid: string } }>({
    method: 'GET',
    path: `/apis/rbac.authorization.k8s.io/v1/clusterroles/${name}`,
  })
  return metadata.uid
}

/** Waits until the garbage collector has deleted it. */
async function untilGone(name: string): Promise<void> {
  await configs.until(name, (now) => now === undefined)
}

/** Waits until a replica has tried in vain to write it. */
async function untilRefused(replica: Replica, words: RegExp): Promise<void> {
  await eventually(`${words}`, async () => (words.test(await replica.detail()) ? true : undefined))
}

describe('the ExtensionConfig of a release', () => {
  let first: Replica
  let renamed: string

  it('has the ClusterRole that permits it as its owner', async () => {
    renamed = `${release}-renamed`
    await deploy(release, { enabled: false })
    await deploy(release)
    first = await startReplica(release)
    const name = fullNameOf(release)
    const config = await configs.until(name, (now) => now !== undefined)
    expect(config?.metadata.ownerReferences).toEqual([
      { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', name: role, uid: await uidOfRole() },
    ])
    expect(await first.detail()).toMatch(/^serves patch at port \d+\n$/)
  })

  it('goes with another configName, also while replicas of before run, and the next one has its own', async () => {
    await deploy(release, { configName: renamed })
    await untilGone(fullNameOf(release))
    const second = await startReplica(release)
    await configs.until(renamed, (now) => now !== undefined)
    await second.stop()
    await expect(uidOfRole()).rejects.toThrow('404')
  })

  it('goes when the release is rolled back to a revision without it', async () => {
    await helmOn(['rollback', release, '1'])
    await untilGone(renamed)
    expect(await helmOn(['get', 'values', release, '--output=json'])).toContain('"enabled":false')
  })

  it('comes back when it is turned on again, with the ClusterRole of now as its owner, and goes when it is turned off', async () => {
    const name = fullNameOf(release)
    await deploy(release)
    const config = await configs.until(name, (now) => now !== undefined)
    expect(config?.metadata.ownerReferences).toMatchObject([{ uid: await uidOfRole() }])
    await deploy(release, { enabled: false })
    await untilGone(name)
    const count = configs.versionsOf(name).length
    await untilRefused(first, /but is not registered: get ClusterRole \S+: .*forbidden/)
    expect(configs.versionsOf(name)).toHaveLength(count)
  })

  it('comes back when somebody has replaced its ClusterRole', async () => {
    const name = fullNameOf(release)
    await deploy(release)
    const before = await configs.until(name, (now) => now !== undefined)
    const path = `/apis/rbac.authorization.k8s.io/v1/clusterroles/${role}`
    const { metadata, ...rest } = await testbed.api.send<Helms>({ method: 'GET', path })
    const { name: roleName, labels, annotations } = metadata
    await testbed.api.send({ method: 'DELETE', path })
    // Helm deletes only what says that it is the release's.
    const again: Helms = { ...rest, metadata: { name: roleName, labels, annotations } }
    await applyManifests(stack, [again])
    const uid = await uidOfRole()
    expect(before?.metadata.ownerReferences?.[0]?.uid).not.toBe(uid)
    await configs.until(name, (now) => now?.metadata.ownerReferences?.[0]?.uid === uid)
  })

  it('is not taken by another release that is to have the same name, and whoever looks learns why', async () => {
    const name = fullNameOf(release)
    await deploy(other, { configName: name })
    const second = await startReplica(other)
    const service = (of: string): string => `Service ${release}/${fullNameOf(of)}-runtime-extension`
    await untilRefused(
      second,
      new RegExp(
        `but is not registered: ExtensionConfig ${name} is that of another installation: it leads to ${service(release)}, not to ${service(other)}`,
      ),
    )
    expect(configs.versionsOf(name).at(-1)?.spec.clientConfig.service.name).toBe(`${name}-runtime-extension`)
    const { stdout } = await runCommand(
      ['doctor', `--kubeconfig=${stack.kubeconfigPath}`, `--namespace=${release}`, '--output=json'],
      { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace },
    )
    const report: Report = JSON.parse(stdout)
    expect(report.findings.map(({ found }) => found)).toContain(
      `Deployment ${release}/${fullNameOf(other)} is to register ExtensionConfig ${name} for ${service(other)}, but it leads to ${service(release)}: it is that of another installation`,
    )
    await second.stop()
    await helmOn(['uninstall', other])
    expect(configs.versionsOf(name).at(-1)?.spec.clientConfig.service.name).toBe(`${name}-runtime-extension`)
  })

  it('goes with the release, also while a replica runs, and nothing cluster-scoped is left', async () => {
    const name = fullNameOf(release)
    await helmOn(['uninstall', release])
    await untilGone(name)
    await first.stop()
    const left = await clusterScopedObjects(stack)
    expect(left.filter((object) => object.includes(release))).toEqual([])
  })
})

describe('a release whose Pods have never started', () => {
  it('is uninstalled at once, also if its name is long and its Secrets are missing', async () => {
    const secrets = { certificate: { existingSecret: 'missing' }, clientCa: { existingSecret: 'missing' } }
    await deploy(other, secrets, { mode: 'apart', temporal: { embedded: { enabled: true } } })
    const begun = performance.now()
    await helmOn(['uninstall', other])
    expect(performance.now() - begun).toBeLessThan(60_000)
    const left = await clusterScopedObjects(stack)
    expect(left.filter((object) => object.includes(release))).toEqual([])
  })
})
