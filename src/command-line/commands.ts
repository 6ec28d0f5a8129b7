import type { AllocateOptions } from '../commands/allocate/allocate.ts'
import type { DoctorOptions } from '../commands/doctor/doctor.ts'
import type { PlanOptions } from '../commands/plan/plan.ts'
import type { ReleaseOptions } from '../commands/release/release.ts'
import { flags, runtimeExtensionFlags, type AllocatorCommand, type FlagName } from '../config.ts'
import type { NamespacedName } from '../domain/model/object-meta.ts'
import { quoted } from '../domain/quote.ts'
import { userCommand, type Argument, type Command, type Typed } from './command.ts'

const managementClusterFlags: readonly FlagName[] = ['kubeconfig', 'context', 'namespace']
const temporalFlags: readonly FlagName[] = ['task-queue', 'management-cluster']
/** Flags on which it depends what the allocator does about a Cluster. */
const eligibilityFlags: readonly FlagName[] = [
  'require-opt-in',
  'pool-kinds',
  'control-plane-variable',
  'ingress-variable',
]
const dnsFlags: readonly FlagName[] = ['control-plane-dns-name', 'ingress-dns-name']
const clusterArgument: Argument = { name: 'NAMESPACE/CLUSTER', help: 'the Cluster' }

const keptArgument: Argument = {
  name: 'TARGET',
  help: 'NAMESPACE/CLUSTER that addresses are kept for, or one address',
}

/** Every command, in the order of `--help`. The first one is the default. */
export const commands: readonly Command[] = [
  allocatorCommand('run', 'watcher and worker in one process (default)', {
    line: 'run --namespace=clusters --namespace=staging',
    meaning: 'serve the Clusters of two namespaces',
  }),
  allocatorCommand('watcher', 'start a Temporal workflow for every Cluster that needs a VIP', {
    line: 'watcher --log-format=pretty',
    meaning: 'watch, and leave the work to others',
  }),
  allocatorCommand('worker', 'run the workflows and their activities', {
    line: 'worker --log-format=pretty',
    meaning: 'work on what watchers and people start',
  }),
  userCommand<PlanOptions>({
    name: 'plan',
    summary: 'say what an allocation would do for a Cluster, and write nothing',
    argument: clusterArgument,
    flags: [...managementClusterFlags, 'default-port', ...eligibilityFlags, ...dnsFlags],
    options: [
      {
        name: 'filename',
        alias: 'f',
        metavar: 'FILE',
        help: 'plan for the Clusters in a manifest, which need not be there yet; - is standard input; repeatable',
      },
    ],
    examples: [
      {
        line: 'plan clusters/demo-cluster',
        meaning: 'which pool, which other ones and why not, and what would be written',
      },
      { line: 'plan -f cluster.yaml', meaning: 'the same for a Cluster that is yet to be created' },
      { line: 'plan clusters/demo-cluster --output=json', meaning: 'the same for a program' },
    ],
    read: planOptionsIn,
    load: async () => (await import('../commands/plan/plan.ts')).runPlan,
  }),
  userCommand<AllocateOptions>({
    name: 'allocate',
    summary: 'start the run of a Cluster, or join it, and follow it until it ends',
    argument: clusterArgument,
    flags: ['kubeconfig', 'context', ...temporalFlags],
    options: [],
    examples: [
      { line: 'allocate clusters/demo-cluster', meaning: 'follow it step by step; Ctrl-C leaves it running' },
      { line: 'allocate clusters/demo-cluster --output=yaml', meaning: 'the result for a program' },
    ],
    read: (typed) => {
      const cluster = clusterIn(typed)
      if (cluster === undefined) typed.fault(`allocate names no Cluster, expected ${clusterArgument.name}`)
      return { cluster: cluster ?? { namespace: '', name: '' } }
    },
    load: async () => (await import('../commands/allocate/allocate.ts')).runAllocate,
  }),
  userCommand({
    name: 'status',
    summary: 'show the VIP of every Cluster, and everything that is wrong; with one named, all about it',
    argument: { ...clusterArgument, help: 'one Cluster, with all that is known about it' },
    flags: [...managementClusterFlags, 'watch-filter', ...temporalFlags, ...eligibilityFlags],
    options: [
      { name: 'watch', alias: 'w', help: 'show every change as it comes, until Ctrl-C' },
      {
        name: 'problems',
        help: 'show only what waits or is wrong; the exit code is 3 where there is anything',
      },
    ],
    examples: [
      { line: 'status', meaning: 'all Clusters' },
      { line: 'status clusters/demo', meaning: 'why this Cluster has no VIP, and what to do' },
      { line: 'status --problems', meaning: 'what needs a person; for a script by the exit code' },
      { line: 'status --watch --output=json', meaning: 'one JSON object a line for every change' },
    ],
    read: (typed) => ({
      cluster: clusterIn(typed),
      watch: typed.isSet('watch'),
      problemsOnly: typed.isSet('problems'),
    }),
    load: async () => (await import('../commands/status/status.ts')).runStatus,
  }),
  userCommand({
    name: 'pools',
    summary: 'show what every pool has, who waits for it, and who will get an address',
    flags: [...managementClusterFlags, ...eligibilityFlags],
    options: [],
    examples: [
      { line: 'pools', meaning: 'all pools, and a forecast' },
      { line: 'pools --namespace=clusters', meaning: 'the pools of a namespace, and the global ones' },
    ],
    read: () => ({}),
    load: async () => (await import('../commands/pools/pools.ts')).runPools,
  }),
  userCommand<ReleaseOptions>({
    name: 'release',
    summary: 'let go of an address that is kept, so that anybody can have it',
    argument: keptArgument,
    flags: managementClusterFlags,
    options: [{ name: 'dry-run', help: 'show what would be released, and write nothing' }],
    examples: [
      { line: 'release clusters/blue --dry-run', meaning: 'what is kept for a Cluster that is gone' },
      { line: 'release clusters/blue', meaning: 'let go of that' },
      { line: 'release 10.0.0.10 --output=json', meaning: 'let go of one address, and answer as JSON' },
    ],
    read: releaseOptionsIn,
    load: async () => (await import('../commands/release/release.ts')).runRelease,
  }),
  userCommand<DoctorOptions>({
    name: 'doctor',
    summary: 'check all that the allocator needs, and say what to do',
    flags: [...managementClusterFlags, 'watch-filter', ...temporalFlags, ...eligibilityFlags, ...dnsFlags],
    options: [
      {
        name: 'fix',
        help: 'do what is safe: register missing search attributes, have endpoints by hand reserved in pools',
      },
      {
        name: 'service-account',
        metavar: 'NAMESPACE/NAME',
        help: "whose permissions are checked; default: the allocator's Deployment's, else your own",
      },
    ],
    examples: [
      { line: 'doctor', meaning: 'check everything' },
      {
        line: 'doctor --fix --output=json',
        meaning: 'register missing search attributes, and answer as JSON',
      },
      {
        line: 'doctor --service-account=capi-vip-allocator-system/capi-vip-allocator',
        meaning: 'check the permissions that the Pods have',
      },
    ],
    read: (typed) => ({ fix: typed.isSet('fix'), serviceAccount: serviceAccountIn(typed) }),
    load: async () => (await import('../commands/doctor/doctor.ts')).doctor,
  }),
  userCommand({
    name: 'uninstall-extension',
    summary: 'delete the ExtensionConfig, so that Cluster API core can start without the allocator',
    flags: ['kubeconfig', 'context', 'runtime-extension-config'],
    options: [],
    examples: [
      {
        line: 'uninstall-extension',
        meaning: 'before the allocator is uninstalled, or while core cannot start',
      },
    ],
    read: () => ({}),
    load: async () =>
      (await import('../commands/uninstall-extension/uninstall-extension.ts')).uninstallExtension,
  }),
]

/** `run`, `watcher` or `worker`: runs the allocator itself until it is stopped. */
function allocatorCommand(
  name: AllocatorCommand,
  summary: string,
  example: Command['examples'][number],
): Command {
  return {
    name,
    summary,
    flags: flags.map((flag) => flag.name).filter((flag) => isFlagOf(name, flag)),
    options: [],
    examples: [example],
    prepare: () => async (config, signal) => {
      const { runProgram } = await import('../commands/run/run.ts')
      return runProgram(name, config, signal)
    },
  }
}

/** A Worker has no informers, by which it could answer hooks. */
function isFlagOf(command: AllocatorCommand, flag: FlagName): boolean {
  return flag !== 'output' && (command !== 'worker' || !runtimeExtensionFlags.includes(flag))
}

function planOptionsIn(typed: Typed): PlanOptions {
  const cluster = clusterIn(typed)
  const files = typed.values('filename')
  if (cluster === undefined && files.length > 0) return { files }
  if (cluster !== undefined && files.length === 0) return { cluster }
  typed.fault(
    cluster === undefined
      ? `plan names no Cluster, expected ${clusterArgument.name} or --filename`
      : `plan names a Cluster and a file, expected one of them`,
  )
  return { files: [] }
}

/** Loads no library for it: an address that is none is kept nowhere. */
const looksLikeAddress = /^(?:\d{1,3}(?:\.\d{1,3}){3}|[\da-f.]*(?::[\da-f.]*){2,})$/i

function releaseOptionsIn(typed: Typed): ReleaseOptions {
  const dryRun = typed.isSet('dry-run')
  const { argument = '' } = typed
  if (looksLikeAddress.test(argument)) return { target: { address: argument }, dryRun }
  const cluster = argument.includes('/') ? clusterIn(typed) : undefined
  if (cluster === undefined) {
    typed.fault(
      typed.argument === undefined
        ? 'release names no Cluster and no address, expected NAMESPACE/CLUSTER or ADDRESS'
        : `release names ${quoted(argument)}, expected NAMESPACE/CLUSTER or ADDRESS`,
    )
  }
  return { target: { cluster: cluster ?? { namespace: '', name: '' } }, dryRun }
}

/** Reads the argument; undefined if there is none. An argument that is not `NAMESPACE/CLUSTER` is a fault. */
function clusterIn(typed: Typed): NamespacedName | undefined {
  if (typed.argument === undefined) return undefined
  // A namespace, and a name that fits into a label.
  const pattern = /^([a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?)\/([a-z0-9]([-a-z0-9.]{0,61}[a-z0-9])?)$/
  const [, namespace = '', , name = ''] = pattern.exec(typed.argument) ?? []
  if (name === '') typed.fault(`the Cluster is ${quoted(typed.argument)}, expected ${clusterArgument.name}`)
  return { namespace, name }
}

function serviceAccountIn(typed: Typed): NamespacedName | undefined {
  const value = typed.values('service-account').at(-1)
  if (value === undefined) return undefined
  const [, namespace, name] = /^([a-z0-9][-a-z0-9]*)\/([a-z0-9][-a-z0-9.]*)$/.exec(value) ?? []
  if (namespace !== undefined && name !== undefined) return { namespace, name }
  typed.fault(`--service-account is ${JSON.stringify(value)}, expected NAMESPACE/NAME`)
  return undefined
}
