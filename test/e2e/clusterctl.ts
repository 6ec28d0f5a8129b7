import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { clusterProviders } from '../../dev/stack/cluster-providers.ts'
import type { StackConnection } from '../../dev/stack/connection.ts'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { programDefinition } from '../../dev/stack/program-list.ts'
import { runCommand } from '../../dev/stack/run-command.ts'

/** A provider in clusterctl's inventory. */
interface Provider {
  readonly name: string
  readonly providerName: string
  readonly type: string
  readonly version: string
}

/** The providers of a stack, as `clusterctl init` would have recorded them. */
function providersOf({ clusterApiVersion, wholeClusters }: StackConnection): readonly Provider[] {
  return [
    ...(wholeClusters ? providersOfWholeClusters() : []),
    {
      name: 'cluster-api',
      providerName: 'cluster-api',
      type: 'CoreProvider',
      version: `v${clusterApiVersion}`,
    },
    {
      name: 'ipam-in-cluster',
      providerName: 'in-cluster',
      type: 'IPAMProvider',
      version: `v${programDefinition('ipam-provider-in-cluster').version}`,
    },
    // The kinds of examples/demo-infrastructure-crds.yaml.
    { name: 'infrastructure-demo', providerName: 'demo', type: 'InfrastructureProvider', version: 'v0.1.0' },
    { name: 'control-plane-demo', providerName: 'demo', type: 'ControlPlaneProvider', version: 'v0.1.0' },
  ]
}

function providersOfWholeClusters(): readonly Provider[] {
  const described = {
    'control-plane-kubeadm': { providerName: 'kubeadm', type: 'ControlPlaneProvider' },
    'bootstrap-kubeadm': { providerName: 'kubeadm', type: 'BootstrapProvider' },
    'infrastructure-docker': { providerName: 'docker', type: 'InfrastructureProvider' },
  } as const
  return clusterProviders.map((name) => ({
    name,
    version: `v${programDefinition(name).version}`,
    ...described[name],
  }))
}

/**
 * Prepares stacks for clusterctl: installs its inventory, with the providers of a stack in it.
 *
 * @param isRecorded by the provider's name; all if absent
 */
export async function recordProviders(
  clusterctl: string,
  stacks: readonly StackConnection[],
  isRecorded: (name: string) => boolean = () => true,
): Promise<void> {
  for (const stack of stacks) {
    // At first use, clusterctl installs the CRD of its inventory.
    await runClusterctl(clusterctl, stack, ['move', '--dry-run', '--namespace=default'])
    const recorded = providersOf(stack).filter(({ name }) => isRecorded(name))
    const objects = recorded.map(({ name, ...provider }) => ({
      apiVersion: 'clusterctl.cluster.x-k8s.io/v1alpha3',
      kind: 'Provider',
      metadata: { name, namespace: 'default' },
      ...provider,
    }))
    await applyManifests(stack, objects)
  }
}

/** Moves all Clusters of a namespace, with all dependents. Returns when clusterctl has finished. */
export async function moveClusters(
  clusterctl: string,
  options: {
    readonly from: StackConnection
    readonly to: StackConnection
    readonly namespace: string
  },
): Promise<void> {
  const { from, to, namespace } = options
  await runClusterctl(clusterctl, from, [
    'move',
    `--to-kubeconfig=${to.kubeconfigPath}`,
    `--namespace=${namespace}`,
    '-v=5',
  ])
}

/**
 * Runs clusterctl, and resolves with what it prints.
 *
 * @param configuration lines of its configuration file
 * @throws CommandError if it fails
 */
export async function runClusterctl(
  clusterctl: string,
  stack: StackConnection,
  args: readonly string[],
  configuration = '',
): Promise<string> {
  const { runDirectory: directory } = stack
  const configPath = join(directory, 'clusterctl.yaml')
  // Otherwise clusterctl asks GitHub for newer versions after every command.
  await writeFile(configPath, `CLUSTERCTL_DISABLE_VERSIONCHECK: "true"\n${configuration}`)
  return runCommand({
    command: clusterctl,
    args: [...args, `--kubeconfig=${stack.kubeconfigPath}`, `--config=${configPath}`],
    cwd: directory,
    env: { XDG_CONFIG_HOME: directory },
  })
}

/**
 * A shell script in place of clusterctl. It adds a repository of Cluster API core to `clusterctl.yaml`, where clusterctl
 * itself finds one on the internet.
 *
 * @param componentsPath of core
 */
export function clusterctlScript(clusterctl: string, componentsPath: string): string {
  return [
    `{ echo providers:`,
    `  echo '  - {name: cluster-api, type: CoreProvider, url: "${componentsPath}"}'`,
    `  grep --invert-match '^providers:$' clusterctl.yaml; } > with-core.yaml`,
    `CLUSTERCTL_DISABLE_VERSIONCHECK=true exec '${clusterctl}' "$@" --config with-core.yaml`,
  ].join('\n')
}
