import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomBytes } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { parse } from 'yaml'
import { generatedFiles, namespacedValues, withoutHelmLabels } from '../../../dev/chart/generated-files.ts'
import {
  allocatorNamespace,
  chartDirectory,
  renderChart,
  runHelm,
  valuesFiles,
} from '../../../dev/chart/helm.ts'
import {
  kubernetesApi,
  type KubernetesApi,
  type KubernetesObject,
} from '../../../dev/stack/kubernetes-api.ts'
import { applyManifests, dryRun, readManifests } from '../../../dev/stack/manifests.ts'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { parseInvocation } from '../../../src/command-line/parse-invocation.ts'
import { environmentVariableFor, flags, type Config } from '../../../src/config.ts'
import {
  classPermissions,
  dnsPermissions,
  neededPermissions,
  type Permission,
} from '../../../src/kubernetes/permissions.ts'
import { realParts } from '../../support/real-parts.ts'
import { schemaFileNames, writeSchemas } from './kubernetes-schemas.ts'
import {
  documentsIn,
  packageVersion,
  root,
  textOf,
  type Container,
  type Deployment,
  type PodSpec,
} from './support.ts'

const { helm, helmUnittest, helmDocs, kubeconform, kustomize } = realParts()
const cases = valuesFiles.map((file) => [basename(file).replace('-values.yaml', ''), file] as const)
const names = cases.map(([name]) => [name] as const)

/** The manifests of every values file in ci, rendered once. */
const rendered = new Map<string, string>()
let api: KubernetesApi
let directory: string
const namespace = `chart-${randomBytes(4).toString('hex')}`

beforeAll(async () => {
  api = kubernetesApi(realParts().stack)
  directory = mkdtempSync(join(tmpdir(), 'capi-vip-allocator-chart-'))
  const enforced = { 'pod-security.kubernetes.io/enforce': 'restricted' }
  await Promise.all([
    applyManifests(realParts().stack, [
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace, labels: enforced } },
    ]),
    ...cases.map(async ([name, valuesFile]) => {
      rendered.set(name, await renderChart(helm, { valuesFile }))
    }),
  ])
})

afterAll(async () => {
  await api.send({ method: 'DELETE', path: `/api/v1/namespaces/${namespace}` })
  await api.close()
  rmSync(directory, { recursive: true, force: true })
})

function objectsOf(name: string): readonly KubernetesObject[] {
  const text = rendered.get(name)
  if (text === undefined) throw new Error(`there are no ci/${name}-values.yaml`)
  return readManifests({ text })
}

function ofKind<T extends KubernetesObject>(
  objects: readonly KubernetesObject[],
  kind: T['kind'],
): readonly T[] {
  return objects.filter((object) => object.kind === kind).map((object) => object as T)
}

/** Everything but a label that tells charts apart, to compare what two tools make of the same source. */
function comparable(text: string): readonly KubernetesObject[] {
  const nameOf = ({ kind, metadata }: KubernetesObject): string =>
    `${kind} ${metadata.namespace}/${metadata.name}`
  return readManifests({ text }).toSorted((a, b) => (nameOf(a) < nameOf(b) ? -1 : 1))
}

describe('the chart', () => {
  it.each(cases)('has nothing that helm lint finds with the values of ci/%s', async (_name, file) => {
    await expect(runHelm(helm, ['lint', '--strict', chartDirectory, `--values=${file}`])).resolves.toContain(
      '0 chart(s) failed',
    )
  })

  it('passes its own tests', async () => {
    const output = await runCommand({ command: helmUnittest, args: [chartDirectory], cwd: root })

    expect(output).toMatch(/^Tests: +[1-9]\d+ passed, (\d+) total$/m)
  })

  it('is of the version of the program, and says which image that is', () => {
    const chart: { appVersion: string; annotations: Record<string, string> } = parse(
      textOf('deploy/chart/capi-vip-allocator/Chart.yaml'),
    )

    expect(chart.appVersion).toBe(packageVersion())
    expect(parse(chart.annotations['artifacthub.io/images'] ?? '')).toEqual([
      { name: 'capi-vip-allocator', image: `ghcr.io/gorizond/capi-vip-allocator:${packageVersion()}` },
    ])
  })

  it('is what all files are made from that npm run render makes', async () => {
    const files = await generatedFiles({ helm, helmDocs })

    expect(files.size).toBeGreaterThan(10)
    for (const [path, text] of files) expect({ path, text: textOf(path) }).toEqual({ path, text })
  })

  it('renders what kustomize builds of deploy/manifests', async () => {
    const [built, chart] = await Promise.all([
      runCommand({ command: kustomize, args: ['build', 'deploy/manifests'], cwd: root }),
      renderChart(helm, { skipTests: true }),
    ])

    expect(comparable(built)).toEqual(
      comparable(`${withoutHelmLabels(chart)}\n---\n${textOf('deploy/manifests/namespace.yaml')}`),
    )
  })

  it('renders what kustomize builds of deploy/namespaced', async () => {
    const [built, chart] = await Promise.all([
      runCommand({ command: kustomize, args: ['build', 'deploy/namespaced'], cwd: root }),
      renderChart(helm, { skipTests: true, values: namespacedValues }),
    ])

    expect(comparable(built)).toEqual(
      comparable(`${withoutHelmLabels(chart)}\n---\n${textOf('deploy/manifests/namespace.yaml')}`),
    )
  })
})

interface Schema {
  readonly type?: unknown
  readonly $ref?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: unknown
  readonly items?: Schema
  readonly definitions?: Readonly<Record<string, Schema>>
}

describe('values.schema.json', () => {
  const schema: Schema = JSON.parse(textOf('deploy/chart/capi-vip-allocator/values.schema.json'))
  const values: Readonly<Record<string, unknown>> = parse(
    textOf('deploy/chart/capi-vip-allocator/values.yaml'),
  )

  /** Paths of all objects with named properties, except those that allow others. */
  function openIn(at: Schema, path: string): readonly string[] {
    const parts = { ...at.properties, ...at.definitions, ...(at.items && { items: at.items }) }
    return [
      ...(at.properties !== undefined && at.additionalProperties !== false ? [path] : []),
      ...Object.entries(parts).flatMap(([name, part]) => openIn(part, `${path}.${name}`)),
    ]
  }

  it('allows unknown values nowhere but under global, which is for all charts, and in volumes', () => {
    expect(openIn(schema, '')).toEqual(['.global', '.global.cattle', '.extraVolumes.items'])
  })

  /** What the defaults have and the schema does not know, or the other way round. */
  function differences(at: Schema, value: unknown, path: string): readonly string[] {
    const properties = at.properties ?? {}
    if (typeof value !== 'object' || value === null || Object.keys(properties).length === 0) return []
    const present = value as Readonly<Record<string, unknown>>
    return [...new Set([...Object.keys(properties), ...Object.keys(present)])].flatMap((name) => {
      const property = properties[name]
      if (property === undefined || !(name in present)) return [`${path}.${name}`]
      return differences(property, present[name], `${path}.${name}`)
    })
  }

  it('has exactly the values that values.yaml has, but for those without a default', () => {
    const optional = differences(schema, values, '').filter(
      (path) => !/^\.(global|prometheusRule\.disabled)\./.test(path),
    )

    expect(optional).toEqual([
      '.enabled',
      '.startupProbe.initialDelaySeconds',
      '.livenessProbe.initialDelaySeconds',
      '.readinessProbe.initialDelaySeconds',
      '.readinessProbe.failureThreshold',
      '.strategy.type',
      '.strategy.rollingUpdate',
      '.affinity.nodeAffinity',
      '.affinity.podAffinity',
      '.affinity.podAntiAffinity',
      '.dnsConfig.nameservers',
      '.dnsConfig.searches',
      '.dnsConfig.options',
      '.runtimeExtension.certManager.issuerRef.name',
      '.runtimeExtension.certManager.issuerRef.kind',
      '.runtimeExtension.certManager.issuerRef.group',
    ])
  })

  it('knows every alert that can be disabled', () => {
    const rules: { groups: { rules: { alert: string }[] }[] } = parse(textOf('deploy/monitoring/alerts.yaml'))
    const alerts = rules.groups.flatMap((group) => group.rules.map(({ alert }) => alert))

    const known = schema.properties?.['prometheusRule']?.properties?.['disabled']?.properties ?? {}
    expect(Object.keys(known)).toEqual(alerts)
  })
})

interface Verdict {
  readonly summary: Readonly<Record<'valid' | 'invalid' | 'errors' | 'skipped', number>>
}

describe('kubeconform with the schemas of the API server', () => {
  const schemas = (): string => join(directory, 'schemas')

  beforeAll(async () => {
    mkdirSync(schemas())
    await writeSchemas(
      api,
      schemas(),
      names.flatMap(([name]) => objectsOf(name)),
    )
  })

  function check(files: readonly string[]): Promise<string> {
    const location = `-schema-location=${schemas()}/${schemaFileNames}`
    return runCommand({
      command: kubeconform,
      args: ['-strict', '-summary', '-output=json', location, ...files],
      cwd: directory,
    })
  }

  it('accepts what the chart renders with the values of each file in ci', async () => {
    const files = [...rendered].map(([name, text]) => {
      writeFileSync(join(directory, `${name}.yaml`), text)
      return `${name}.yaml`
    })

    const verdict: Verdict = JSON.parse(await check(files))

    const count = names.flatMap(([name]) => objectsOf(name)).length
    expect(verdict.summary).toEqual({ valid: count, invalid: 0, errors: 0, skipped: 0 })
  })

  it.each([
    ['a misspelt field', 'apart', 'replicas:', 'replica:'],
    ['a misspelt field of a custom resource', 'full', 'honorLabels:', 'honourLabels:'],
    ['a value of another type', 'default', 'replicas: 2', 'replicas: two'],
  ])('would refuse %s', async (_what, name, from, to) => {
    const text = rendered.get(name) ?? ''
    expect(text).toContain(from)
    writeFileSync(join(directory, 'planted.yaml'), text.replace(from, to))

    await expect(check(['planted.yaml'])).rejects.toThrow('"invalid": 1')
  })
})

type StatefulSet = Omit<Deployment, 'kind'> & { readonly kind: 'StatefulSet' }

describe('the API server', () => {
  it.each(names)('accepts every object of ci/%s, and admits its Pods as restricted', async (name) => {
    const objects = objectsOf(name).map((object) =>
      object.metadata.namespace === undefined
        ? object
        : { ...object, metadata: { ...object.metadata, namespace } },
    )

    for (const object of objects) {
      await expect(dryRun(api, object)).resolves.toMatchObject({ kind: object.kind })
    }
    const deployments = ofKind<Deployment>(objects, 'Deployment')
    const workloads = [...deployments, ...ofKind<StatefulSet>(objects, 'StatefulSet')]
    for (const workload of workloads) {
      const { metadata } = workload.spec.template
      const pod = {
        apiVersion: 'v1',
        kind: 'Pod',
        metadata: { ...metadata, name: 'chart-test', namespace },
        spec: workload.spec.template.spec,
      }
      await expect(dryRun(api, pod)).resolves.toMatchObject({ kind: 'Pod' })
    }
    expect(deployments).toHaveLength(name === 'apart' ? 2 : 1)
    expect(ofKind(objects, 'StatefulSet')).toHaveLength(name === 'embedded-temporal' ? 1 : 0)
    expect(ofKind(objects, 'Pod')).toHaveLength(1)
  })

  it('accepts the objects and Pods of a release with the longest name', async () => {
    const text = await renderChart(helm, {
      release: 'management-cluster-in-frankfurt-on-the-river-main-1a',
      namespace,
      values: {
        mode: 'apart',
        temporal: { embedded: { enabled: true } },
        runtimeExtension: { enabled: true, certificate: { existingSecret: 'hooks-tls' } },
      },
    })
    const objects = readManifests({ text })

    for (const object of objects) {
      await expect(dryRun(api, object)).resolves.toMatchObject({ kind: object.kind })
    }
    const [workload] = ofKind<StatefulSet>(objects, 'StatefulSet')
    if (workload === undefined) throw new Error('there is no StatefulSet')
    // As its controller labels the Pod.
    const { name } = workload.metadata
    const { metadata } = workload.spec.template
    const labels = { ...metadata.labels, 'controller-revision-hash': `${name}-5d8f9c7b64` }
    const pod = {
      apiVersion: 'v1',
      kind: 'Pod',
      metadata: { ...metadata, labels, name: `${name}-0`, namespace },
      spec: workload.spec.template.spec,
    }
    await expect(dryRun(api, pod)).resolves.toMatchObject({ kind: 'Pod' })
    expect(name).toHaveLength(52)
  })

  it('would admit no Pod with fewer restrictions', async () => {
    const text = await renderChart(helm, { namespace, values: { securityContext: { capabilities: null } } })
    const [pod] = ofKind(readManifests({ text }), 'Pod')
    if (pod === undefined) throw new Error('there is no Pod')

    await expect(dryRun(api, pod)).rejects.toThrow('violates PodSecurity "restricted:latest"')
  })
})

interface Role extends KubernetesObject {
  /** Absent: the API server fills them in. */
  readonly rules?: readonly {
    readonly apiGroups: readonly string[]
    readonly resources: readonly string[]
    readonly resourceNames?: readonly string[]
    readonly verbs: readonly string[]
  }[]
}

interface Binding extends KubernetesObject {
  readonly roleRef: { readonly kind: string; readonly name: string }
  readonly subjects: readonly KubernetesObject['metadata'][]
}

/** What the roles of a rendering permit, by namespace; `''`: everywhere. */
function permittedBy(objects: readonly KubernetesObject[]): Readonly<Record<string, readonly string[]>> {
  const roles = ['ClusterRole', 'Role'].flatMap((kind) => ofKind<Role>(objects, kind))
  const byNamespace = Map.groupBy(roles, ({ metadata }) => metadata.namespace ?? '')
  return Object.fromEntries(
    [...byNamespace].map(([where, inOne]) => [
      where,
      inOne
        .flatMap(({ rules = [] }) => rules)
        .flatMap(({ apiGroups, resources, resourceNames = [''], verbs }) =>
          apiGroups.flatMap((group) =>
            resources.flatMap((resource) =>
              verbs.flatMap((verb) => resourceNames.map((only) => `${verb} ${resource}.${group} ${only}`)),
            ),
          ),
        )
        .toSorted(),
    ]),
  )
}

describe('the roles', () => {
  /** What a Role cannot permit in a served namespace; it permits to read its own Namespace. */
  const isClusterScoped = ({ resource, ofNamespace }: Permission): boolean =>
    ['globalinclusterippools', 'namespaces'].includes(resource) && ofNamespace !== true
  const asText = (permissions: readonly Permission[]): readonly string[] =>
    permissions
      .map(({ verb, group, resource, only }) => `${verb} ${resource}.${group} ${only?.name ?? ''}`)
      .toSorted()
  // A permission to get every Namespace includes the one that is needed by name.
  const everywhere = { '': asText(neededPermissions.filter(({ only }) => only === undefined)) }
  const inNamespace = asText(neededPermissions.filter((permission) => !isClusterScoped(permission)))
  // Served namespaces are read one by one.
  const clusterScoped = asText(
    neededPermissions.filter(
      (permission) =>
        isClusterScoped(permission) &&
        (permission.resource !== 'namespaces' || permission.only !== undefined),
    ),
  )
  const extensionVerbs = ['get', 'create', 'patch', 'delete']
  const extensionConfig = 'extensionconfigs.runtime.cluster.x-k8s.io capi-vip-allocator'
  const extensionOwner =
    'clusterroles.rbac.authorization.k8s.io capi-vip-allocator-runtime-extension-capi-vip-allocator'
  const poolResources = [
    ['inclusterippools', 'ipam.cluster.x-k8s.io'],
    ['globalinclusterippools', 'ipam.cluster.x-k8s.io'],
    ['globalnetboxippools', 'ipam.cluster.x-k8s.io'],
    ['ippools', 'ipam.metal3.io'],
  ] as const
  const inTenants = { 'tenant-a': inNamespace, 'tenant-b': inNamespace, platform: asText(classPermissions) }
  const expected: Readonly<Record<string, Readonly<Record<string, readonly string[]>>>> = {
    default: everywhere,
    full: { '': asText([...neededPermissions, ...dnsPermissions].filter(({ only }) => only === undefined)) },
    apart: everywhere,
    'temporal-cloud': everywhere,
    'embedded-temporal': everywhere,
    namespaced: inTenants,
    'pool-kinds': {
      '': asText(
        [
          ...neededPermissions.filter(({ alternative }) => alternative !== 'pools'),
          ...poolResources.flatMap(([resource, group]) =>
            ['list', 'watch'].map((verb): Permission => ({ verb, group, resource })),
          ),
        ].filter(({ only }) => only === undefined),
      ),
    },
    'global-pools': { 'tenant-a': inNamespace, '': clusterScoped },
    'temporal-config': {},
    'runtime-extension': {
      '': [
        ...everywhere[''],
        ...extensionVerbs.map((verb) => `${verb} ${extensionConfig}`),
        `get ${extensionOwner}`,
      ].toSorted(),
    },
  }

  it('are tried with the values of every file in ci', () => {
    expect(Object.keys(expected).toSorted()).toEqual(names.map(([name]) => name).toSorted())
  })

  it.each(names)('permit exactly what the program uses with the values of ci/%s', (name) => {
    expect(permittedBy(objectsOf(name))).toEqual(expected[name])
  })

  it.each(names)('are each bound to the account that the Pods run as with the values of ci/%s', (name) => {
    const objects = objectsOf(name)
    const placeOf = ({ kind, metadata }: KubernetesObject): string =>
      `${kind} ${metadata.namespace ?? ''}/${metadata.name}`
    const accounts = [
      ...ofKind<Deployment>(objects, 'Deployment').map(({ spec }) => spec.template),
      ...pods(name),
    ]
    const account = accounts[0]?.spec.serviceAccountName
    expect(accounts.map(({ spec }) => spec.serviceAccountName)).toEqual(accounts.map(() => account))
    const bindings = ['ClusterRoleBinding', 'RoleBinding'].flatMap((kind) => ofKind<Binding>(objects, kind))
    const roles = objects.filter(({ kind }) => kind === 'ClusterRole' || kind === 'Role')

    expect(
      bindings
        .map(({ roleRef, metadata }) => `${roleRef.kind} ${metadata.namespace ?? ''}/${roleRef.name}`)
        .toSorted(),
    ).toEqual(roles.map(placeOf).toSorted())
    for (const { subjects } of bindings) {
      expect(subjects).toEqual([{ kind: 'ServiceAccount', name: account, namespace: allocatorNamespace }])
    }
  })
})

interface Pod extends KubernetesObject {
  readonly spec: PodSpec
}

function pods(name: string): readonly Pod[] {
  return ofKind<Pod>(objectsOf(name), 'Pod')
}

/** The configuration that the program reads of a container. */
function configOf({ args, env }: Pick<Container, 'args' | 'env'>): Config {
  const variables = Object.fromEntries(env.map(({ name, value }) => [name, value ?? 'from elsewhere']))
  const invocation = parseInvocation(args, variables)
  if (invocation.show !== undefined) throw new Error('expected a command to run')
  return invocation.config
}

function containersOf(name: string): readonly Container[] {
  return ofKind<Deployment>(objectsOf(name), 'Deployment').flatMap(
    ({ spec }) => spec.template.spec.containers,
  )
}

describe('the containers', () => {
  it.each(names)('are given only variables that the program reads with the values of ci/%s', (name) => {
    const known = flags.map((flag) => environmentVariableFor(flag.name))
    const given = containersOf(name).flatMap(({ env }) => env.map((variable) => variable.name))

    expect(known).toEqual(
      expect.arrayContaining(given.filter((variable) => variable.startsWith('CAPI_VIP_ALLOCATOR_'))),
    )
  })

  it.each(names)('open the ports that the program then listens on with the values of ci/%s', (name) => {
    for (const container of containersOf(name)) {
      const { metricsAddress, healthProbeAddress, runtimeExtension } = configOf(container)
      expect(container.ports).toEqual([
        ...(metricsAddress === undefined ? [] : [{ name: 'metrics', containerPort: metricsAddress.port }]),
        { name: 'probes', containerPort: healthProbeAddress?.port },
        ...(runtimeExtension === undefined
          ? []
          : [{ name: 'hooks', containerPort: runtimeExtension.address.port }]),
      ])
    }
  })

  it('have every setting of the values, and those of extraArgs before them', () => {
    const [container] = containersOf('full')
    if (container === undefined) throw new Error('there is no container')

    expect(configOf(container)).toMatchObject({
      defaultPort: 443,
      namespaces: ['clusters', 'staging'],
      watchFilter: 'vips',
      taskQueue: 'vips@east',
      managementCluster: 'east',
      registerSearchAttributes: true,
      requiresOptIn: true,
      logLevel: 'debug',
      logFormat: 'pretty',
      traces: true,
      workerVersion: { deploymentName: 'vips', buildId: '0.8.0' },
      variables: { 'control-plane': 'network.vip,vip', ingress: 'ingress' },
    })
  })

  it.each(names)('of helm test have the same settings with the values of ci/%s', (name) => {
    const [deployed] = containersOf(name)
    const [tested] = pods(name).flatMap(({ spec }) => spec.containers)

    expect(tested?.args).toEqual(['doctor'])
    expect(tested?.env).toEqual(deployed?.env)
    expect(configOf({ args: ['doctor'], env: tested?.env ?? [] }).namespaces).toEqual(
      deployed && configOf(deployed).namespaces,
    )
  })
})

describe('the PrometheusRule', () => {
  interface Rules extends KubernetesObject {
    readonly spec: { readonly groups: readonly { readonly rules: readonly { readonly alert: string }[] }[] }
  }
  const alertsOf = (objects: readonly KubernetesObject[]): readonly object[] =>
    ofKind<Rules>(objects, 'PrometheusRule').flatMap(({ spec }) => spec.groups.flatMap(({ rules }) => rules))

  it('has all alerts of deploy/monitoring', () => {
    expect(alertsOf(objectsOf('apart'))).toEqual(
      alertsOf(documentsIn('deploy/monitoring/prometheus-rule.yaml')),
    )
  })
})
