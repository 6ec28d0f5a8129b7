import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { applyManifests } from '../../dev/stack/manifests.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { createServiceAccountKubeconfig } from '../../dev/stack/service-account.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import type { CheckName, CheckResult, Level } from '../../src/commands/doctor/checks/check-result.ts'
import { searchAttributeNames } from '../../src/domain/search-attributes.ts'
import { neededPermissions } from '../../src/kubernetes/permissions.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { runCommand } from './run-program.ts'
import { createTemporalNamespace, type TemporalNamespace } from './temporal-namespace.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const prefix = 'vip.capi.gorizond.io'

let suite: Fixture
let testbed: Testbed
let temporal: TemporalNamespace

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  temporal = await createTemporalNamespace(stack)
  await suite.start({
    env: { TEMPORAL_NAMESPACE: temporal.name },
    flags: ['--register-search-attributes'],
  })
})

afterAll(async () => {
  try {
    await suite.close()
  } finally {
    await temporal.close()
  }
})

interface Visit {
  readonly code: number
  readonly text: string
  readonly report: Report
}

/** Runs `doctor` as a person does, about this suite's namespaces and task queue where nothing else is said. */
async function visit(flags: readonly string[] = [], env: NodeJS.ProcessEnv = {}): Promise<Visit> {
  const given = flags.join(' ')
  const defaults = [
    `--kubeconfig=${stack.kubeconfigPath}`,
    `--namespace=${testbed.namespace}`,
    `--task-queue=${suite.taskQueue}`,
    '--output=json',
  ].filter((flag) => !given.includes(flag.replace(/=.*/, '=')))
  const { code, stdout, stderr } = await runCommand(['doctor', ...flags, ...defaults], {
    TEMPORAL_ADDRESS: stack.temporal.address,
    TEMPORAL_NAMESPACE: temporal.name,
    ...env,
  })
  if (stderr !== '') throw new Error(stderr)
  const report = given.includes('--output=')
    ? { healthy: false, findings: [], fixed: [] }
    : (JSON.parse(stdout) as Report)
  return { code, text: stdout, report }
}

/** What one check has found about this suite's objects: pools and Clusters of other suites come and go meanwhile. */
function about(check: CheckName, { report }: Visit): readonly CheckResult[] {
  return report.findings.filter((finding) => finding.check === check && !isOfOthers(finding))
}

function levels(check: CheckName, visited: Visit): readonly Level[] {
  return about(check, visited).map(({ level }) => level)
}

function isOfOthers({ found }: CheckResult): boolean {
  return (found.match(/e2e-[0-9a-f]{8}/g) ?? []).some(
    (name) => name !== testbed.namespace && name !== temporal.name,
  )
}

describe('doctor', () => {
  it('finds nothing at fault where all is well, and warns of nothing', async () => {
    await testbed.createClass('healthy')
    await testbed.createPool('10.91.0.10-10.91.0.19', { name: 'healthy', className: 'healthy' })
    await testbed.untilPool('healthy', (pool) => pool?.capacity !== undefined)
    await testbed.createCluster('dr-healthy', { className: 'healthy' })
    await testbed.untilServed('dr-healthy')

    const visited = await eventually('all to be well', async () => {
      const now = await visit()
      return now.report.findings.some((finding) => finding.level === 'fault' && !isOfOthers(finding))
        ? undefined
        : now
    })

    const own = visited.report.findings.filter((finding) => !isOfOthers(finding))
    expect(own.filter(({ level }) => level !== 'ok').map(({ check, level }) => [check, level])).toEqual([
      // The provider and core are no Deployments here.
      ['cluster-api-core', 'skipped'],
    ])
    expect(about('permissions', visited)).toEqual([
      {
        check: 'permissions',
        level: 'ok',
        found: expect.stringMatching(
          /^ServiceAccount capi-vip-allocator-system\/capi-vip-allocator may do all/,
        ),
      },
    ])
    expect(about('temporal-workers', visited)[0]?.found).toMatch(
      new RegExp(`^task queue ${suite.taskQueue} is polled by `),
    )
    expect(about('clock', visited)[0]?.found).toContain('differ by 2 s at most')
  })

  it('has not to register what the allocator registered at its start, and its runs can be found', async () => {
    const list = (): Promise<string> =>
      temporal.temporal('workflow', 'list', '--output=json', '--query=VipAddress = "10.91.0.10"')
    const found = await eventually('the run to be found by its address', async () => {
      const runs = await list()
      return runs.includes('allocate-vip/') ? runs : undefined
    })

    const { report } = await visit(['--fix'])

    expect(report.fixed).toEqual([])
    expect(found).toContain(`allocate-vip/${testbed.namespace}/dr-healthy`)
  })

  it('shows a table to people, and YAML to programs', async () => {
    const { text: table } = await visit(['--output=table'])
    expect(table).toMatch(/^LEVEL {3,}CHECK {3,}FOUND\n✓ ok {3,}api-server {3,}Kubernetes v/)
    expect(table).toMatch(/\d+ faults?, \d+ warnings?, \d+ skipped, \d+ in order\n$/)
    expect(table).not.toContain('\u001b')
    const { text: yaml } = await visit(['--output=yaml'])
    expect(yaml).toMatch(/^healthy: (true|false)\nfindings:\n {2}- check: api-server\n {4}level: ok\n/)
  })

  it('finds what a ServiceAccount may not do', async () => {
    await applyManifests(stack, [{ text: accountWithout('patch', 'clusters', 'patient') }])
    const account = `${testbed.namespace}/patient`
    const visited = await eventually('the API server to go by the role', async () => {
      const now = await visit([`--service-account=${account}`])
      return about('permissions', now).some(({ found }) => found.includes('/finalizers')) ? undefined : now
    })

    await removeRole('patient')
    expect(visited.code).toBe(3)
    expect(about('permissions', visited)).toEqual([
      {
        check: 'permissions',
        level: 'fault',
        found: `ServiceAccount ${account} may not patch clusters.cluster.x-k8s.io in ${testbed.namespace}`,
        fix: expect.stringContaining('deploy/manifests/cluster-role.yaml'),
      },
    ])
  })

  it('says what it cannot know as somebody who may nothing', async () => {
    const account = testbed.keyOf('nobody')
    await applyManifests(stack, [{ ...serviceAccount, metadata: account }])
    const outputPath = join(stack.runDirectory, `${testbed.namespace}-nobody.kubeconfig`)
    await createServiceAccountKubeconfig(stack, { ...account, outputPath })

    const visited = await visit([`--kubeconfig=${outputPath}`])

    expect(visited.code).toBe(3)
    expect(visited.report.findings.find(({ check }) => check === 'api-server')?.found).toContain(
      ` as system:serviceaccount:${testbed.namespace}:nobody in `,
    )
    const permissions = visited.report.findings.filter(({ check }) => check === 'permissions')
    expect(permissions[0]).toMatchObject({
      level: 'fault',
      found: expect.stringContaining(
        `user system:serviceaccount:${testbed.namespace}:nobody may not get/list/watch/patch clusters.cluster.x-k8s.io in`,
      ),
    })
    for (const check of ['cluster-api-core', 'ipam-provider', 'pools', 'pool-ranges', 'clusters'] as const) {
      const findings = visited.report.findings.filter((finding) => finding.check === check)
      expect(findings).toEqual([{ check, level: 'skipped', found: expect.stringContaining('is forbidden') }])
    }
  })

  it('finds slips on pools, pools that overlap, and pools that are exhausted', async () => {
    await testbed.createPool('10.92.0.10-10.92.0.12', { name: 'typo', className: 'helthy' })
    await testbed.createPool('10.92.0.12-10.92.0.14', {
      name: 'overlapping',
      className: 'healthy',
      labels: { [`${prefix}/roll`]: 'ingress' },
      annotations: { [`${prefix}/priority`]: 'high' },
    })
    await testbed.createPool('10.92.1.10', { name: 'tiny', className: 'small' })
    await testbed.createClass('small')
    await testbed.createCluster('dr-small', { className: 'small' })
    await testbed.untilServed('dr-small')
    await testbed.untilPool('tiny', (pool) => pool?.capacity?.free === 0)

    const visited = await visit()

    expect(visited.code).toBe(3)
    const pool = (name: string): string => `InClusterIPPool ${testbed.namespace}/${name}`
    expect(about('pool-labels', visited).map(({ level, found }) => [level, found])).toEqual(
      expect.arrayContaining([
        [
          'warning',
          `${pool('typo')} is for ClusterClass "helthy", which does not exist; did you mean "healthy"?`,
        ],
        ['warning', `${pool('overlapping')}: unknown label "${prefix}/roll"; did you mean "${prefix}/role"?`],
        [
          'fault',
          `${pool('overlapping')}: ${prefix}/priority is "high", expected an integer; the pool serves nobody`,
        ],
      ]),
    )
    expect(about('pool-ranges', visited).map(({ found }) => found)).toContain(
      `${pool('overlapping')} and ${pool('typo')} both have 10.92.0.12`,
    )
    expect(about('pools', visited).map(({ found }) => found)).toContain(
      `${pool('tiny')} is exhausted: 0 of 1 addresses free`,
    )
  })

  it('finds Clusters that no pool is for, and annotations that cannot be read', async () => {
    await testbed.createClass('lonely')
    await testbed.createCluster('dr-lonely', {
      className: 'lonely',
      annotations: { [`${prefix}/ingress-enabled`]: 'yes', [`${prefix}/control-plane-pol`]: 'x' },
    })

    const visited = await visit()

    expect(about('cluster-classes', visited).filter(({ level }) => level !== 'ok')).toEqual([
      {
        check: 'cluster-classes',
        level: 'fault',
        found: `no pool serves ClusterClass ${testbed.namespace}/lonely, and 1 Cluster of it waiting: ${testbed.namespace}/dr-lonely`,
        fix: expect.stringContaining(`${prefix}/cluster-class=lonely`),
      },
    ])
    const cluster = `Cluster ${testbed.namespace}/dr-lonely`
    expect(about('clusters', visited).map(({ level, found }) => [level, found])).toEqual([
      [
        'warning',
        `${cluster}: unknown annotation "${prefix}/control-plane-pol"; did you mean "${prefix}/control-plane-pool"?`,
      ],
      ['fault', `${cluster}: ${prefix}/ingress-enabled is "yes", expected "true" or "false"`],
    ])
  })

  it('finds an ExtensionConfig whose Service is gone or has no ready Pod, until one answers', async () => {
    const { namespace } = testbed
    const name = `${namespace}-hooks`
    const apply = (object: object): Promise<unknown> =>
      applyManifests(stack, [{ text: JSON.stringify(object) }])
    const applySlice = (ready: boolean): Promise<unknown> =>
      apply({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        metadata: { name: 'hooks', namespace, labels: { 'kubernetes.io/service-name': 'hooks' } },
        addressType: 'IPv4',
        endpoints: [{ addresses: ['192.0.2.1'], conditions: { ready } }],
        ports: [{ port: 9443 }],
      })
    const found = async (): Promise<string> =>
      about('runtime-extensions', await visit())
        .map((finding) => `${finding.found} ${finding.fix}`)
        .join()
    // Of another product, for the namespace of this suite only.
    await apply({
      apiVersion: 'runtime.cluster.x-k8s.io/v1beta2',
      kind: 'ExtensionConfig',
      metadata: { name },
      spec: {
        clientConfig: { service: { namespace, name: 'hooks' } },
        namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': namespace } },
      },
    })
    try {
      const absent = await found()
      const metadata = { name: 'hooks', namespace }
      await apply({ apiVersion: 'v1', kind: 'Service', metadata, spec: { ports: [{ port: 443 }] } })
      await applySlice(false)
      const unanswered = await found()
      await applySlice(true)
      const answered = await found()

      expect(absent).toMatch(
        new RegExp(
          `^ExtensionConfig ${name} leads to Service ${namespace}/hooks, which does not exist: .*kubectl delete extensionconfigs.runtime.cluster.x-k8s.io ${name}$`,
        ),
      )
      expect(unanswered).toContain(`leads to Service ${namespace}/hooks, behind which no Pod is ready: `)
      // Core cannot resolve the names of Services here.
      expect(answered).not.toMatch(/which does not exist|no Pod is ready/)
    } finally {
      const path = `/apis/runtime.cluster.x-k8s.io/v1beta2/extensionconfigs/${name}`
      await testbed.api.send({ method: 'DELETE', path })
    }
  })

  it('knows a provider by its Deployment', async () => {
    const at = `/apis/apps/v1/namespaces/${testbed.namespace}/deployments`
    await testbed.api.send({
      method: 'POST',
      path: at,
      body: deploymentOf('ipam-in-cluster', 'x/controller:v1.0.3'),
    })

    const away = await visit()
    await testbed.api.send({
      method: 'PATCH',
      path: `${at}/manager/status`,
      body: { status: { replicas: 1, readyReplicas: 1, availableReplicas: 1 } },
      contentType: 'application/merge-patch+json',
    })
    const old = await visit()
    await testbed.api.send({ method: 'DELETE', path: `${at}/manager` })

    expect(about('ipam-provider', away)[0]).toMatchObject({
      level: 'fault',
      found: `the in-cluster IPAM provider does not run: Deployment ${testbed.namespace}/manager has 0 of 1 Pods available`,
    })
    expect(about('ipam-provider', old)).toMatchObject([
      {
        level: 'warning',
        found: expect.stringContaining(`v1.0.3 (Deployment ${testbed.namespace}/manager)`),
      },
    ])
  })
})

describe('doctor, about Temporal', () => {
  it('finds a task queue that nobody polls', async () => {
    const visited = await visit(['--task-queue=nobody-polls-this'])
    expect(visited.code).toBe(3)
    expect(about('temporal-workers', visited)).toMatchObject([
      { level: 'fault', found: 'nobody polls task queue nobody-polls-this for workflows and activities' },
    ])
  })

  it('finds a run that keeps a Cluster from being served, on a task queue that nobody polls', async () => {
    // Where no watcher ends it.
    const fresh = await createTemporalNamespace(stack)
    try {
      const dead = `dead-${randomUUID()}`
      await testbed.createClass('typo')
      await testbed.createCluster('dr-typo', { className: 'typo' })
      const key = testbed.keyOf('dr-typo')
      const run = ['--type=allocateVip', `--task-queue=${dead}`, `--workflow-id=${workflowIdFor(key)}`]
      const before = await visit([], { TEMPORAL_NAMESPACE: fresh.name })
      await fresh.temporal('workflow', 'start', ...run, `--input=${JSON.stringify(key)}`)
      const visited = await visit([], { TEMPORAL_NAMESPACE: fresh.name })

      expect(about('workflow-runs', before)).toMatchObject([
        { level: 'ok', found: expect.stringMatching(/^\d+ Clusters? without a VIP, 0 runs: none is/) },
      ])
      expect(visited.code).toBe(3)
      expect(about('workflow-runs', visited)).toEqual([
        {
          check: 'workflow-runs',
          level: 'fault',
          found: `nobody works on 1 run on task queue "${dead}", not "${suite.taskQueue}": ${workflowIdFor(key)}`,
          fix: expect.stringContaining(`temporal workflow terminate --workflow-id ${workflowIdFor(key)}`),
        },
      ])
    } finally {
      await fresh.close()
    }
  })

  it('finds the runs of another installation, and none among those of Clusters that are not ours', async () => {
    await testbed.createClass('foreign')
    await testbed.createCluster('dr-foreign', { className: 'foreign' })
    const key = testbed.keyOf('dr-foreign')
    const ours = randomUUID()
    const visited = await eventually('a run to be at work', async () => {
      const now = await visit([`--task-queue=${ours}`])
      return about('workflow-runs', now).some(({ found }) => found.includes(workflowIdFor(key)))
        ? now
        : undefined
    })
    const filtered = await visit([`--task-queue=${ours}`, '--watch-filter=of-nobody'])

    expect(about('workflow-runs', visited)).toMatchObject([
      {
        level: 'fault',
        found: expect.stringMatching(
          `^another installation has \\d+ runs? on task queue "${suite.taskQueue}", not "${ours}": `,
        ),
        fix: expect.stringContaining('the same --task-queue'),
      },
    ])
    expect(about('workflow-runs', filtered)).toMatchObject([
      { level: 'ok', found: 'no Cluster waits for a VIP' },
    ])
  })

  it('finds a namespace that does not exist', async () => {
    const visited = await visit([], { TEMPORAL_NAMESPACE: 'nowhere' })
    expect(visited.code).toBe(3)
    expect(about('temporal-namespace', visited)).toMatchObject([
      { level: 'fault', fix: expect.stringContaining('namespace create --namespace nowhere') },
    ])
    expect(levels('search-attributes', visited)).toEqual(['skipped'])
  })

  it('goes on without it, and names its address', async () => {
    const address = `127.0.0.1:${await freePort()}`
    const visited = await visit([], { TEMPORAL_ADDRESS: address })
    expect(visited.code).toBe(3)
    expect(about('temporal', visited)).toMatchObject([
      { level: 'fault', found: expect.stringContaining(`Temporal at ${address} does not answer`) },
    ])
    expect(levels('api-server', visited)).toEqual(['ok'])
  })

  it('checks it also where the API server cannot be reached, and fails', async () => {
    const kubeconfig = join(stack.runDirectory, `${testbed.namespace}-closed.kubeconfig`)
    const server = `https://127.0.0.1:${await freePort()}`
    writeFileSync(
      kubeconfig,
      readFileSync(stack.kubeconfigPath, 'utf8').replaceAll(stack.apiServerUrl, server),
    )

    const visited = await visit([`--kubeconfig=${kubeconfig}`])

    expect(visited.code).toBe(1)
    expect(visited.report.findings.map(({ check, level }) => [check, level])).toEqual([
      ['api-server', 'fault'],
      ['temporal', 'ok'],
      ['temporal-namespace', 'ok'],
      ['temporal-workers', 'ok'],
      ['management-cluster', 'skipped'],
      ['workflow-runs', 'skipped'],
      ['search-attributes', 'ok'],
    ])
  })

  it('registers what is missing when asked to fix, and is content the next time', async () => {
    const fresh = await createTemporalNamespace(stack)
    try {
      const inFresh = { TEMPORAL_NAMESPACE: fresh.name }
      const ofFresh = ({ report }: Visit): readonly CheckResult[] =>
        report.findings.filter(({ check }) => check === 'search-attributes')
      const before = await visit([], inFresh)
      const fixing = await visit(['--fix'], inFresh)
      const after = await visit(['--fix'], inFresh)

      expect(ofFresh(before)).toMatchObject([
        { level: 'warning', found: expect.stringContaining(`not registered in namespace ${fresh.name}`) },
      ])
      expect(before.report.fixed).toEqual([])
      expect(fixing.report.fixed).toEqual([
        `search attributes ${searchAttributeNames.join(', ')} are registered in namespace ${fresh.name}`,
      ])
      expect(ofFresh(after)).toMatchObject([{ level: 'ok' }])
      expect(after.report.fixed).toEqual([])
    } finally {
      await fresh.close()
    }
  })

  it('finds a search attribute of another type, and does not touch it', async () => {
    const fresh = await createTemporalNamespace(stack)
    try {
      await fresh.temporal('operator', 'search-attribute', 'create', '--name=VipAddress', '--type=Text')
      const visited = await eventually('the type to be known', async () => {
        const now = await visit(['--fix'], { TEMPORAL_NAMESPACE: fresh.name })
        return now.report.findings.some(({ found }) => found.startsWith('VipAddress')) ? now : undefined
      })
      expect(visited.code).toBe(3)
      expect(visited.report.findings.filter(({ check }) => check === 'search-attributes')).toMatchObject([
        {
          level: 'fault',
          found: 'VipAddress is registered as Text, expected KeywordList: no run sets it',
        },
      ])
    } finally {
      await fresh.close()
    }
  })
})

const serviceAccount = { apiVersion: 'v1', kind: 'ServiceAccount' } as const

/** A ServiceAccount with all permissions that the allocator needs, but for one. */
function accountWithout(verb: string, resource: string, name: string): string {
  const { namespace } = testbed
  const rules = neededPermissions
    .filter((permission) => permission.verb !== verb || permission.resource !== resource)
    .map((permission) => ({
      apiGroups: [permission.group],
      resources: [permission.resource],
      verbs: [permission.verb],
    }))
  const role = { apiGroup: 'rbac.authorization.k8s.io', kind: 'ClusterRole', name: `${namespace}-${name}` }
  const metadata = { name: `${namespace}-${name}` }
  const objects = [
    { ...serviceAccount, metadata: { namespace, name } },
    { apiVersion: 'rbac.authorization.k8s.io/v1', kind: 'ClusterRole', metadata, rules },
    {
      apiVersion: 'rbac.authorization.k8s.io/v1',
      kind: 'ClusterRoleBinding',
      metadata,
      roleRef: role,
      subjects: [{ kind: 'ServiceAccount', namespace, name }],
    },
  ]
  return objects.map((object) => JSON.stringify(object)).join('\n---\n')
}

/** A namespace does not take these along. */
async function removeRole(name: string): Promise<void> {
  for (const plural of ['clusterrolebindings', 'clusterroles']) {
    const path = `/apis/rbac.authorization.k8s.io/v1/${plural}/${testbed.namespace}-${name}`
    await testbed.api.send({ method: 'DELETE', path })
  }
}

function deploymentOf(provider: string, image: string): object {
  const labels = { 'cluster.x-k8s.io/provider': provider }
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'manager', labels },
    spec: {
      replicas: 1,
      selector: { matchLabels: labels },
      template: { metadata: { labels }, spec: { containers: [{ name: 'manager', image }] } },
    },
  }
}
