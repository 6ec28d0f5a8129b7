import { inClusterPoolKinds } from '../../src/domain/model/pool-kinds.ts'
import { describe, expect, it } from '@jest/globals'
import { commands } from '../../src/command-line/commands.ts'
import { parseInvocation } from '../../src/command-line/parse-invocation.ts'
import { traceEndpointVariables, type Config } from '../../src/config.ts'

const names = [...commands.map(({ name }) => name), 'completion']

function configOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}): Config {
  const invocation = parseInvocation(argv, env)
  if (invocation.show !== undefined) throw new Error(`it shows ${invocation.show}`)
  return invocation.config
}

function faultsOf(argv: readonly string[], env: NodeJS.ProcessEnv = {}): readonly string[] {
  try {
    parseInvocation(argv, env)
  } catch (error) {
    return (error as Error).message.split('\n').slice(0, -1)
  }
  return []
}

describe('without any flag', () => {
  it('everything has its default', () => {
    expect(parseInvocation([], {})).toMatchObject({ command: 'run' })
    expect(configOf([])).toEqual({
      metricsAddress: { host: '', port: 8080 },
      healthProbeAddress: { host: '', port: 8081 },
      defaultPort: 6443,
      kubeconfig: undefined,
      kubeconfigList: undefined,
      apiServerOfPod: undefined,
      context: undefined,
      proxies: { https: undefined, http: undefined, exceptions: undefined },
      namespaces: [],
      watchFilter: undefined,
      taskQueue: 'capi-vip-allocator',
      managementCluster: undefined,
      registerSearchAttributes: false,
      requiresOptIn: false,
      poolKinds: inClusterPoolKinds,
      variables: { 'control-plane': 'clusterVip', ingress: 'ingressVip' },
      dnsNames: { 'control-plane': '', ingress: '' },
      logLevel: 'info',
      logFormat: 'json',
      output: 'table',
      isUtf8: false,
      traces: false,
      workerVersion: undefined,
      runtimeExtension: undefined,
      extensionConfigName: 'capi-vip-allocator',
      warnings: [],
    })
  })

  it.each([
    [{ LANG: 'en_US.UTF-8' }, true],
    [{ LC_CTYPE: 'C.utf8', LANG: 'C' }, true],
    [{ LC_ALL: 'C', LANG: 'en_US.UTF-8' }, false],
    [{}, false],
  ])('the terminal of %p shows more than ASCII: %p', (env, isUtf8) => {
    expect(configOf([], env)).toMatchObject({ isUtf8 })
  })
})

describe('the templates of DNS names', () => {
  const syntax =
    'expected a DNS name of small letters, digits and hyphens, without a final dot, that has {cluster} and {namespace} in different labels, such as {cluster}.{namespace}.k8s.example.com'

  it('are taken from flags and variables', () => {
    const env = { CAPI_VIP_ALLOCATOR_INGRESS_DNS_NAME: '*.{cluster}.{namespace}.example.com' }
    expect(configOf(['--control-plane-dns-name={cluster}.{namespace}.example.com'], env).dnsNames).toEqual({
      'control-plane': '{cluster}.{namespace}.example.com',
      ingress: '*.{cluster}.{namespace}.example.com',
    })
  })

  it.each([
    'example.com',
    '{cluster}.example.com',
    '{cluster}-{namespace}.example.com',
    '{cluster} {namespace}',
  ])('are refused if they are %s', (template) => {
    expect(faultsOf([`--control-plane-dns-name=${template}`])).toEqual([
      `--control-plane-dns-name is ${JSON.stringify(template)}, ${syntax}`,
    ])
  })

  it('are refused if both roles have one', () => {
    const template = '{cluster}.{namespace}.example.com'
    expect(faultsOf([`--control-plane-dns-name=${template}`, `--ingress-dns-name=${template}`])).toEqual([
      `--ingress-dns-name is "${template}", and --control-plane-dns-name is the same, expected two names`,
    ])
  })
})

describe('a flag', () => {
  it('goes before its environment variable, and that before the default', () => {
    const env = { CAPI_VIP_ALLOCATOR_TASK_QUEUE: 'from-env' }
    expect(configOf([], env).taskQueue).toBe('from-env')
    expect(configOf(['--task-queue=from-flag'], env).taskQueue).toBe('from-flag')
  })

  it('that names the management cluster becomes a part of the task queue', () => {
    expect(configOf(['--management-cluster=east'])).toMatchObject({
      managementCluster: 'east',
      taskQueue: 'capi-vip-allocator@east',
    })
    const env = { CAPI_VIP_ALLOCATOR_MANAGEMENT_CLUSTER: 'west-1' }
    expect(configOf(['--task-queue=mine'], env).taskQueue).toBe('mine@west-1')
  })

  it('takes its value after = or as the next word', () => {
    expect(configOf(['--default-port', '8443']).defaultPort).toBe(8443)
    expect(configOf(['--default-port=8443']).defaultPort).toBe(8443)
  })

  it('can be repeated where it is a list, and its variable holds commas', () => {
    expect(configOf(['--namespace=a', '--namespace=b']).namespaces).toEqual(['a', 'b'])
    expect(configOf([], { CAPI_VIP_ALLOCATOR_NAMESPACE: 'a, b' }).namespaces).toEqual(['a', 'b'])
  })

  it.each([
    [':8080', { host: '', port: 8080 }],
    ['127.0.0.1:0', { host: '127.0.0.1', port: 0 }],
    ['[::1]:9090', { host: '::1', port: 9090 }],
    ['localhost:9090', { host: 'localhost', port: 9090 }],
    ['9090', { host: '', port: 9090 }],
    ['0', undefined],
  ])('can name the address %s', (value, address) => {
    expect(configOf([`--metrics-bind-address=${value}`]).metricsAddress).toEqual(address)
  })
})

describe('a switch', () => {
  it.each([
    [['--register-search-attributes'], {}, true],
    [['--register-search-attributes=true'], {}, true],
    [['--register-search-attributes=false'], {}, false],
    [[], { CAPI_VIP_ALLOCATOR_REGISTER_SEARCH_ATTRIBUTES: 'true' }, true],
    [
      ['--register-search-attributes=false'],
      { CAPI_VIP_ALLOCATOR_REGISTER_SEARCH_ATTRIBUTES: 'true' },
      false,
    ],
  ])('given as %j with %j is %j', (argv, env, is) => {
    expect(configOf(argv, env).registerSearchAttributes).toBe(is)
  })
})

describe('the version of the Worker', () => {
  const [name, build] = ['TEMPORAL_DEPLOYMENT_NAME', 'TEMPORAL_WORKER_BUILD_ID'] as const

  it('is that of both variables', () => {
    expect(configOf(['worker'], { [name]: 'vips', [build]: 'b1' }).workerVersion).toEqual({
      deploymentName: 'vips',
      buildId: 'b1',
    })
  })

  it.each([[{}], [{ [name]: '', [build]: '' }]])('is none with %p', (env) => {
    expect(configOf([], env).workerVersion).toBeUndefined()
  })

  it.each([
    [{ [name]: 'vips' }, `${name} is "vips" and ${build} is not set, expected both or none`],
    [{ [name]: '', [build]: 'b1' }, `${build} is "b1" and ${name} is not set, expected both or none`],
  ])('is a fault with %p', (env, message) => {
    expect(faultsOf([], env)).toEqual([message])
  })

  it('means nothing to a command that has no Worker', () => {
    expect(configOf(['status'], { [name]: 'vips' }).workerVersion).toBeUndefined()
  })
})

describe('traces', () => {
  it.each(traceEndpointVariables)('are asked for by %s', (variable) => {
    expect(configOf([], { [variable]: 'http://collector:4318' }).traces).toBe(true)
    expect(configOf([], { [variable]: '' }).traces).toBe(false)
  })

  it.each([
    ['OTEL_SDK_DISABLED', 'True'],
    ['OTEL_TRACES_EXPORTER', 'none'],
  ])('are not made where %s is %s', (variable, value) => {
    const env = { OTEL_EXPORTER_OTLP_ENDPOINT: 'http://collector:4318', [variable]: value }
    expect(configOf([], env).traces).toBe(false)
  })

  it.each(['collector:4318', 'grpc://collector:4317', 'http://'])('go to no address such as %s', (value) => {
    expect(faultsOf([], { OTEL_EXPORTER_OTLP_ENDPOINT: value })).toEqual([
      'OTEL_EXPORTER_OTLP_ENDPOINT cannot be read, expected a URL such as http://collector:4318',
    ])
  })
})

describe('the runtime extension', () => {
  const files = ['--runtime-extension-certificate=/c', '--runtime-extension-key=/k']

  it('is served at an address with a certificate', () => {
    expect(configOf(['--runtime-extension-bind-address=:9443', ...files]).runtimeExtension).toEqual({
      address: { host: '', port: 9443 },
      certificate: '/c',
      key: '/k',
      clientCa: undefined,
      handlers: ['patch'],
      registration: undefined,
    })
    const more = ['--runtime-extension-client-ca=/a', '--runtime-extension-handlers=gate, patch,gate']
    expect(configOf(['--runtime-extension-bind-address=:9443', ...files, ...more])).toMatchObject({
      runtimeExtension: { clientCa: '/a', handlers: ['gate', 'patch'] },
    })
  })

  it.each([
    [
      ['--runtime-extension-bind-address=:9443'],
      '--runtime-extension-bind-address is given without --runtime-extension-certificate, expected the files of certificate and key',
    ],
    [
      ['--runtime-extension-bind-address=:9443', '--runtime-extension-certificate=/c'],
      '--runtime-extension-bind-address is given without --runtime-extension-key, expected the files of certificate and key',
    ],
    ...[
      [
        '--runtime-extension-ca=/a',
        '--runtime-extension-ca is given without --runtime-extension-register, expected both or none',
      ],
      [
        '--runtime-extension-register=a/b',
        '--runtime-extension-register is given without --runtime-extension-ca, expected both or none',
      ],
      [
        '--runtime-extension-owner=hooks',
        '--runtime-extension-owner is given without --runtime-extension-register, expected what it is to own',
      ],
      [
        '--runtime-extension-register=nowhere',
        '--runtime-extension-register is "nowhere", expected NAMESPACE/SERVICE[:PORT], or a URL that begins with https://',
      ],
      [
        '--runtime-extension-config=a.b',
        '--runtime-extension-config is "a.b", expected a name of small letters, digits and hyphens',
      ],
      [
        '--runtime-extension-owner=a/b',
        '--runtime-extension-owner is "a/b", expected the name of a ClusterRole',
      ],
      [
        '--runtime-extension-namespace-selector=a=b=c',
        '--runtime-extension-namespace-selector is "a=b=c", expected a label selector such as team=blue,env in (test,prod),!legacy',
      ],
    ].map(([flag = '', fault = '']): [string[], string] => [[flag], fault]),
    // What cannot be read is not missing as well.
    [
      ['--runtime-extension-bind-address=nowhere', ...files],
      '--runtime-extension-bind-address is "nowhere", expected [HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for none',
    ],
    [
      ['--runtime-extension-register=http://a', '--runtime-extension-ca=/a'],
      '--runtime-extension-register is "http://a", expected NAMESPACE/SERVICE[:PORT], or a URL that begins with https://',
    ],
    ...[...files, '--runtime-extension-client-ca=/a'].map((flag): [string[], string] => [
      [flag],
      '--runtime-extension-bind-address is not given, expected it beside the other flags of the runtime extension',
    ]),
    [
      ['--runtime-extension-handlers=patch,other'],
      '--runtime-extension-handlers is "patch,other", expected one or more of patch, gate',
    ],
  ])('of which half is given is a fault: %j', (argv, fault) => {
    expect(faultsOf(argv)).toEqual([fault])
  })

  it('registers itself with core for its namespaces, or for others', () => {
    const served = ['--runtime-extension-bind-address=:9443', ...files, '--namespace=a']
    const register = ['--runtime-extension-register=vip-system/vip', '--runtime-extension-ca=/a']
    const registrationOf = (...more: readonly string[]): unknown =>
      configOf([...served, ...register, ...more]).runtimeExtension?.registration
    expect(registrationOf()).toEqual({
      name: 'capi-vip-allocator',
      address: { namespace: 'vip-system', service: 'vip', port: undefined },
      authority: '/a',
      namespaces: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: ['a'] }],
      owner: undefined,
    })
    expect(registrationOf('--runtime-extension-owner=vip-hooks')).toMatchObject({ owner: 'vip-hooks' })
    expect(
      registrationOf('--runtime-extension-namespace-selector=team', '--runtime-extension-config=other'),
    ).toMatchObject({ name: 'other', namespaces: [{ key: 'team', operator: 'Exists' }] })
  })

  it('is none of a Worker, which has no informers', () => {
    expect(faultsOf(['worker', '--runtime-extension-bind-address=:9443'])).toEqual([
      '--runtime-extension-bind-address is no flag of worker',
    ])
    const env = { CAPI_VIP_ALLOCATOR_RUNTIME_EXTENSION_BIND_ADDRESS: ':9443' }
    expect(configOf(['worker'], env).runtimeExtension).toBeUndefined()
    expect(faultsOf(['watcher'], env)).toHaveLength(1)
  })
})

describe('a bad value', () => {
  it.each([
    [['--default-port=0'], '--default-port is "0", expected an integer from 1 to 65535'],
    [['--default-port=12abc'], '--default-port is "12abc", expected an integer from 1 to 65535'],
    [['--default-port='], '--default-port is "", expected an integer from 1 to 65535'],
    [
      ['--metrics-bind-address=all'],
      '--metrics-bind-address is "all", expected [HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for none',
    ],
    [
      ['--health-probe-bind-address=:99999'],
      '--health-probe-bind-address is ":99999", expected [HOST]:PORT, such as :8080 or 127.0.0.1:8080, or 0 for none',
    ],
    [['--namespace=Clusters'], '--namespace is "Clusters", expected a Kubernetes namespace name'],
    [['--watch-filter=a b'], '--watch-filter is "a b", expected a label value'],
    [
      ['--pool-kinds=IPPool'],
      '--pool-kinds is "IPPool", expected a kind of pools as Kind.group or Kind.group/version, such as IPPool.ipam.metal3.io/v1alpha1, and not of prefix pools, which allocate networks',
    ],
    [
      ['--pool-kinds=IPPool.ipam.metal3.io', '--pool-kinds=IPPool.ipam.metal3.io/v1alpha1'],
      '--pool-kinds is "IPPool.ipam.metal3.io" twice, expected every kind once, in one version',
    ],
    [['--task-queue=two words'], '--task-queue is "two words", expected a name without spaces'],
    [
      ['--control-plane-variable='],
      '--control-plane-variable is "", expected the names of ClusterClass variables, such as clusterVip or network.vip,vip',
    ],
    [['--register-search-attributes=maybe'], '--register-search-attributes is "maybe", expected true, false'],
    [['--log-level=loud'], '--log-level is "loud", expected debug, info, warn, error'],
    [['--log-format=xml'], '--log-format is "xml", expected json, pretty'],
    [['--kubeconfig='], '--kubeconfig is "", expected a value that is not empty'],
    [['--task-queue'], '--task-queue has no value'],
    [['--log-level=info', '--log-level=loud'], '--log-level is "loud", expected debug, info, warn, error'],
    [['--colour'], '--colour is no flag of run'],
    [['start'], `command is "start", expected ${names.join(', ')}`],
    [['--register-search-attributes', 'worker'], '"worker" follows a flag, expected the command first'],
    [['run', 'clusters/demo'], '"clusters/demo" follows the command, expected flags only'],
  ])('of %j is named with what was expected', (argv, fault) => {
    expect(faultsOf(argv)).toEqual([fault])
  })

  it('of a switch is named by its variable, too', () => {
    expect(faultsOf([], { CAPI_VIP_ALLOCATOR_REGISTER_SEARCH_ATTRIBUTES: 'yes' })).toEqual([
      'CAPI_VIP_ALLOCATOR_REGISTER_SEARCH_ATTRIBUTES is "yes", expected true, false',
    ])
  })

  it('of an environment variable is named by the variable', () => {
    expect(faultsOf([], { CAPI_VIP_ALLOCATOR_DEFAULT_PORT: 'x' })).toEqual([
      'CAPI_VIP_ALLOCATOR_DEFAULT_PORT is "x", expected an integer from 1 to 65535',
    ])
  })

  it('does not hide another one: all faults come at once', () => {
    expect(
      faultsOf(['star', '--default-port=x', '--log-level=y'], { CAPI_VIP_ALLOCATOR_LOG_FORMAT: 'z' }),
    ).toHaveLength(4)
  })
})
