import { logLevels, type FlagName, type LogFormat, type LogLevel } from '../config.ts'

/*
 * Flags of the predecessor 0.7.1, of controller-runtime's managers and of Cluster API's providers, which manifests and the
 * Cluster API operator pass. A flag of the same meaning becomes ours; any other is accepted with a warning.
 */

interface Equivalent {
  readonly means: FlagName
  /** Our value for theirs; undefined if it cannot be read. */
  readonly value?: (text: string) => string | undefined
  /** What `value` can read. */
  readonly expected?: string
}

const equivalents: Readonly<Record<string, Equivalent>> = {
  'health-addr': { means: 'health-probe-bind-address' },
  'diagnostics-address': { means: 'metrics-bind-address' },
  'metrics-addr': { means: 'metrics-bind-address' },
  'metrics-bind-addr': { means: 'metrics-bind-address' },
  v: { means: 'log-level', value: levelOfVerbosity, expected: 'a number' },
  'zap-log-level': {
    means: 'log-level',
    value: levelOfZap,
    expected: 'debug, info, warn, error, panic or a number',
  },
  'logging-format': { means: 'log-format', value: formatOfLogging, expected: 'json or text' },
}

const everyReplicaWorks = 'all replicas work at once, without a leader'
const noWebhooks = 'the allocator serves no webhooks'
const ownLog = 'see --log-level and --log-format'
const noExtension = 'its runtime extension is another one; see --runtime-extension-bind-address'
const workerLimits = 'the Worker limits its own concurrency'

/** Why a flag means nothing here. */
const meaningless: Readonly<Record<string, string>> = {
  'leader-elect': everyReplicaWorks,
  'enable-leader-election': everyReplicaWorks,
  'leader-elect-lease-duration': everyReplicaWorks,
  'leader-elect-renew-deadline': everyReplicaWorks,
  'leader-elect-retry-period': everyReplicaWorks,
  'leader-election-id': everyReplicaWorks,
  'leader-election-namespace': everyReplicaWorks,
  'enable-reconciler': 'the allocator always reconciles',
  'enable-runtime-extension': noExtension,
  'runtime-extension-port': noExtension,
  'runtime-extension-cert-dir': noExtension,
  'runtime-extension-name': noExtension,
  'webhook-host': noWebhooks,
  'webhook-port': noWebhooks,
  'webhook-cert-dir': noWebhooks,
  'webhook-cert-name': noWebhooks,
  'webhook-key-name': noWebhooks,
  'sync-period': 'every kind is listed again each 5 to 10 minutes',
  'insecure-diagnostics': 'metrics are served without TLS and authentication',
  'tls-min-version': 'the allocator serves no TLS',
  'tls-cipher-suites': 'the allocator serves no TLS',
  'profiler-address': 'there is no profiler',
  'contention-profiling': 'there is no profiler',
  'kube-api-qps': 'requests are not limited by rate',
  'kube-api-burst': 'requests are not limited by rate',
  concurrency: workerLimits,
  'max-concurrent-reconciles': workerLimits,
  'feature-gates': 'there are no feature gates',
  'zap-devel': ownLog,
  'zap-encoder': ownLog,
  'zap-stacktrace-level': ownLog,
  'zap-time-encoding': ownLog,
}

/** Those that take no value of their own. A `true` or `false` behind one is dropped with it. */
const switches = new Set([
  'leader-elect',
  'enable-leader-election',
  'enable-reconciler',
  'enable-runtime-extension',
  'insecure-diagnostics',
  'contention-profiling',
  'zap-devel',
])

export interface Translation {
  readonly argv: readonly string[]
  /** One for each flag that has no effect here. */
  readonly warnings: readonly string[]
  /** For values that cannot be read: the flag, its value, and what was expected. */
  readonly faults: readonly string[]
  /** The flags that were typed instead of ours, by the name of ours. */
  readonly typedAs: Readonly<Partial<Record<FlagName, string>>>
}

/** A flag of another program that becomes ours. */
interface Translated {
  readonly name: string
  readonly means: FlagName
  readonly value: string
}

/** A translation that changes nothing. */
export function untranslated(argv: readonly string[]): Translation {
  return { argv, warnings: [], faults: [], typedAs: {} }
}

/** Replaces or drops the flags of other programs. Words that are nobody's flag stay. */
export function translateFlags(argv: readonly string[]): Translation {
  const words: string[] = []
  const translated: Translated[] = []
  const warnings = new Map<string, string>()
  const faults: string[] = []
  for (let index = 0; index < argv.length; index += 1) {
    const word = argv[index] ?? ''
    const [, name = '', value] = /^--?([a-z][a-z0-9.-]*)(?:=(.*))?$/s.exec(word) ?? []
    const equivalent = Object.hasOwn(equivalents, name) ? equivalents[name] : undefined
    const because = reasonWithoutMeaning(name)
    if (equivalent === undefined && because === undefined) {
      words.push(word)
      continue
    }
    // As Go's flags: the value follows in the same word or in the next one.
    const isNext =
      value === undefined && (!switches.has(name) || /^(true|false)$/.test(argv[index + 1] ?? ''))
    const text = isNext ? (argv[(index += 1)] ?? '') : (value ?? '')
    if (equivalent !== undefined) {
      const { means, value: ourValueFor = (same: string) => same, expected = '' } = equivalent
      const ours = ourValueFor(text)
      if (ours === undefined) faults.push(`--${name} is ${JSON.stringify(text)}, expected ${expected}`)
      else translated.push({ name, means, value: ours })
    } else warnings.set(name, `--${name} means nothing to capi-vip-allocator: ${because}`)
  }
  const chosen = translated.filter(({ name, means }, index) => {
    const rival = rivalOf(means, words, translated.slice(index + 1))
    if (rival !== undefined && rival !== name) {
      warnings.set(name, `--${name} has no effect: --${rival} is given, too, and means the same`)
    }
    return rival === undefined
  })
  return {
    argv: [...words, ...chosen.map(({ means, value }) => `--${means}=${value}`)],
    warnings: [...warnings.values()],
    faults,
    typedAs: Object.fromEntries(chosen.map(({ means, name }) => [means, name])),
  }
}

/** The flag that goes before one of the same meaning: our own, else the last one, as with Go's flags. */
function rivalOf(
  means: FlagName,
  words: readonly string[],
  later: readonly Translated[],
): string | undefined {
  if (words.some((word) => word === `--${means}` || word.startsWith(`--${means}=`))) return means
  return later.findLast((each) => each.means === means)?.name
}

function reasonWithoutMeaning(name: string): string | undefined {
  if (Object.hasOwn(meaningless, name)) return meaningless[name]
  // The Cluster API operator makes it of each kind in `manager.controller.groupKindConcurrency`, such as `cluster.cluster.x-k8s.io`.
  return name.endsWith('-concurrency') ? workerLimits : undefined
}

/** klog's `--v`: from 4 on it is for debugging. */
function levelOfVerbosity(text: string): string | undefined {
  if (!/^\d+$/.test(text)) return undefined
  return (Number(text) < 4 ? 'info' : 'debug') satisfies LogLevel
}

/** zap's levels: names, of which `panic` is more severe than ours, or a verbosity from 1 on, which is for debugging. */
function levelOfZap(text: string): string | undefined {
  if (text === 'panic') return 'error' satisfies LogLevel
  if (/^\d+$/.test(text)) return 'debug' satisfies LogLevel
  return logLevels.find((level) => level === text)
}

/** `text` of Cluster API's managers is for people. */
function formatOfLogging(text: string): string | undefined {
  if (text === 'text') return 'pretty' satisfies LogFormat
  return text === 'json' ? ('json' satisfies LogFormat) : undefined
}
