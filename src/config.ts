import { defaultApiServerPort, defaultTaskQueue } from './domain/names.ts'
import type { VariableNames } from './domain/role.ts'

/** The commands that run the allocator itself. The CLI commands are in `command-line/`. */
export const allocatorCommands = ['run', 'watcher', 'worker'] as const
export type AllocatorCommand = (typeof allocatorCommands)[number]

/** The whole configuration, read once; every part of the program receives the values it needs. */
export interface Config {
  readonly metricsAddress: BindAddress
  readonly healthProbeAddress: BindAddress
  readonly defaultPort: number
  /** Path; undefined: KUBECONFIG, the user's default file, or the Pod's ServiceAccount, in this order. */
  readonly kubeconfig: string | undefined
  readonly context: string | undefined
  /** Namespaces to serve; empty: all. */
  readonly namespaces: readonly string[]
  /** Only Clusters whose `cluster.x-k8s.io/watch-filter` label has this value. */
  readonly watchFilter: string | undefined
  readonly taskQueue: string
  /** Register missing search attributes in Temporal at the start. */
  readonly registerSearchAttributes: boolean
  readonly variables: VariableNames
  readonly logLevel: LogLevel
  readonly logFormat: LogFormat
  /** How CLI commands show their answer. */
  readonly output: OutputFormat
  /** Whether the terminal shows more than ASCII, by LC_ALL, LC_CTYPE and LANG. */
  readonly isUtf8: boolean
  /** Whether OpenTelemetry's own variables ask for traces. */
  readonly traces: boolean
}

/** Where a server listens; an empty host means every interface. */
export interface BindAddress {
  readonly host: string
  readonly port: number
}

const logLevels = ['debug', 'info', 'warn', 'error'] as const
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

interface Flag {
  readonly name: string
  readonly alias?: string
  readonly fallback?: string
  readonly repeatable?: true
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
  {
    name: 'namespace',
    repeatable: true,
    metavar: 'NAME',
    help: 'this namespace only; repeatable; none: all',
  },
  {
    name: 'watch-filter',
    metavar: 'VALUE',
    help: 'only Clusters with this value of the label cluster.x-k8s.io/watch-filter',
  },
  { name: 'task-queue', fallback: defaultTaskQueue, metavar: 'NAME', help: 'Temporal task queue' },
  {
    name: 'register-search-attributes',
    fallback: 'false',
    help: 'register search attributes in Temporal at the start, where they are missing',
  },
  {
    name: 'control-plane-variable',
    fallback: 'clusterVip',
    metavar: 'NAME',
    help: 'ClusterClass variable that receives the control-plane VIP',
  },
  {
    name: 'ingress-variable',
    fallback: 'ingressVip',
    metavar: 'NAME',
    help: 'ClusterClass variable that receives the ingress VIP',
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

/** `--task-queue` can be given as `CAPI_VIP_ALLOCATOR_TASK_QUEUE`; repeatable ones take a comma-separated list. */
export function environmentVariableFor(flag: FlagName): string {
  return `CAPI_VIP_ALLOCATOR_${flag.replaceAll('-', '_').toUpperCase()}`
}

/** The values of each flag on the command line. */
export type FlagValues = Readonly<Record<string, readonly string[] | undefined>>

/**
 * Reads the flags of one command. A flag overrides its variable, and a variable overrides the default.
 *
 * @param taken the flags that the command accepts; all others have their defaults
 * @param faults receives every fault: the flag or variable, its value, and what was expected
 */
export function readConfig(
  taken: readonly FlagName[],
  values: FlagValues,
  env: NodeJS.ProcessEnv,
  faults: string[],
): Config {
  const settings = new Settings(taken, values, env, faults)
  return {
    metricsAddress: settings.bindAddress('metrics-bind-address'),
    healthProbeAddress: settings.bindAddress('health-probe-bind-address'),
    defaultPort: settings.integer('default-port', 1, 65535),
    kubeconfig: settings.optional('kubeconfig'),
    context: settings.optional('context'),
    namespaces: settings.list('namespace', kubernetesName, 'a Kubernetes namespace name'),
    watchFilter: settings.optional('watch-filter', labelValue, 'a label value'),
    taskQueue: settings.text('task-queue', /^\S{1,200}$/, 'a name without spaces'),
    registerSearchAttributes: settings.oneOf('register-search-attributes', switchWords) === 'true',
    variables: {
      'control-plane': settings.text('control-plane-variable', variableName, variableExpected),
      ingress: settings.text('ingress-variable', variableName, variableExpected),
    },
    logLevel: settings.oneOf('log-level', logLevels),
    logFormat: settings.oneOf('log-format', logFormats),
    output: settings.oneOf('output', outputFormats),
    isUtf8: /utf-?8/i.test(env['LC_ALL'] || env['LC_CTYPE'] || env['LANG'] || ''),
    // Only the allocator itself makes spans.
    traces: taken.includes('metrics-bind-address') && tracesIn(env, faults),
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

const kubernetesName = /^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/
const labelValue = /^[A-Za-z0-9]([-\w.]{0,61}[A-Za-z0-9])?$/
const variableName = /^[A-Za-z_][\w.-]{0,255}$/
const switchWords = ['true', 'false'] as const
const variableExpected = 'the name of a ClusterClass variable'

/** Reads single flags and collects faults. A faulty flag yields a placeholder, which is never used. */
class Settings {
  readonly #taken: readonly FlagName[]
  readonly #values: FlagValues
  readonly #env: NodeJS.ProcessEnv
  readonly #faults: string[]

  constructor(taken: readonly FlagName[], values: FlagValues, env: NodeJS.ProcessEnv, faults: string[]) {
    this.#taken = taken
    this.#values = values
    this.#env = env
    this.#faults = faults
  }

  text(name: FlagName, pattern: RegExp, expected: string): string {
    const { value = '', source } = this.#find(name)
    return pattern.test(value) ? value : this.#fault(source, value, expected, '')
  }

  optional(name: FlagName, pattern = /^.+$/s, expected = 'a value that is not empty'): string | undefined {
    const { value, source } = this.#find(name)
    if (value === undefined || pattern.test(value)) return value
    return this.#fault(source, value, expected, undefined)
  }

  list(name: FlagName, pattern: RegExp, expected: string): readonly string[] {
    const given = this.#values[name]
    const [source, entries] =
      given === undefined
        ? [
            environmentVariableFor(name),
            this.#fromEnv(name)
              .split(',')
              .filter((entry) => entry !== ''),
          ]
        : [`--${name}`, given]
    return entries
      .map((entry) => entry.trim())
      .filter((entry) => pattern.test(entry) || this.#fault(source, entry, expected, false))
  }

  integer(name: FlagName, least: number, most: number): number {
    const { value = '', source } = this.#find(name)
    const number = /^\d{1,9}$/.test(value) ? Number(value) : Number.NaN
    return number >= least && number <= most
      ? number
      : this.#fault(source, value, `an integer from ${least} to ${most}`, least)
  }

  oneOf<T extends string>(name: FlagName, words: readonly [T, ...T[]]): T {
    const { value = '', source } = this.#find(name)
    return words.find((word) => word === value) ?? this.#fault(source, value, words.join(', '), words[0])
  }

  bindAddress(name: FlagName): BindAddress {
    const { value = '', source } = this.#find(name)
    const [, host = '', port = ''] = /^(\[[0-9a-fA-F:.]+\]|[^:\s]*):(\d{1,5})$/.exec(value) ?? []
    if (port !== '' && Number(port) <= 65535)
      return { host: host.replace(/^\[|\]$/g, ''), port: Number(port) }
    return this.#fault(source, value, '[HOST]:PORT, such as :8080 or 127.0.0.1:8080', { host: '', port: 0 })
  }

  #find(name: FlagName): { readonly value: string | undefined; readonly source: string } {
    const given = this.#values[name]
    if (given !== undefined) {
      if (given.length > 1) this.#faults.push(`--${name} is given ${given.length} times, expected once`)
      return { value: given.at(-1), source: `--${name}` }
    }
    const fromEnv = this.#fromEnv(name)
    if (fromEnv !== '') return { value: fromEnv, source: environmentVariableFor(name) }
    const flag: Flag | undefined = flags.find((known) => known.name === name)
    return { value: flag?.fallback, source: `--${name}` }
  }

  /** `""` if the variable is not set, or the command does not accept it. */
  #fromEnv(name: FlagName): string {
    return this.#taken.includes(name) ? (this.#env[environmentVariableFor(name)] ?? '') : ''
  }

  #fault<T>(source: string, value: string, expected: string, harmless: T): T {
    this.#faults.push(`${source} is ${JSON.stringify(value)}, expected ${expected}`)
    return harmless
  }
}
