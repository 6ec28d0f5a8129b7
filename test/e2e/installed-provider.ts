import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { waitUntilReady, type Child } from '../../dev/stack/child-process.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import type { KubernetesApi } from '../../dev/stack/kubernetes-api.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { answersOk } from '../../dev/stack/readiness.ts'
import { runCommand } from '../../dev/stack/run-command.ts'
import { offerEvidence } from '../support/evidence.ts'
import { readDescribedPod, startPodProcess, type DescribedPod } from '../support/pod-process.ts'

const root = join(import.meta.dirname, '..', '..')

/** Where the manifests install the allocator. */
export const systemNamespace = 'capi-vip-allocator-system'
export const releasedVersion = 'v0.8.0'
export const nextVersion = 'v0.8.1'

/** The files of a release of our provider; the next one differs from this one by its version. */
export function providerRelease(version: string): { readonly components: string; readonly metadata: string } {
  const components = readFileSync(join(root, 'deploy/provider/components.yaml'), 'utf8')
  return {
    components: components.replaceAll(releasedVersion.slice(1), version.slice(1)),
    metadata: readFileSync(join(root, 'deploy/provider/metadata.yaml'), 'utf8'),
  }
}

/** The metadata of a release of core, as far as others ask it for its contract. */
export function coreMetadata({ clusterApiVersion }: Pick<StackConnection, 'clusterApiVersion'>): object {
  const [major, minor] = clusterApiVersion.split('.').map(Number)
  return {
    apiVersion: 'clusterctl.cluster.x-k8s.io/v1alpha3',
    kind: 'Metadata',
    releaseSeries: [{ major, minor, contract: 'v1beta2' }],
  }
}

/** Names of all cluster-scoped objects of an installation, of every kind; without the namespace, which a person may have made. */
export async function clusterScopedObjects(
  stack: Pick<StackConnection, 'paths' | 'kubeconfigPath' | 'runDirectory'>,
): Promise<readonly string[]> {
  const kubectl = (...args: readonly string[]): Promise<string> =>
    runCommand({
      command: stack.paths.kubectl,
      args: [...args, '--output=name', `--kubeconfig=${stack.kubeconfigPath}`],
      cwd: stack.runDirectory,
    })
  const kinds = await kubectl('api-resources', '--namespaced=false', '--verbs=list,delete')
  const names = await kubectl('get', kinds.trim().replaceAll('\n', ','))
  return names
    .split('\n')
    .filter((name) => name.includes('vip-allocator') && !name.startsWith('namespace/'))
    .toSorted()
}

/** A process as a Pod of the installed Deployment would run it. */
export interface DeployedProcess {
  /** The Pod of the Deployment as the API server has it. */
  readonly pod: () => Promise<DescribedPod>
  /**
   * Starts the process, on free ports, in place of the one before.
   *
   * @param env variables in addition
   * @returns the process
   */
  readonly start: (env?: Readonly<Record<string, string>>) => Promise<Child>
  /** Starts the process on the ports that its arguments name, once the one before has ended. */
  readonly startOnPorts: (ports: { readonly probes: number }) => Promise<Child>
  readonly stop: () => Promise<void>
}

/** Starts processes of the Deployment of an installation, one at a time. */
export function deployedProcess(stack: StackConnection, api: Pick<KubernetesApi, 'send'>): DeployedProcess {
  let process: Child | undefined
  let processes = 0
  const pod = (): Promise<DescribedPod> =>
    readDescribedPod(api, { namespace: systemNamespace, plural: 'deployments', name: 'capi-vip-allocator' })
  const startOn = async (probes: number, env: Readonly<Record<string, string>>): Promise<Child> => {
    processes += 1
    const name = `pod-${processes}`
    const child = await startPodProcess(stack, { name, namespace: systemNamespace, pod: await pod(), env })
    offerEvidence({ title: name, collect: async () => readFileSync(child.logPath, 'utf8').slice(-9_000) })
    process = child
    await waitUntilReady(child, () => answersOk(`http://127.0.0.1:${probes}/readyz`), 60_000)
    return child
  }
  const stop = async (): Promise<void> => {
    const ending = process
    process = undefined
    await ending?.stop()
  }
  return {
    pod,
    start: async (env = {}) => {
      const before = process
      const port = await freePort()
      const child = await startOn(port, {
        ...env,
        CAPI_VIP_ALLOCATOR_METRICS_BIND_ADDRESS: '0',
        CAPI_VIP_ALLOCATOR_HEALTH_PROBE_BIND_ADDRESS: `127.0.0.1:${port}`,
      })
      await before?.stop()
      return child
    },
    startOnPorts: async ({ probes }) => {
      await stop()
      return startOn(probes, {})
    },
    stop,
  }
}
