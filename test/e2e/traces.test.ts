import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { randomUUID } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { Allocator } from '../../dev/allocator.ts'
import { freePort } from '../../dev/stack/ports.ts'
import { workflowIdFor } from '../../src/workflows/contract.ts'
import { startAllocator } from '../support/allocator.ts'
import { eventually } from '../support/eventually.ts'
import { realParts } from '../support/real-parts.ts'
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts'
import { startTraceReceiver, type ReceivedSpan, type TraceReceiver } from './trace-receiver.ts'
import { openTestbed, type Testbed } from './testbed.ts'

const { stack, allocatorKubeconfig } = realParts()

let testbed: Testbed
let collector: TraceReceiver

beforeAll(async () => {
  collector = await startTraceReceiver()
  testbed = await openTestbed(stack)
  await testbed.createPool('10.77.0.10-10.77.0.30')
})

afterAll(async () => {
  try {
    await testbed.close()
  } finally {
    await collector.close()
  }
})

/** Serves a Cluster with an allocator of its own, and hands the allocator to `look` before it stops. */
async function serve<T>(
  name: string,
  env: Readonly<Record<string, string>>,
  look: (allocator: Allocator) => Promise<T>,
): Promise<T> {
  const allocator = await startAllocator({
    stack,
    kubeconfigPath: allocatorKubeconfig,
    taskQueue: randomUUID(),
    namespaces: [testbed.namespace],
    flags: ['--log-level=debug'],
    env,
  })
  try {
    await testbed.createCluster(name)
    await testbed.untilServed(name)
    return await look(allocator)
  } finally {
    await allocator.stop()
  }
}

function clusterKey(name: string): string {
  return `${testbed.namespace}/${name}`
}

/** All spans of the one trace that begins with the Cluster's dispatch, once its run has ended. */
function untilTraced(name: string): Promise<readonly ReceivedSpan[]> {
  return eventually(`a whole trace of ${name}`, async () => {
    await Promise.resolve()
    const first = collector.spans.find(({ attributes }) => attributes['cluster'] === clusterKey(name))
    const trace = collector.spans.filter(({ traceId }) => traceId === first?.traceId)
    return trace.some((span) => span.name === 'RunWorkflow:allocateVip') ? trace : undefined
  })
}

/** The names from a span up to the first of its trace. */
function ancestry(trace: readonly ReceivedSpan[], span: ReceivedSpan): readonly string[] {
  const parent = trace.find(({ spanId }) => spanId === span.parentSpanId)
  return parent === undefined ? [span.name] : [span.name, ...ancestry(trace, parent)]
}

describe('the trace of an allocation', () => {
  it('goes from what the watcher saw through every step to each request to the API server', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_RESOURCE_ATTRIBUTES: 'deployment.environment=test',
    }
    await serve('traced', env, async () => {
      const trace = await untilTraced('traced')
      const spanOf = (...names: readonly string[]): ReceivedSpan => {
        const span = trace.find(({ name }) => names.includes(name))
        if (span === undefined)
          throw new Error(`no span ${names.join(' or ')} in ${trace.map(({ name }) => name).join(', ')}`)
        return span
      }
      const run = ['RunWorkflow:allocateVip', 'StartWorkflow:allocateVip', 'dispatch start']
      // A step that had to wait on the fast path is an activity of its own, as are those after it.
      for (const step of ['selectIPPool', 'ensureIPAddressClaim', 'awaitIPAddress', 'assignVip']) {
        const span = spanOf(step, `RunActivity:${step}`)
        const above =
          span.name === step
            ? ['RunActivity:allocateAtOnce', 'StartActivity:allocateAtOnce']
            : [`StartActivity:${step}`]
        expect(ancestry(trace, span)).toEqual([span.name, ...above, ...run])
      }
      const stepOf = (request: string): string | undefined =>
        ancestry(trace, spanOf(request))[1]?.replace('RunActivity:', '')
      expect(stepOf('create ipaddressclaims')).toBe('ensureIPAddressClaim')
      expect(stepOf('patch clusters')).toBe('assignVip')
      expect(trace.filter(({ parentSpanId }) => parentSpanId === undefined).map(({ name }) => name)).toEqual([
        'dispatch start',
      ])
    })
  })

  it('names the Cluster, the run, and the program with what the environment adds', async () => {
    const trace = await untilTraced('traced')
    const [first] = trace.filter(({ name }) => name === 'dispatch start')
    expect(first?.attributes).toEqual({
      cluster: clusterKey('traced'),
      action: 'start',
      because: expect.any(String),
    })
    expect(first?.resource).toMatchObject({
      'service.name': 'capi-vip-allocator',
      'deployment.environment': 'test',
    })
    const [run] = trace.filter(({ name }) => name === 'RunWorkflow:allocateVip')
    expect(JSON.stringify(run?.attributes)).toContain(workflowIdFor(testbed.keyOf('traced')))
  })

  it('has the service name that OTEL_SERVICE_NAME gives', async () => {
    const env = {
      OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: `${collector.endpoint}/v1/traces`,
      OTEL_BSP_SCHEDULE_DELAY: '50',
      OTEL_SERVICE_NAME: 'vips-of-site-7',
    }
    const [span] = await serve('named', env, () => untilTraced('named'))
    expect(span?.resource['service.name']).toBe('vips-of-site-7')
  })

  it.each<[string, Readonly<Record<string, string>>]>([
    ['nobody asks for it', {}],
    ['OTEL_SDK_DISABLED is true', { OTEL_SDK_DISABLED: 'true' }],
    ['OTEL_TRACES_EXPORTER is none', { OTEL_TRACES_EXPORTER: 'none' }],
  ])('is not made where %s', async (what, env) => {
    const before = collector.requests()
    const name = what.toLowerCase().replaceAll(/[^a-z]+/g, '-')
    const asked = what === 'nobody asks for it' ? {} : { OTEL_EXPORTER_OTLP_ENDPOINT: collector.endpoint }
    const log = await serve(name, { ...env, ...asked }, async ({ logPath }) => readFileSync(logPath, 'utf8'))
    // It has ended, and what it had to send it would have sent by then.
    expect(collector.requests()).toBe(before)
    expect(log).not.toContain('traceId')
  })

  it.each<[string, (silent: TcpProxy) => Promise<number>]>([
    ['is away', () => freePort()],
    [
      'takes connections and never answers',
      async (silent) => {
        silent.swallow()
        return silent.port
      },
    ],
  ])('is lost where the collector %s, and costs nothing else but a line', async (what, portOf) => {
    const silent = await startTcpProxy({ port: 0 })
    const env = {
      OTEL_EXPORTER_OTLP_ENDPOINT: `http://127.0.0.1:${await portOf(silent)}`,
      OTEL_EXPORTER_OTLP_TIMEOUT: '500',
      OTEL_BSP_SCHEDULE_DELAY: '50',
    }
    const log = await serve(`lost-${what.length}`, env, async (allocator) => {
      await eventually('a line about it', async () => {
        await Promise.resolve()
        return readFileSync(allocator.logPath, 'utf8').includes('Cannot reach the collector')
          ? true
          : undefined
      })
      await allocator.stop()
      expect(allocator.outcome()).toBe('exit code 0')
      return readFileSync(allocator.logPath, 'utf8')
    })
    await silent.close()
    expect(log.match(/Cannot reach the collector of traces/g) ?? []).toHaveLength(1)
  })
})
