import { join } from 'node:path'
import { allocatorAccount, allocatorManifests } from '../../allocator.ts'
import { build } from '../../build.ts'
import { closeAll } from '../../stack/close-all.ts'
import { applyManifests } from '../../stack/manifests.ts'
import { writeHookCertificates, type HookCertificates } from '../../hooks/hook-certificates.ts'
import type { Progress } from '../../stack/progress.ts'
import { createServiceAccountKubeconfig } from '../../stack/service-account.ts'
import { startStack, type PartName, type Stack } from '../../stack/stack.ts'
import { viewTemporal, type TemporalView } from '../../../test/e2e/temporal.ts'
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.ts'
import { startApiProxy, type ApiProxy } from '../../api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../api-proxy/kubeconfig-through.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { Profile } from './profile.ts'
import { dnsNameFlags, dnsObjects } from './dns-names.ts'
import { createFixtures } from './fixtures.ts'
import { createOtherProvider, otherPoolObjects, poolKindFlags, type OtherProvider } from './other-provider.ts'
import { openProbedHosts, type ProbedHosts } from './probed-hosts.ts'
import { createUsers, type Users } from './users.ts'
import { openUserClient, type UserClient } from './user-client.ts'

/** The system under test, with everything that acts on it: an own stack, and allocators behind two proxies. */
export interface Harness {
  readonly profile: Profile
  readonly stack: Stack
  /** Injects faults into requests and watches. */
  readonly proxy: ApiProxy
  /** In front of `proxy`; injects faults into connections. */
  readonly network: TcpProxy
  readonly fleet: Fleet
  /** Another installation for the same Clusters, with its own task queue; it runs only during a fault that starts it. */
  readonly secondFleet: Fleet
  readonly hooks: HookCertificates
  /** Has pools of a kind of its own. */
  readonly otherProvider: OtherProvider
  readonly probedHosts: ProbedHosts
  readonly temporal: TemporalView
  readonly client: UserClient
  readonly users: Users
  /** Notes that Temporal loses its data in this round. */
  readonly forgetHistory: () => void
  /** Whether it did since the last call. */
  readonly takeForgotten: () => boolean
  /** Starts all parts that do not run. */
  readonly startAllParts: () => Promise<void>
  /** Ends everything, newest first. */
  readonly close: () => Promise<void>
}

/** Starts a stack and one allocator, without waiting until the allocator is ready. */
export async function openHarness(options: {
  readonly profile: Profile
  readonly withCore: boolean
  readonly progress: Progress
}): Promise<Harness> {
  const { profile, withCore, progress } = options
  await build()
  const stack = await startStack({ clusterApiCore: withCore, progress })
  const closers: (() => Promise<unknown>)[] = [stack.stop]
  const close = (): Promise<void> => closeAll(closers)
  try {
    const { connection } = stack
    const client = openUserClient(connection)
    closers.push(client.close)
    const probedHosts = await openProbedHosts()
    closers.push(probedHosts.close)
    await createFixtures(connection, client, probedHosts.port)
    await applyManifests(connection, [...allocatorManifests, ...otherPoolObjects(), ...(await dnsObjects())])
    const otherProvider = createOtherProvider(connection, client)
    closers.push(otherProvider.stop)
    otherProvider.start()
    const temporal = await viewTemporal(connection)
    closers.push(temporal.close)
    const proxy = await startApiProxy(connection)
    closers.push(proxy.close)
    const network = await startTcpProxy({ port: Number(new URL(proxy.url).port) })
    closers.push(network.close)
    const installation = {
      stack: connection,
      kubeconfigPath: await writeKubeconfig(stack, network),
      replicas: 1,
      flags: [...poolKindFlags, ...dnsNameFlags],
    }
    const hooks = writeHookCertificates(join(connection.runDirectory, 'hooks'))
    const fleet = createFleet({ ...installation, hookFlags: hooks.flags })
    closers.push(fleet.stop)
    const secondFleet = createFleet({ ...installation, taskQueue: 'second-installation' })
    closers.push(secondFleet.stop)
    await fleet.fill()
    const parts: readonly PartName[] = [
      'etcd',
      'kube-apiserver',
      'kube-controller-manager',
      ...(withCore ? (['cluster-api-core'] as const) : []),
      'ipam-provider',
      'temporal',
    ]
    let isForgotten = false
    return {
      ...{
        profile,
        stack,
        proxy,
        network,
        fleet,
        secondFleet,
        hooks,
        otherProvider,
        probedHosts,
        temporal,
        client,
        users: createUsers(client),
        close,
      },
      forgetHistory: () => {
        isForgotten = true
      },
      takeForgotten: () => {
        const was = isForgotten
        isForgotten = false
        return was
      },
      startAllParts: async () => {
        for (const name of parts) await stack.part(name).start()
      },
    }
  } catch (error) {
    await close()
    throw error
  }
}

async function writeKubeconfig({ connection }: Stack, network: TcpProxy): Promise<string> {
  const direct = join(connection.runDirectory, 'allocator.kubeconfig')
  await createServiceAccountKubeconfig(connection, { ...allocatorAccount, outputPath: direct })
  const path = join(connection.runDirectory, 'allocator-through.kubeconfig')
  kubeconfigThrough({ url: `http://127.0.0.1:${network.port}` }, direct, path)
  return path
}
