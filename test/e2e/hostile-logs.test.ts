import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { postClaim } from './objects.ts'
import { viewTemporal, type TemporalView } from './temporal.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack, allocatorKubeconfig } = realParts()
const esc = String.fromCodePoint(27)
/** Made to look like lines of its own, and to change what a terminal shows. */
const hostile = `x\n{"level":"error","message":"forged"}\r\nforged ${esc}[2J${esc}[31mred${esc}]0;title\u0007\u009b1m %s {{ . }}`
/** Characters of a line that a log collector takes whole. */
const longestLine = 16_000

let testbed: Testbed
let temporal: TemporalView

beforeAll(async () => {
  testbed = await openTestbed(stack)
  temporal = await viewTemporal(stack)
})

afterAll(async () => {
  try {
    await testbed.close()
  } finally {
    await temporal.close()
  }
})

/** Makes a claim under the Cluster's name that a thing of a hostile name owns. */
async function createForeignClaim(cluster: string, ownerName: string): Promise<void> {
  // Of a kind that nobody serves: garbage collection would delete the claim of any other.
  const owner = { apiVersion: 'nowhere.example/v1', kind: 'Nothing', name: ownerName, uid: randomUUID() }
  await postClaim(testbed, cluster, 'none', { ownerReferences: [owner] })
}

async function createCluster(
  name: string,
  annotations: Readonly<Record<string, string>>,
  spec: object = {},
): Promise<void> {
  const classRef = { name: 'rke2-cluster-class' }
  await testbed.api.send({
    method: 'POST',
    path: testbed.path('clusters'),
    body: {
      apiVersion: 'cluster.x-k8s.io/v1beta2',
      kind: 'Cluster',
      metadata: { name, annotations },
      spec: { ...spec, topology: { classRef, version: 'v1.35.4', controlPlane: { replicas: 1 } } },
    },
  })
}

/** What an allocator writes while it meets texts in an owner, an annotation, a host, a wake and an argument. */
async function logOf(format: string, texts: readonly string[]): Promise<readonly string[]> {
  const taskQueue = randomUUID()
  const allocator = await startAllocator({
    stack,
    kubeconfigPath: allocatorKubeconfig,
    taskQueue,
    namespaces: [testbed.namespace],
    flags: ['--log-level=debug', `--log-format=${format}`],
  })
  try {
    const named = await Promise.all(texts.map((text) => showTo(taskQueue, text)))
    return await eventually('the log to tell of all of them', async () => {
      await Promise.resolve()
      const log = readFileSync(allocator.logPath, 'utf8')
      return named.flat().every((word) => log.includes(word)) ? log.trimEnd().split('\n') : undefined
    })
  } finally {
    await allocator.stop()
    for (const claim of await testbed.claims()) {
      await testbed.delete('ipaddressclaims', claim)
    }
  }
}

/** Has an allocator meet the text. Resolves with what its log names then. */
async function showTo(taskQueue: string, text: string): Promise<readonly string[]> {
  const [owner, pool, host] = [newName('owner'), newName('pool'), newName('host')]
  await createForeignClaim(owner, text)
  await createCluster(owner, {})
  await createCluster(pool, { 'vip.capi.gorizond.io/control-plane-pool': text })
  // The API server takes no host of more than 512 characters.
  await createCluster(host, {}, { controlPlaneEndpoint: { host: text.slice(0, 512) } })
  await Promise.all([owner, pool].map((name) => temporal.untilPending(idOf(name))))
  await temporal.client.workflow.getHandle(idOf(pool)).signal('wake', text)
  const run = await temporal.client.workflow.start('allocateVip', {
    workflowId: newName('hostile'),
    taskQueue,
    args: [{ namespace: text, name: text }],
  })
  await expect(run.result()).rejects.toThrow('failed')
  return [owner, pool, host, run.workflowId]
}

function newName(what: string): string {
  return `${what}-${randomUUID().slice(0, 8)}`
}

function idOf(name: string): string {
  return workflowIdFor(testbed.keyOf(name))
}

describe('hostile text in the log', () => {
  const texts = [hostile, 'o'.repeat(200_000)]

  it('stays in one line of JSON each, cut short, in the format json', async () => {
    const lines = await logOf('json', texts)
    for (const line of lines) {
      expect(JSON.parse(line)).toMatchObject({ level: expect.any(String), message: expect.any(String) })
      expect(line).not.toContain(esc)
      expect(line.length).toBeLessThan(longestLine)
    }
    expect(lines.filter((line) => line.includes('forged')).length).toBeGreaterThan(0)
  })

  it('stays in one line each, cut short, without control characters, in the format pretty', async () => {
    const lines = await logOf('pretty', texts)
    expect(lines.filter((line) => line.includes('forged')).length).toBeGreaterThan(0)
    // What does not begin with a time is a line that somebody else has begun.
    const ours = /^\[[\d :.TZ-]+\] (DEBUG|INFO|WARN|ERROR)/
    expect(lines.filter((line) => !ours.test(line))).toEqual([])
    expect(lines.filter((line) => /\p{Cc}/u.test(line))).toEqual([])
    expect(Math.max(...lines.map((line) => line.length))).toBeLessThan(longestLine)
  })
})
