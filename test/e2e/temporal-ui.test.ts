import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, Connection } from '@temporalio/client'
import { openBrowser, type OpenBrowser } from '../../dev/pictures/browser.ts'
import {
  showDetails,
  showFailed,
  showFinished,
  showFound,
  showWaiting,
  startByHand,
} from '../../dev/pictures/runs.ts'
import { temporalUi, type TemporalUi } from '../../dev/pictures/temporal-ui.ts'
import { registerSearchAttributes } from '../../src/commands/temporal/search-attributes.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { realParts } from '../support/real-parts.ts'
import { openFixture, type Fixture } from './fixture.ts'
import { createTemporalNamespace, type TemporalNamespace } from './temporal-namespace.ts'
import type { Testbed } from './testbed.ts'

const { stack } = realParts()
const address = '10.148.0.1'
const vipPool = { pool: 'InClusterIPPool/vip-pool', total: 1 }

let suite: Fixture
let testbed: Testbed
let connection: Connection
/** Of its own: only there a run can be found by what its VIP is. */
let temporalNamespace: TemporalNamespace
let browser: OpenBrowser
let ui: TemporalUi

beforeAll(async () => {
  suite = await openFixture()
  testbed = suite.testbed
  browser = await openBrowser((line) => void process.stderr.write(`${line}\n`))
  connection = await Connection.connect({ address: stack.temporal.address })
  temporalNamespace = await createTemporalNamespace(stack)
  const temporal = { ...stack.temporal, namespace: temporalNamespace.name }
  await registerSearchAttributes(connection, temporal.namespace)
  ui = temporalUi(browser.page, temporal)
  await suite.start({ env: { TEMPORAL_NAMESPACE: temporal.namespace } })
  await testbed.createPool(address)
  await testbed.createCluster('served')
  await testbed.untilServed('served')
  await testbed.untilPool('vip-pool', (now) => now?.capacity?.free === 0)
  await testbed.createCluster('hungry')
})

afterAll(async () => {
  try {
    await suite.close(() => browser.close())
  } finally {
    await temporalNamespace.close()
    await connection.close()
  }
})

describe('the Temporal UI', () => {
  it('shows the steps of a run that is over, and its result', async () => {
    const text = await showFinished(ui, testbed.keyOf('served'), { ...vipPool, address })
    expect(text).toContain('"outcome": "allocated", "reason": "Allocated"')
    expect(text).toContain(`"address": "${address}", "port": 6443`)
    expect(text).toContain('"claim": "vip-cp-served"')
  })

  it('shows in the history what got on at once, and for whom', async () => {
    const { namespace } = testbed
    const text = await ui.showTab(workflowIdFor(testbed.keyOf('served')), 'Event History', [
      `Workflow Execution Started Workflow Type Name allocateVip Summary VIP for Cluster ${namespace}/served`,
    ])
    expect(text).toContain(`allocateAtOnce Summary control-plane VIP for ${namespace}/served`)
  })

  it('shows why a run waits, what would help, and when it looks again', async () => {
    const text = await showWaiting(ui, testbed.keyOf('hungry'), vipPool)
    expect(text).toContain('"because": "0 of 1 addresses free"')
    expect(text).toContain('with vip.capi.gorizond.io/cluster-class=rke2-cluster-class')
    expect(text).toMatch(/Attempt \d+ \/ UNLIMITED Next Retry \w+ \d+, \d{4}, [\d:.]+ [AP]M UTC/)
  })

  it('shows which Cluster a run is for, and what the run says of its wait', async () => {
    const text = await showDetails(ui, testbed.keyOf('hungry'), vipPool)
    expect(text).toMatch(/waiting since \d{4}-\d\d-\d\dT[\d:.]+Z: PoolExhausted/)
    expect(text).toContain('looks again at once when the Cluster, its claim or a pool changes')
  })

  it('answers the query for the status of a run', async () => {
    const query = 'status Where the allocation is, and why'
    const text = await ui.runQuery(workflowIdFor(testbed.keyOf('hungry')), query, [
      '"reason": "PoolExhausted"',
    ])
    expect(text).toContain(`"cluster": { "namespace": "${testbed.namespace}", "name": "hungry" }`)
    expect(text).toContain('"verdict": "rejected", "because": "0 of 1 addresses free"')
  })

  it('shows what is wrong with the argument of a run, and not where our code says so', async () => {
    const client = new Client({ connection, namespace: temporalNamespace.name })
    await startByHand(client, suite.taskQueue, testbed.keyOf('Mistyped_Name'))
    const text = await showFailed(ui, testbed.keyOf('Mistyped_Name'))
    expect(text).toContain('expected one JSON object {"namespace":"<namespace>","name":"<cluster>"}')
    expect(text).not.toContain('allocate-vip.ts')
  })

  it('lists the runs that wait, and for what', async () => {
    const [served, hungry] = [workflowIdFor(testbed.keyOf('served')), workflowIdFor(testbed.keyOf('hungry'))]
    await ui.showList(`VipNamespace = "${testbed.namespace}"`, [`COMPLETED ${served}`, `RUNNING ${hungry}`])
    const waiting = await ui.showList('VipPhase = "PoolExhausted"', [`RUNNING ${hungry}`])
    expect(waiting).not.toContain(served)
  })

  it('tells which Cluster has had an address', async () => {
    const found = await showFound(ui, testbed.keyOf('served'), address)
    expect(found).not.toContain(workflowIdFor(testbed.keyOf('hungry')))
    const text = await ui.showTab(workflowIdFor(testbed.keyOf('served')), 'Search Attributes', [
      `"VipAddress": [ "${address}" ]`,
    ])
    expect(text).toContain('"VipPool": [ "InClusterIPPool/vip-pool" ]')
    expect(text).toContain('"VipPhase": "Allocated"')
    expect(text).toContain('"VipCluster": "served"')
  })
})
