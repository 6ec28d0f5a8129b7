import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { ApiProxy } from '../../dev/api-proxy/api-proxy.ts'
import { kubeconfigThrough } from '../../dev/api-proxy/kubeconfig-through.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import type { Report } from '../../src/commands/doctor/report.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { linesOf, untilLogged, type LogLine } from './log-lines.ts'
import { createRoleAccount, type RoleAccount } from './role-account.ts'
import { runCommand } from './run-program.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const globalPools = {
  apiGroups: ['ipam.cluster.x-k8s.io'],
  resources: ['globalinclusterippools'],
  verbs: ['list', 'watch'],
}

/** What no Role of a served namespace permits. */
const clusterScoped: readonly string[] = ['globalinclusterippools', 'namespaces']

let suite: Fixture
let testbed: Testbed
let account: RoleAccount
let proxy: ApiProxy
/** Served as well by the flags of the allocator, and not permitted to it. */
let forbidden: string

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  forbidden = `${testbed.namespace}-forbidden`
  account = await createRoleAccount(stack, testbed)
  const { proxy: opened, kubeconfigPath } = await suite.openProxy()
  proxy = opened
  kubeconfigThrough(proxy, account.kubeconfigPath, kubeconfigPath)
  await testbed.createPool('10.177.0.10-10.177.0.14', { name: 'role-pool', className: 'role-class' })
  await testbed.createClass('role-class')
  // It is ready although most of what it would like to read is refused.
  await suite.start({ kubeconfigPath, namespaces: [forbidden] })
})

afterAll(() => suite.close(() => account.remove()))

interface Readiness {
  readonly ready: boolean
  readonly checks: Readonly<Record<string, { readonly ok: boolean; readonly detail: string }>>
}

async function readiness(): Promise<Readiness> {
  const answer = await fetch(suite.allocator.readyUrl)
  return (await answer.json()) as Readiness
}

function notPermitted(): readonly LogLine[] {
  return linesOf(suite.allocator.logPath).filter(({ message }) => message.startsWith('Not permitted: '))
}

describe('an allocator with a Role in one namespace', () => {
  it('makes a lost claim again while it may not read the global pools', async () => {
    await testbed.createClass('lost-class')
    await testbed.createPool('10.177.3.10-10.177.3.11', { name: 'role-lost', className: 'lost-class' })
    await testbed.createCluster('ro-lost', { className: 'lost-class' })
    const host = await testbed.hostOf('ro-lost')
    const former = await testbed.untilClaim('vip-cp-ro-lost', (now) => now?.addressName !== undefined)
    await testbed.delete('ipaddressclaims', 'vip-cp-ro-lost')
    const again = await testbed.untilClaim(
      'vip-cp-ro-lost',
      (now) => now?.addressName !== undefined && now.uid !== former?.uid,
    )
    const held = (await testbed.ipAddresses()).find(({ name }) => name === again?.addressName)
    expect(held?.address).toBe(host)
  })

  it('serves a Cluster from a global pool as soon as it is permitted to read one', async () => {
    await testbed.createClass('global-class')
    const name = await testbed.createPool('10.177.1.10', {
      name: 'role-global',
      className: 'global-class',
      kind: 'GlobalInClusterIPPool',
    })
    await testbed.createCluster('ro-global', { className: 'global-class' })
    const waiting = await testbed.untilCluster(
      'ro-global',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane') !== undefined,
    )
    expect(waiting && vipConditionOf(waiting, 'control-plane')).toMatchObject({ reason: 'NoMatchingPool' })
    expect((await readiness()).checks['watch-globalinclusterippools']).toEqual({
      ok: true,
      detail: expect.stringMatching(
        /^not read, so that GlobalInClusterIPPools serve no Cluster: .* is forbidden: .*; tried again every half minute$/,
      ),
    })

    await account.grant('', globalPools)
    expect(await testbed.hostOf('ro-global')).toBe('10.177.1.10')
    expect(name).toBe(`${testbed.namespace}-role-global`)
    await untilLogged(suite.allocator.logPath, 'Permitted now: list globalinclusterippools')
    expect((await readiness()).checks['watch-globalinclusterippools']).toEqual({
      ok: true,
      detail: 'listening',
    })
  })

  it('opens a pool by the labels of its namespace as soon as the Role permits to read them', async () => {
    const selectorAnnotation = 'vip.capi.gorizond.io/namespace-selector'
    const tenant = testbed.namespace
    const giveBack = await account.withhold('namespaces')
    await testbed.patch(`/api/v1/namespaces/${tenant}`, { metadata: { labels: { tenant } } })
    await testbed.createClass('selected-class')
    await testbed.createPool('10.177.2.10', {
      name: 'role-selecting',
      className: 'selected-class',
      kind: 'GlobalInClusterIPPool',
      // Before the pools of other suites, so that the condition has room for it.
      labels: { 'vip.capi.gorizond.io/role': 'control-plane' },
      annotations: { [selectorAnnotation]: `tenant=${tenant}` },
    })
    await testbed.createCluster('ro-selected', { className: 'selected-class' })
    const words = `is closed to namespace ${tenant}, whose labels cannot be read (${selectorAnnotation}: "tenant=${tenant}")`
    await testbed.untilCluster(
      'ro-selected',
      (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.message.includes(words) === true,
    )
    const { ready, checks } = await readiness()
    expect(checks['watch-namespaces']).toEqual({
      ok: true,
      detail: expect.stringMatching(
        /^not read, so that a namespace-selector opens pools only to .* is forbidden: /,
      ),
    })
    expect(ready).toBe(true)
    await giveBack()
    expect(await testbed.hostOf('ro-selected')).toBe('10.177.2.10')
  })

  it('goes on without global pools when the right is taken away while it watches them', async () => {
    await account.revoke('')
    proxy.cut()
    await eventually('the refusal', async () => {
      const { checks } = await readiness()
      return checks['watch-globalinclusterippools']?.detail.startsWith('not read') === true || undefined
    })
    await testbed.createCluster('ro-first', { className: 'role-class' })
    expect(await testbed.hostOf('ro-first')).toBe('10.177.0.10')
    await eventually('/readyz', async () => (await readiness()).ready || undefined)
  })

  it('restores a lost claim, as all that it can read has been read', async () => {
    await testbed.delete('ipaddressclaims', 'vip-cp-ro-first')
    await testbed.untilClaim('vip-cp-ro-first', (now) => now === undefined)
    const claim = await testbed.untilClaim('vip-cp-ro-first', (now) => now?.addressName !== undefined)
    expect(claim?.poolRef.name).toBe('role-pool')
    expect((await testbed.ipAddresses()).find(({ name }) => name === 'vip-cp-ro-first')?.address).toBe(
      '10.177.0.10',
    )
  })

  it('says once what it may not read, and asks for nothing else in vain', async () => {
    const places = ['clusters', 'clusterclasses', 'ipaddressclaims', 'ipaddresses', 'inclusterippools']
    expect(notPermitted().map(({ resource, message }) => [resource, message.includes(forbidden)])).toEqual(
      expect.arrayContaining(places.map((resource) => [resource, true])),
    )
    const ofGlobal = notPermitted().filter(({ resource }) => resource === 'globalinclusterippools')
    // Before it was permitted, and after that.
    const line =
      'Not permitted: list globalinclusterippools, so that GlobalInClusterIPPools serve no Cluster; tried again every half minute'
    expect(ofGlobal.map(({ message }) => message)).toEqual([line, line])
    const inVain = proxy.requests.filter(
      ({ code, resource, namespace }) =>
        code === 403 && !clusterScoped.includes(resource) && namespace !== forbidden,
    )
    expect(inVain).toEqual([])
    expect(linesOf(suite.allocator.logPath).filter(({ level }) => level === 'error')).toEqual([])
  })

  it('gets a warning from doctor, with what is lost and how to grant it, and no fault', async () => {
    const { stdout } = await runCommand(
      [
        'doctor',
        `--kubeconfig=${account.kubeconfigPath}`,
        `--namespace=${testbed.namespace}`,
        `--task-queue=${suite.taskQueue}`,
        '--output=json',
      ],
      { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace },
    )
    const { findings } = JSON.parse(stdout) as Report
    expect(findings.filter(({ level }) => level === 'fault')).toEqual([])
    expect(findings.filter(({ check }) => check === 'permissions')).toEqual(
      expect.arrayContaining([
        {
          check: 'permissions',
          level: 'warning',
          found: expect.stringContaining('may not get namespaces kube-system'),
          fix: expect.any(String),
        },
        {
          check: 'permissions',
          level: 'warning',
          found: expect.stringMatching(
            /may not list\/watch namespaces: a namespace-selector opens pools only to Namespaces that may be read one by one/,
          ),
          fix: expect.any(String),
        },
        {
          check: 'permissions',
          level: 'warning',
          found: `user system:serviceaccount:${account.name.replace('/', ':')} may not list/watch globalinclusterippools.ipam.cluster.x-k8s.io: GlobalInClusterIPPools serve no Cluster`,
          fix: expect.stringContaining('deploy/namespaced/role.yaml'),
        },
        {
          check: 'permissions',
          level: 'skipped',
          found: expect.stringMatching(/^left out: list globalinclusterippools: .* is forbidden/),
        },
      ]),
    )
  })

  it('shows a user of the same rights the status, and says what is left out', async () => {
    const { code, stdout, stderr } = await runCommand(
      ['status', `--kubeconfig=${account.kubeconfigPath}`, `--namespace=${testbed.namespace}`],
      { TEMPORAL_ADDRESS: stack.temporal.address, TEMPORAL_NAMESPACE: stack.temporal.namespace },
    )
    expect([code, stdout]).toEqual([0, expect.stringContaining('10.177.0.10')])
    expect(stderr).toMatch(/left out: list globalinclusterippools: .* is forbidden/)
  })
})
