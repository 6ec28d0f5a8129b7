import { join } from 'node:path'
import { allocatorAccount, allocatorManifests } from '../../allocator.ts'
import { build } from '../../build.ts'
import { closeAll } from '../../stack/close-all.ts'
import { applyManifests } from '../../stack/manifests.ts'
import type { Progress } from '../../stack/progress.ts'
import { createServiceAccountKubeconfig } from '../../stack/service-account.ts'
import { startStack, type PartName, type Stack } from '../../stack/stack.ts'
import { viewTemporal, type TemporalView } from '../../../test/e2e/temporal.ts'
import { startTcpProxy, type TcpProxy } from '../../../test/support/tcp-proxy.ts'
import { startApiProxy, type ApiProxy } from '../../api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../api-proxy/kubeconfig-through.ts'
import { createFleet, type Fleet } from './fleet.ts'
import type { Form } from './form.ts'
import { prepareLand } from './land.ts'
import { peopleAt, type People } from './people.ts'
import { openSite, type Site } from './site.ts'

/** All that a run of faults acts on: a stack of its own, and the allocators behind two proxies. */
export interface Stage {
  readonly form: Form
  readonly stack: Stack
  /** What faults of requests and watches go through. */
  readonly proxy: ApiProxy
  /** In front of the other, for what happens to connections before a request is heard. */
  readonly network: TcpProxy
  readonly fleet: Fleet
  /** Another installation over the same Clusters, on a task queue of its own; nothing runs unless a fault wants it. */
  readonly secondFleet: Fleet
  readonly temporal: TemporalView
  readonly site: Site
  readonly people: People
  /** Has Temporal's history not count any more that is there when the current round is over. */
  readonly forgetHistory: () => void
  /** Whether that was asked for since the last call. */
  readonly takeForgotten: () => boolean
  /** Starts what does not run. */
  readonly startAllParts: () => Promise<void>
  /** Ends everything, newest first. */
  readonly close: () => Promise<void>
}

/** Starts a stage, with one allocator that need not be ready yet. */
export async function openStage(options: {
  readonly form: Form
  readonly withCore: boolean
  readonly progress: Progress
}): Promise<Stage> {
  const { form, withCore, progress } = options
  await build()
  const stack = await startStack({ clusterApiCore: withCore, progress })
  const closers: (() => Promise<unknown>)[] = [stack.stop]
  const close = (): Promise<void> => closeAll(closers)
  try {
    const { connection } = stack
    const site = openSite(connection)
    closers.push(site.close)
    await prepareLand(connection, site)
    await applyManifests(connection, allocatorManifests)
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
    }
    const fleet = createFleet(installation)
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
      ...{ form, stack, proxy, network, fleet, secondFleet, temporal, site, people: peopleAt(site), close },
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
