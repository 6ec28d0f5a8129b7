import { describe, expect, it } from '@jest/globals'
import { parseInvocation } from '../../../src/command-line/parse-invocation.ts'
import type { Config } from '../../../src/config.ts'

function configOf(...argv: readonly string[]): Config {
  const invocation = parseInvocation(argv, {})
  if (invocation.show !== undefined) throw new Error(`it shows ${invocation.show}`)
  return invocation.config
}

function faultOf(...argv: readonly string[]): string {
  try {
    parseInvocation(argv, {})
  } catch (error) {
    return (error as Error).message.split('\n')[0] ?? ''
  }
  return ''
}

describe('a flag of another program', () => {
  it('becomes ours if it has the same meaning', () => {
    expect(
      configOf('--health-addr=:9440', '--diagnostics-address', ':8443', '--v=5', '--namespace=a'),
    ).toMatchObject({
      healthProbeAddress: { host: '', port: 9440 },
      metricsAddress: { host: '', port: 8443 },
      logLevel: 'debug',
      namespaces: ['a'],
      warnings: [],
    })
  })

  it.each([
    ['0', 'info'],
    ['2', 'info'],
    ['4', 'debug'],
  ])('--v=%s is level %s', (verbosity, level) => {
    expect(configOf(`-v=${verbosity}`).logLevel).toBe(level)
    expect(configOf('--v', verbosity).logLevel).toBe(level)
  })

  it.each([
    ['debug', 'debug'],
    ['info', 'info'],
    ['error', 'error'],
    ['panic', 'error'],
    ['3', 'debug'],
  ])('--zap-log-level=%s is level %s', (zap, level) => {
    expect(configOf(`--zap-log-level=${zap}`).logLevel).toBe(level)
  })

  it('is accepted if it is one of the predecessor 0.7.1, which has these and those of zap', () => {
    const { warnings } = configOf(
      '--metrics-bind-address=:8080',
      '--health-probe-bind-address=:8081',
      '--default-port=6443',
      '--leader-elect=false',
      '--enable-reconciler',
      '--enable-runtime-extension',
      '--runtime-extension-port=9443',
      '--runtime-extension-name=vip-allocator',
      '--zap-devel',
      '--zap-encoder=console',
      '--zap-stacktrace-level',
      'panic',
      '--zap-time-encoding=rfc3339',
    )
    expect(warnings).toHaveLength(9)
    expect(warnings.at(-1)).toBe(
      '--zap-time-encoding means nothing to capi-vip-allocator: see --log-level and --log-format',
    )
  })

  it('is accepted with one warning if it means nothing here', () => {
    const { warnings, taskQueue } = configOf(
      'run',
      '--leader-elect',
      '--enable-reconciler=true',
      '--enable-runtime-extension=false',
      '--runtime-extension-port=9443',
      '--sync-period',
      '10m',
      '--sync-period=5m',
      '--task-queue=mine',
    )
    expect(taskQueue).toBe('mine')
    expect(warnings).toEqual([
      '--leader-elect means nothing to capi-vip-allocator: all replicas work at once, without a leader',
      '--enable-reconciler means nothing to capi-vip-allocator: the allocator always reconciles',
      '--enable-runtime-extension means nothing to capi-vip-allocator: its runtime extension is another one; see --runtime-extension-bind-address',
      '--runtime-extension-port means nothing to capi-vip-allocator: its runtime extension is another one; see --runtime-extension-bind-address',
      '--sync-period means nothing to capi-vip-allocator: every kind is listed again each 5 to 10 minutes',
    ])
  })

  it('has no effect beside ours of the same meaning, or before another one of that meaning', () => {
    expect(configOf('--v=1', '-v=5')).toMatchObject({ logLevel: 'debug', warnings: [] })
    expect(
      configOf('--log-level=warn', '--v=5', '--metrics-bind-addr=0', '--diagnostics-address=:8443'),
    ).toMatchObject({
      logLevel: 'warn',
      metricsAddress: { host: '', port: 8443 },
      warnings: [
        '--v has no effect: --log-level is given, too, and means the same',
        '--metrics-bind-addr has no effect: --diagnostics-address is given, too, and means the same',
      ],
    })
    expect(configOf('--log-level=warn', '--log-level=debug')).toMatchObject({
      logLevel: 'debug',
      warnings: [],
    })
  })

  it('is accepted if it is one that the Cluster API operator makes of spec.manager', () => {
    const { warnings, ...config } = configOf(
      'run',
      '--cluster.cluster.x-k8s.io-concurrency=2',
      '--ipaddressclaim-concurrency=3',
      '--max-concurrent-reconciles=4',
      '--namespace=tenant-a',
      '--health-addr=:9440',
      '--metrics-bind-addr=:8081',
      '--diagnostics-address=:8443',
      '--webhook-host=0.0.0.0',
      '--webhook-cert-dir=/certs',
      '--profiler-address=localhost:6060',
      '--leader-elect=true',
      '--leader-election-id=capi-system/vips',
      '--leader-elect-lease-duration=15s',
      '--leader-elect-renew-deadline=10s',
      '--leader-elect-retry-period=2s',
      '--insecure-diagnostics=true',
      '--webhook-port=9443',
      '--sync-period=600s',
      '--v=4',
      '--feature-gates=ClusterTopology=true,MachinePool=false',
    )
    expect(config).toMatchObject({
      namespaces: ['tenant-a'],
      healthProbeAddress: { port: 9440 },
      metricsAddress: { port: 8443 },
      logLevel: 'debug',
    })
    expect(warnings).toHaveLength(16)
    expect(warnings[0]).toBe(
      '--cluster.cluster.x-k8s.io-concurrency means nothing to capi-vip-allocator: the Worker limits its own concurrency',
    )
  })

  it.each([
    ['json', 'json'],
    ['text', 'pretty'],
  ])('--logging-format=%s is format %s', (logging, format) => {
    expect(configOf(`--logging-format=${logging}`)).toMatchObject({ logFormat: format, warnings: [] })
  })

  it('that is a switch may have its value in the next word', () => {
    expect(configOf('--leader-elect', 'true', '--enable-leader-election', 'false', '--v', '5')).toMatchObject(
      {
        logLevel: 'debug',
        warnings: [
          '--leader-elect means nothing to capi-vip-allocator: all replicas work at once, without a leader',
          '--enable-leader-election means nothing to capi-vip-allocator: all replicas work at once, without a leader',
        ],
      },
    )
    expect(faultOf('--leader-elect', 'maybe')).toMatch(/^command is "maybe"/)
  })

  it('is named in the fault if its value cannot be read', () => {
    expect(faultOf('--health-addr=nowhere')).toBe(
      '--health-addr is "nowhere", expected [HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for none',
    )
    expect(faultOf('--v=loud')).toBe('--v is "loud", expected a number')
    expect(faultOf('--zap-log-level=loud')).toBe(
      '--zap-log-level is "loud", expected debug, info, warn, error, panic or a number',
    )
    expect(faultOf('--logging-format=xml')).toBe('--logging-format is "xml", expected json or text')
  })

  it('is no flag of a command for people, and an unknown one is none of the allocator', () => {
    expect(faultOf('status', '--leader-elect')).toBe('--leader-elect is no flag of status')
    expect(faultOf('--leader')).toBe('--leader is no flag of run')
    expect(faultOf('--constructor')).toBe('--constructor is no flag')
    expect(faultOf('status', '--toString=1')).toBe('--toString=1 is no flag')
  })
})
