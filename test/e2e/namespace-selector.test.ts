import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import type { Report } from '../../src/commands/doctor/report.ts'
import { vipConditionOf } from '../../src/domain/allocation/vip-condition.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { textOfRun } from './history-text.ts'
import { runCommand } from './run-program.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack } = realParts()
const selectorAnnotation = 'vip.capi.gorizond.io/namespace-selector'
const className = 'tenant-class'

let suite: Fixture
/** The namespaces of two tenants. Other suites have none with their labels. */
let blue: Testbed
let red: Testbed

beforeAll(async () => {
  suite = await openFixture()
  blue = suite.testbed
  red = await openTestbed(stack)
  await suite.start({ namespaces: [red.namespace] })
})

afterAll(() => suite.close(() => red.close()))

/** Sets or removes the label `tenant` of a Namespace. */
async function label(tenant: Testbed, value: string | null): Promise<void> {
  const metadata = { labels: { tenant: value === null ? null : tenantOf(value) } }
  await tenant.patch(`/api/v1/namespaces/${tenant.namespace}`, { metadata })
}

function tenantOf(value: string): string {
  return `${blue.namespace}-${value}`
}

let created = 0

/**
 * Creates a global pool for a class of both tenants. Resolves with its name. Its role and its priority place it before all
 * others, so that a message with room for a few pools has it.
 */
async function createPool(addresses: string, selector: string, ofClass = className): Promise<string> {
  return blue.createPool(addresses, {
    name: `of-${addresses.replaceAll('.', '-')}`,
    className: ofClass,
    kind: 'GlobalInClusterIPPool',
    labels: { 'vip.capi.gorizond.io/role': 'control-plane' },
    annotations: {
      [selectorAnnotation]: selector,
      'vip.capi.gorizond.io/priority': String(++created),
    },
  })
}

async function createClass(name: string): Promise<void> {
  for (const tenant of [blue, red]) await tenant.createClass(name)
}

/** Waits until the condition of a Cluster says so. */
async function untilSaid(tenant: Testbed, name: string, words: string): Promise<void> {
  await tenant.untilCluster(
    name,
    (now) => now !== undefined && vipConditionOf(now, 'control-plane')?.message.includes(words) === true,
  )
}

async function print(...args: readonly string[]): Promise<string> {
  const { stdout } = await runCommand(
    [...args, '--kubeconfig', stack.kubeconfigPath, `--namespace=${blue.namespace}`],
    {
      TEMPORAL_ADDRESS: stack.temporal.address,
      CAPI_VIP_ALLOCATOR_TASK_QUEUE: suite.taskQueue,
    },
  )
  return stdout
}

describe('pools that select Namespaces by their labels', () => {
  it('serve each tenant from its own', async () => {
    await createClass(className)
    await label(blue, 'blue')
    await label(red, 'red')
    await createPool('10.186.0.10', `tenant=${tenantOf('blue')}`)
    await createPool('10.186.1.10', `tenant notin (${tenantOf('blue')}),tenant=${tenantOf('red')}`)
    await Promise.all([blue, red].map((tenant) => tenant.createCluster('ns-first', { className })))
    expect(await blue.hostOf('ns-first')).toBe('10.186.0.10')
    expect(await red.hostOf('ns-first')).toBe('10.186.1.10')
    expect(await print('pools')).toMatch(new RegExp(`of-10-186-0-10 +those with tenant=${tenantOf('blue')} `))
  })

  it('serve a Cluster that waits as soon as its Namespace has the label', async () => {
    await createClass('late-class')
    const pool = await createPool('10.186.2.10', `tenant=${tenantOf('late')}`, 'late-class')
    await blue.createCluster('ns-late', { className: 'late-class' })
    const words = `is closed to namespace ${blue.namespace} (${selectorAnnotation}: "tenant=${tenantOf('late')}")`
    await untilSaid(blue, 'ns-late', `GlobalInClusterIPPool/${pool}: ${words}`)
    for (const command of ['plan', 'status']) {
      expect(await print(command, `${blue.namespace}/ns-late`)).toContain(words)
    }
    await label(blue, 'late')
    expect(await blue.hostOf('ns-late')).toBe('10.186.2.10')
    const run = workflowIdFor(blue.keyOf('ns-late'))
    expect(await textOfRun(suite.temporal.client, run)).toContain(
      `labels of Namespace ${blue.namespace} changed`,
    )
  })

  it('leave a VIP where it is when the Namespace loses the label', async () => {
    await label(blue, null)
    const plan = await print('plan', `${blue.namespace}/ns-late`)
    expect(plan).toContain('has 10.186.2.10:6443 as it should')
    expect(await blue.hostOf('ns-late')).toBe('10.186.2.10')
  })

  it('serve nobody by a selector that cannot be read, say so everywhere, and serve once it is corrected', async () => {
    await createClass('unreadable-class')
    const pool = await createPool('10.186.3.10', 'tenant in red', 'unreadable-class')
    await blue.createCluster('ns-unreadable', { className: 'unreadable-class' })
    const words = `${selectorAnnotation} is "tenant in red", expected a label selector such as team=blue,env in (test,prod),!legacy`
    await untilSaid(blue, 'ns-unreadable', `GlobalInClusterIPPool/${pool}: ${words}`)
    expect(await print('status', `${blue.namespace}/ns-unreadable`)).toContain(words)
    const { findings } = JSON.parse(await print('doctor', '--output=json')) as Report
    expect(findings).toContainEqual({
      check: 'pool-labels',
      level: 'fault',
      found: `GlobalInClusterIPPool/${pool}: ${words}; the pool serves nobody`,
      fix: `correct ${selectorAnnotation} on GlobalInClusterIPPool/${pool}`,
    })
    const metadata = { annotations: { [selectorAnnotation]: `!tenant,kubernetes.io/metadata.name` } }
    await blue.patch(blue.path('globalinclusterippools', pool), { metadata })
    expect(await blue.hostOf('ns-unreadable')).toBe('10.186.3.10')
  })
})
