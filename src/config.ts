import { dnsNameSyntax, isDnsNameTemplate, type DnsNameTemplates } from './domain/dns-name.ts'
import { handlerNames, type HandlerName } from './domain/extension/hooks.ts'
import {
  defaultExtensionConfigName,
  extensionAddressFrom,
  namespacesNamed,
  type Registration,
} from './domain/extension/registration.ts'
import { atManagementCluster } from './domain/management-cluster.ts'
import { labelSelectorFrom, labelSelectorSyntax, type LabelSelector } from './domain/model/label-selector.ts'
import type { PoolKind } from './domain/model/pool-kind.ts'
import { inClusterPoolKinds, poolKindFrom, poolKindSyntax, repeatedIn } from './domain/model/pool-kinds.ts'
import { defaultApiServerPort, defaultTaskQueue } from './domain/names.ts'
import { readProxySettings, type ProxySettings } from './domain/proxy-settings.ts'
import type { VariableNames } from './domain/role.ts'

/** The commands that run the allocator itself. The CLI commands are in `command-line/`. */
export const allocatorCommands = ['run', 'watcher', 'worker'] as const
export type AllocatorCommand = (typeof allocatorCommands)[number]

/** The whole configuration, read once; every part of the program receives the values it needs. */
export interface Config {
  /** Undefined: not served. */
  readonly metricsAddress: BindAddress | undefined
  readonly healthProbeAddress: BindAddress | undefined
  readonly defaultPort: number
  /** Path; undefined: KUBECONFIG, the user's default file, or the Pod's ServiceAccount, in this order. */
  readonly kubeconfig: string | undefined
  /** The variable KUBECONFIG: one path or several. */
  readonly kubeconfigList: string | undefined
  /** Where Kubernetes says to a Pod that the API server is; undefined outside of a Pod. */
  readonly apiServerOfPod: { readonly host: string; readonly port: string } | undefined
  readonly context: string | undefined
  /** For the API server and for Temporal. */
  readonly proxies: ProxySettings
  /** Namespaces to serve; empty: all. */
  readonly namespaces: readonly string[]
  /** Only Clusters whose `cluster.x-k8s.io/watch-filter` label has this value. */
  readonly watchFilter: string | undefined
  /** With the name of the management cluster, if there is one. */
  readonly taskQueue: string
  /** Distinguishes this management cluster from others in the same Temporal namespace; undefined: it has that for itself. */
  readonly managementCluster: string | undefined
  /** Register missing search attributes in Temporal at the start. */
  readonly registerSearchAttributes: boolean
  readonly variables: VariableNames
  readonly dnsNames: DnsNameTemplates
  /** Only Clusters that ask for a VIP have one. */
  readonly requiresOptIn: boolean
  /** The kinds of pools that are used. */
  readonly poolKinds: readonly PoolKind[]
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  /** How CLI commands show their answer. */
  readonly output: OutputFormat
  /** Whether the terminal shows more than ASCII, by LC_ALL, LC_CTYPE and LANG. */
  readonly isUtf8: boolean
  /** Whether OpenTelemetry's own variables ask for traces. */
  readonly traces: boolean
  /** The version of the Worker in Temporal; undefined: it is not versioned. */
  readonly workerVersion: WorkerVersion | undefined
  /** Undefined: not served. */
  readonly runtimeExtension: RuntimeExtensionConfig | undefined
  /** Name of its ExtensionConfig. */
  readonly extensionConfigName: string
  /** About flags of other programs that mean nothing here. */
  readonly warnings: readonly string[]
}

/** A version of a Worker Deployment of Temporal. */
export interface WorkerVersion {
  readonly deploymentName: string
  readonly buildId: string
}

/** The runtime extension of Cluster API. The files are PEM. */
export interface RuntimeExtensionConfig {
  readonly address: BindAddress
  readonly certificate: string
  readonly key: string
  /** Authority of the clients that are answered; undefined: anybody is. */
  readonly clientCa: string | undefined
  readonly handlers: readonly HandlerName[]
  /** Its `authority` is a path. Undefined: somebody else registers it. */
  readonly registration: Registration | undefined
}

/** Where a server listens; an empty host means every interface. */
export interface BindAddress {
  readonly host: string
  readonly port: number
}

export const logLevels = ['debug', 'info', 'warn', 'error'] as const
export type LogLevel = (typeof logLevels)[number]
const logFormats = ['json', 'pretty'] as const
export type LogFormat = (typeof logFormats)[number]
const outputFormats = ['table', 'json', 'yaml'] as const
export type OutputFormat = (typeof outputFormats)[number]

/** All faults of a command line and its environment, for people to read. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'

  constructor(faults: readonly string[]) {
    super(`${faults.join('\n')}\nSee capi-vip-allocator --help`)
  }
}

export interface Flag {
  readonly name: string
  readonly alias?: string
  readonly fallback?: string
  /** The name of its value; absent for a switch. */
  readonly metavar?: string
  readonly help: string
}

/** The flags, in the order of `--help`. Each has an environment variable, see `environmentVariableFor`. */
export const flags = [
  { name: 'metrics-bind-address', fallback: ':8080', metavar: '[HOST]:PORT', help: 'serves /metrics' },
  {
    name: 'health-probe-bind-address',
    fallback: ':8081',
    metavar: '[HOST]:PORT',
    help: 'serves /healthz and /readyz',
  },
  {
    name: 'default-port',
    fallback: String(defaultApiServerPort),
    metavar: 'PORT',
    help: 'port of an endpoint for which the Cluster names none',
  },
  { name: 'kubeconfig', metavar: 'FILE', help: 'how to reach the management cluster' },
  { name: 'context', metavar: 'NAME', help: 'context of the kubeconfig' },
  { name: 'namespace', metavar: 'NAME', help: 'this namespace only; repeatable; none: all' },
  {
    name: 'watch-filter',
    metavar: 'VALUE',
    help: 'only Clusters with this value of the label cluster.x-k8s.io/watch-filter',
  },
  { name: 'task-queue', fallback: defaultTaskQueue, metavar: 'NAME', help: 'Temporal task queue' },
  {
    name: 'management-cluster',
    metavar: 'NAME',
    help: 'name of this management cluster, where several share a Temporal namespace',
  },
  {
    name: 'register-search-attributes',
    fallback: 'false',
    help: 'register search attributes in Temporal at the start, where they are missing',
  },
  {
    name: 'require-opt-in',
    fallback: 'false',
    help: 'serve only Clusters that ask for a VIP, by annotation',
  },
  {
    name: 'pool-kinds',
    metavar: 'KIND.GROUP[/VERSION]',
    help: "kind of pools to use; repeatable; none: the in-cluster IPAM provider's",
  },
  {
    name: 'control-plane-variable',
    fallback: 'clusterVip',
    metavar: 'NAMES',
    help: 'ClusterClass variables that receive the control-plane VIP, unless the class names others',
  },
  {
    name: 'ingress-variable',
    fallback: 'ingressVip',
    metavar: 'NAMES',
    help: 'ClusterClass variables that receive the ingress VIP, unless the class names others',
  },
  {
    name: 'control-plane-dns-name',
    metavar: 'TEMPLATE',
    help: 'DNS name of control-plane VIPs, such as {cluster}.{namespace}.k8s.example.com, as DNSEndpoint of external-dns',
  },
  { name: 'ingress-dns-name', metavar: 'TEMPLATE', help: 'the same for ingress VIPs' },
  {
    name: 'runtime-extension-bind-address',
    fallback: '0',
    metavar: '[HOST]:PORT',
    help: 'serves the hooks of Cluster API, over HTTPS',
  },
  {
    name: 'runtime-extension-certificate',
    metavar: 'FILE',
    help: 'certificate of the hooks; read again when it changes',
  },
  { name: 'runtime-extension-key', metavar: 'FILE', help: 'private key of that certificate' },
  {
    name: 'runtime-extension-client-ca',
    metavar: 'FILE',
    help: 'certificate authority of the only clients that the hooks answer',
  },
  {
    name: 'runtime-extension-handlers',
    fallback: 'patch',
    metavar: handlerNames.join('|'),
    help: 'hooks to serve, with commas',
  },
  {
    name: 'runtime-extension-register',
    metavar: 'NAMESPACE/SERVICE[:PORT]|URL',
    help: 'registers the hooks with core, which reaches them there',
  },
  {
    name: 'runtime-extension-ca',
    metavar: 'FILE',
    help: 'certificate authority by which core verifies the hooks',
  },
  {
    name: 'runtime-extension-namespace-selector',
    metavar: 'SELECTOR',
    help: 'Namespaces for which core calls; none: those of --namespace, else all',
  },
  {
    name: 'runtime-extension-config',
    fallback: defaultExtensionConfigName,
    metavar: 'NAME',
    help: 'name of the ExtensionConfig',
  },
  {
    name: 'runtime-extension-owner',
    metavar: 'NAME',
    help: 'ClusterRole whose deletion takes the ExtensionConfig along',
  },
  { name: 'log-level', fallback: 'info', metavar: logLevels.join('|'), help: 'least severe lines to write' },
  { name: 'log-format', fallback: 'json', metavar: logFormats.join('|'), help: 'how lines are written' },
  {
    name: 'output',
    alias: 'o',
    fallback: 'table',
    metavar: outputFormats.join('|'),
    help: 'how a command for people shows its answer',
  },
] as const satisfies readonly Flag[]

export type FlagName = (typeof flags)[number]['name']

/** The flags of the hooks, which only a process with informers can answer. */
export const runtimeExtensionFlags: readonly FlagName[] = flags
  .map(({ name }) => name)
  .filter((name) => name.startsWith('runtime-extension-'))

/** `--task-queue` can be given as `CAPI_VIP_ALLOCATOR_TASK_QUEUE`; repeatable ones take a comma-separated list. */
export function environmentVariableFor(flag: string): string {
  return `CAPI_VIP_ALLOCATOR_${flag.replaceAll('-', '_').toUpperCase()}`
}

/** The values of each flag on the command line. */
type FlagValues = Readonly<Record<string, readonly string[] | undefined>>

/**
 * Reads the flags of one command. A flag overrides its variable, and a variable overrides the default.
 *
 * @param taken the flags that the command accepts; all others have their defaults
 * @param faults receives every fault: the flag or variable, its value, and what was expected
 * @param typedAs the flags of other programs that stand for ours
 */
export function readConfig(
  taken: readonly FlagName[],
  values: FlagValues,
  env: NodeJS.ProcessEnv,
  faults: string[],
  typedAs: Readonly<Partial<Record<FlagName, string>>> = {},
): Config {
  const { one, list } = createReaders(taken, values, env, faults, typedAs)
  const managementCluster = one('management-cluster', managementClusterName, undefined)
  const namespaces = list('namespace', kubernetesName)
  return {
    metricsAddress: addressOf(one('metrics-bind-address', bindAddress, 'off')),
    healthProbeAddress: addressOf(one('health-probe-bind-address', bindAddress, 'off')),
    defaultPort: one('default-port', port, 0),
    kubeconfig: one('kubeconfig', notEmpty, undefined),
    kubeconfigList: env['KUBECONFIG'] || undefined,
    apiServerOfPod: apiServerOfPod(env),
    context: one('context', notEmpty, undefined),
    proxies: readProxySettings(env, faults),
    namespaces,
    watchFilter: one('watch-filter', labelValue, undefined),
    taskQueue: atManagementCluster(one('task-queue', taskQueueName, ''), managementCluster),
    managementCluster,
    registerSearchAttributes: one('register-search-attributes', oneOf(['true', 'false']), 'false') === 'true',
    poolKinds: poolKindsIn(list('pool-kinds', poolKind), values, faults),
    requiresOptIn: one('require-opt-in', oneOf(['true', 'false']), 'false') === 'true',
    variables: {
      'control-plane': one('control-plane-variable', variablePaths, ''),
      ingress: one('ingress-variable', variablePaths, ''),
    },
    dnsNames: dnsNamesIn(one, faults),
    logLevel: one('log-level', oneOf(logLevels), 'info'),
    logFormat: one('log-format', oneOf(logFormats), 'json'),
    output: one('output', oneOf(outputFormats), 'table'),
    isUtf8: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    // Only the allocator itself makes spans, and has a Worker.
    traces: taken.includes('metrics-bind-address') && tracesIn(env, faults),
    workerVersion: taken.includes('metrics-bind-address') ? workerVersionIn(env, faults) : undefined,
    ...extensionSettings({ one }, namespaces, faults),
    warnings: [],
  }
}

function apiServerOfPod(env: NodeJS.ProcessEnv): Config['apiServerOfPod'] {
  const [host, port] = [env['KUBERNETES_SERVICE_HOST'], env['KUBERNETES_SERVICE_PORT']]
  return host && port ? { host, port } : undefined
}

const poolKind: Format<PoolKind> = { expected: poolKindSyntax, parse: poolKindFrom }

/** @param named by the flag or its variable */
function poolKindsIn(named: readonly PoolKind[], values: FlagValues, faults: string[]): readonly PoolKind[] {
  const source = values['pool-kinds'] === undefined ? environmentVariableFor('pool-kinds') : '--pool-kinds'
  for (const name of repeatedIn(named)) {
    faults.push(`${source} is ${JSON.stringify(name)} twice, expected every kind once, in one version`)
  }
  return named.length === 0 ? inClusterPoolKinds : named
}

/** Readers of single flags. An unreadable value is a fault and yields the placeholder. */
function createReaders(
  taken: readonly FlagName[],
  values: FlagValues,
  env: NodeJS.ProcessEnv,
  faults: string[],
  typedAs: Readonly<Partial<Record<FlagName, string>>>,
) {
  /** `""` if the variable is not set, or the command does not accept it. */
  const fromEnv = (name: FlagName): string =>
    taken.includes(name) ? (env[environmentVariableFor(name)] ?? '') : ''
  const read = <T>(text: string, source: string, { expected, parse }: Format<T>): T | undefined => {
    const value = parse(text)
    if (value === undefined) faults.push(`${source} is ${JSON.stringify(text)}, expected ${expected}`)
    return value
  }
  return {
    one: <T, P>(name: FlagName, format: Format<T>, placeholder: P): T | P => {
      // The last one counts, as with Go's flags.
      const typed = values[name]?.at(-1)
      const variable = fromEnv(name)
      const source =
        typed === undefined && variable !== '' ? environmentVariableFor(name) : `--${typedAs[name] ?? name}`
      const flag: Flag | undefined = flags.find((each) => each.name === name)
      const text = typed ?? (variable || flag?.fallback)
      return text === undefined ? placeholder : (read(text, source, format) ?? placeholder)
    },
    list: <T>(name: FlagName, format: Format<T>): readonly T[] => {
      const given = values[name]
      const source = given === undefined ? environmentVariableFor(name) : `--${name}`
      const entries =
        given ??
        fromEnv(name)
          .split(',')
          .filter((entry) => entry !== '')
      return entries.flatMap((entry) => read(entry.trim(), source, format) ?? [])
    },
  }
}

/** OpenTelemetry's variables for the destination of spans; its SDK reads these and all others itself. */
export const traceEndpointVariables = [
  'OTEL_EXPORTER_OTLP_TRACES_ENDPOINT',
  'OTEL_EXPORTER_OTLP_ENDPOINT',
] as const

/** An unreadable address is a fault, since the SDK would ignore it and send spans to localhost. */
function tracesIn(env: NodeJS.ProcessEnv, faults: string[]): boolean {
  if (/^true$/i.test(env['OTEL_SDK_DISABLED'] ?? '') || env['OTEL_TRACES_EXPORTER'] === 'none') return false
  const given = traceEndpointVariables.filter((variable) => (env[variable] ?? '').trim() !== '')
  for (const variable of given) {
    // Not quoted, as it may contain a password.
    if (!/^https?:$/.test(URL.parse(env[variable] ?? '')?.protocol ?? '')) {
      faults.push(`${variable} cannot be read, expected a URL such as http://collector:4318`)
    }
  }
  return given.length > 0
}

/** Variables of a Worker's version, by the names that the Temporal Worker Controller gives them. */
export const workerVersionVariables = {
  deploymentName: 'TEMPORAL_DEPLOYMENT_NAME',
  buildId: 'TEMPORAL_WORKER_BUILD_ID',
} as const

/** A versioned Worker gets no work before its version is the current one, so half a version is a fault. */
function workerVersionIn(env: NodeJS.ProcessEnv, faults: string[]): WorkerVersion | undefined {
  const names = workerVersionVariables
  const deploymentName = env[names.deploymentName] ?? ''
  const buildId = env[names.buildId] ?? ''
  if (deploymentName !== '' && buildId !== '') return { deploymentName, buildId }
  if (deploymentName !== buildId) {
    const [set, missing] =
      deploymentName === '' ? [names.buildId, names.deploymentName] : [names.deploymentName, names.buildId]
    const value = JSON.stringify(deploymentName || buildId)
    faults.push(`${set} is ${value} and ${missing} is not set, expected both or none`)
  }
  return undefined
}

/** Two VIPs of a Cluster with one name would be one record with two addresses. */
function dnsNamesIn(one: ReturnType<typeof createReaders>['one'], faults: string[]): DnsNameTemplates {
  const names = {
    'control-plane': one('control-plane-dns-name', dnsNameTemplate, ''),
    ingress: one('ingress-dns-name', dnsNameTemplate, ''),
  }
  if (names.ingress !== '' && names.ingress === names['control-plane']) {
    faults.push(
      `--ingress-dns-name is ${JSON.stringify(names.ingress)}, and --control-plane-dns-name is the same, expected two names`,
    )
  }
  return names
}

/** @param namespaces that are served */
function extensionSettings(
  { one }: Pick<ReturnType<typeof createReaders>, 'one'>,
  namespaces: readonly string[],
  faults: string[],
): Pick<Config, 'runtimeExtension' | 'extensionConfigName'> {
  const before = faults.length
  const extensionConfigName = one('runtime-extension-config', extensionConfigFormat, '')
  const selected = one('runtime-extension-namespace-selector', labelSelector, undefined)
  const registration = {
    name: extensionConfigName,
    address: one('runtime-extension-register', extensionAddress, undefined),
    authority: one('runtime-extension-ca', notEmpty, undefined),
    namespaces: selected ?? namespacesNamed(namespaces),
    owner: one('runtime-extension-owner', clusterRoleName, undefined),
  }
  const served = {
    address: addressOf(one('runtime-extension-bind-address', bindAddress, 'off')),
    certificate: one('runtime-extension-certificate', notEmpty, undefined),
    key: one('runtime-extension-key', notEmpty, undefined),
    clientCa: one('runtime-extension-client-ca', notEmpty, undefined),
    handlers: one('runtime-extension-handlers', listOf(handlerNames), []),
  }
  // A flag that cannot be read would count as one that is missing.
  const combined = faults.length === before ? faults : []
  const runtimeExtension = runtimeExtensionIn(
    { ...served, registration: registrationIn(registration, combined) },
    combined,
  )
  return { runtimeExtension, extensionConfigName }
}

/** Without a certificate, core would not call: half a configuration is a fault. */
function runtimeExtensionIn(
  {
    address,
    certificate,
    key,
    ...others
  }: { readonly [K in keyof RuntimeExtensionConfig]: RuntimeExtensionConfig[K] | undefined } & Pick<
    RuntimeExtensionConfig,
    'handlers'
  >,
  faults: string[],
): RuntimeExtensionConfig | undefined {
  if (address === undefined) {
    const rest = [certificate, key, others.clientCa, others.registration]
    if (rest.some((each) => each !== undefined)) {
      faults.push(
        '--runtime-extension-bind-address is not given, expected it beside the other flags of the runtime extension',
      )
    }
    return undefined
  }
  if (certificate !== undefined && key !== undefined) return { ...others, address, certificate, key }
  const missing = certificate === undefined ? 'certificate' : 'key'
  faults.push(
    `--runtime-extension-bind-address is given without --runtime-extension-${missing}, expected the files of certificate and key`,
  )
  return undefined
}

/** Core calls no extension that it cannot verify. */
function registrationIn(
  {
    address,
    authority,
    ...others
  }: { readonly [K in keyof Registration]: Registration[K] | undefined } & Pick<
    Registration,
    'name' | 'namespaces' | 'owner'
  >,
  faults: string[],
): Registration | undefined {
  if (address !== undefined && authority !== undefined) return { ...others, address, authority }
  if (address === undefined && authority === undefined) {
    if (others.owner !== undefined) {
      faults.push(
        '--runtime-extension-owner is given without --runtime-extension-register, expected what it is to own',
      )
    }
    return undefined
  }
  const [given, missing] = address === undefined ? ['ca', 'register'] : ['register', 'ca']
  faults.push(
    `--runtime-extension-${given} is given without --runtime-extension-${missing}, expected both or none`,
  )
  return undefined
}

/** How a text is read; undefined if it cannot be. */
interface Format<T> {
  readonly expected: string
  readonly parse: (text: string) => T | undefined
}

function matching(pattern: RegExp, expected: string): Format<string> {
  return { expected, parse: (text) => (pattern.test(text) ? text : undefined) }
}

function oneOf<T extends string>(words: readonly T[]): Format<T> {
  return { expected: words.join(', '), parse: (text) => words.find((word) => word === text) }
}

function listOf<T extends string>(words: readonly T[]): Format<readonly T[]> {
  return {
    expected: `one or more of ${words.join(', ')}`,
    parse: (text) => {
      const named = text.split(',').map((each) => words.find((word) => word === each.trim()))
      const known = named.filter((word) => word !== undefined)
      return known.length === named.length ? [...new Set(known)] : undefined
    },
  }
}

const extensionAddress: Format<ReturnType<typeof extensionAddressFrom> & object> = {
  expected: 'NAMESPACE/SERVICE[:PORT], or a URL that begins with https://',
  parse: extensionAddressFrom,
}

const labelSelector: Format<LabelSelector> = { expected: labelSelectorSyntax, parse: labelSelectorFrom }

/** Core makes the names of handlers from it, which have no other dot. */
const extensionConfigFormat = matching(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'a name of small letters, digits and hyphens',
)

/** One segment of a path. */
const clusterRoleName = matching(/^(?!\.{1,2}$)[^/%\s]+$/, 'the name of a ClusterRole')

const notEmpty = matching(/^.+$/s, 'a value that is not empty')
const kubernetesName = matching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/, 'a Kubernetes namespace name')
const labelValue = matching(/^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/, 'a label value')
const managementClusterName = matching(
  /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/,
  'at most 63 small letters, digits and hyphens, such as east-1',
)
const taskQueueName = matching(/^\S{1,200}$/, 'a name without spaces')
/** `name` or `name.field.field`, several with commas. */
const variablePaths = matching(
  /^[A-Za-z_][\w-]*(\.[\w-]+)*( *, *[A-Za-z_][\w-]*(\.[\w-]+)*)*$/,
  'the names of ClusterClass variables, such as clusterVip or network.vip,vip',
)

const dnsNameTemplate: Format<string> = {
  expected: dnsNameSyntax,
  parse: (text) => (isDnsNameTemplate(text) ? text : undefined),
}

const port: Format<number> = {
  expected: 'an integer from 1 to 65535',
  parse: (text) => {
    const number = /^\d{1,9}$/.test(text) ? Number(text) : 0
    return number >= 1 && number <= 65535 ? number : undefined
  },
}

function addressOf(address: BindAddress | 'off'): BindAddress | undefined {
  return address === 'off' ? undefined : address
}

/** As controller-runtime reads it: `0` is off. A port alone is accepted, too. */
const bindAddress: Format<BindAddress | 'off'> = {
  expected: '[HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for none',
  parse: (text) => {
    if (text === '0') return 'off'
    const [, host = '', digits = ''] = /^(?:(\[[0-9a-fA-F:.]+\]|[^:\s]*):)?(\d{1,5})$/.exec(text) ?? []
    if (digits === '' || Number(digits) > 65535) return undefined
    return { host: host.replace(/^\[|\]$/g, ''), port: Number(digits) }
  },
}
