import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { programDefinition } from '../../dev/stack/program-list.ts'
import { runCommand } from '../../dev/stack/run-command.ts'

/** The providers of a stack, as `clusterctl init` would have listed them in its inventory. */
const providers = [
  {
    name: 'cluster-api',
    providerName: 'cluster-api',
    type: 'CoreProvider',
    version: versionOf('cluster-api-core'),
  },
  {
    name: 'ipam-in-cluster',
    providerName: 'in-cluster',
    type: 'IPAMProvider',
    version: versionOf('ipam-provider-in-cluster'),
  },
  // The kinds of examples/demo-infrastructure-crds.yaml.
  { name: 'infrastructure-demo', providerName: 'demo', type: 'InfrastructureProvider', version: 'v0.1.0' },
  { name: 'control-plane-demo', providerName: 'demo', type: 'ControlPlaneProvider', version: 'v0.1.0' },
]

/** Makes two stacks management clusters in the eyes of clusterctl: with its inventory, and all providers in it. */
export async function prepareForMoves(clusterctl: string, stacks: readonly StackConnection[]): Promise<void> {
  const text = providers
    .map((provider) =>
      JSON.stringify({
        apiVersion: 'clusterctl.cluster.x-k8s.io/v1alpha3',
        kind: 'Provider',
        metadata: { name: provider.name, namespace: 'default' },
        providerName: provider.providerName,
        type: provider.type,
        version: provider.version,
      }),
    )
    .join('\n---\n')
  for (const stack of stacks) {
    // At its first contact clusterctl brings the CRD of its inventory itself.
    await run(clusterctl, stack, ['move', '--dry-run', '--namespace=default'])
    await applyManifests(stack, [{ text }])
  }
}

/** Moves all Clusters of a namespace, with everything that belongs to them. Returns when clusterctl has. */
export async function moveClusters(
  clusterctl: string,
  options: {
    readonly from: StackConnection
    readonly to: StackConnection
    readonly namespace: string
  },
): Promise<void> {
  const { from, to, namespace } = options
  await run(clusterctl, from, [
    'move',
    `--to-kubeconfig=${to.kubeconfigPath}`,
    `--namespace=${namespace}`,
    '-v=5',
  ])
}

async function run(clusterctl: string, stack: StackConnection, args: readonly string[]): Promise<void> {
  const { runDirectory: directory } = stack
  const configPath = join(directory, 'clusterctl.yaml')
  // Else it asks GitHub for newer versions of itself after every command.
  await writeFile(configPath, 'CLUSTERCTL_DISABLE_VERSIONCHECK: "true"\n')
  await runCommand({
    command: clusterctl,
    args: [...args, `--kubeconfig=${stack.kubeconfigPath}`, `--config=${configPath}`],
    cwd: directory,
    env: { XDG_CONFIG_HOME: directory },
  })
}

function versionOf(name: 'cluster-api-core' | 'ipam-provider-in-cluster'): string {
  return `v${programDefinition(name).version}`
}
