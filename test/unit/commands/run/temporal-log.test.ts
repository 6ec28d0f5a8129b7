import { describe, expect, it } from '@jest/globals'
import { ApplicationFailure } from '@temporalio/common'
import { createOutages } from '../../../../src/commands/run/outages.ts'
import { temporalLogger } from '../../../../src/commands/run/temporal-log.ts'
import type { LogFields } from '../../../../src/observability/log.ts'

type Line = readonly [level: string, message: string, fields: LogFields | undefined]

/** Temporal's logger and what it writes. */
function logged(): {
  lines: Line[]
  outages: ReturnType<typeof createOutages>
  logger: ReturnType<typeof temporalLogger>
} {
  const lines: Line[] = []
  const write =
    (level: string) =>
    (message: string, fields?: LogFields): void =>
      void lines.push([level, message, fields])
  const log = { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
  const outages = createOutages(log)
  return { lines, outages, logger: temporalLogger(log, outages.suppresses) }
}

const unavailable = ApplicationFailure.create({
  type: 'KubernetesUnavailable',
  message: 'connection refused',
})
const retried = [
  'gRPC call poll_workflow_task_queue retried 6 times',
  { sdkComponent: 'core', error: 'refused' },
] as const

describe("Temporal's lines", () => {
  it('have our names, and nothing that we do not know', () => {
    const { lines, logger } = logged()
    logger.log('WARN', 'Activity failed', {
      namespace: 'default',
      workflowId: 'allocate-vip/a/b',
      attempt: 3,
      activityType: 'selectIPPool',
      activityId: '1',
      taskToken: 'secret',
      trace_id: 'abc',
      error: ApplicationFailure.create({ type: 'ClaimConflict', message: 'somebody else has it' }),
      cluster: 'a/b',
      pool: { kind: 'InClusterIPPool' },
    })
    expect(lines).toEqual([
      [
        'warn',
        'Activity failed',
        {
          temporalNamespace: 'default',
          workflowId: 'allocate-vip/a/b',
          attempt: 3,
          activityType: 'selectIPPool',
          traceId: 'abc',
          reason: 'ClaimConflict',
          error: 'somebody else has it',
          cluster: 'a/b',
        },
      ],
    ])
  })

  it('about a step that could not reach the API server are of the outage, while there is one', () => {
    const { lines, outages, logger } = logged()
    logger.warn('Activity failed', { error: unavailable })
    outages.apiServer.failed('connection refused')
    logger.warn('Activity failed', { error: unavailable })
    logger.warn('Activity failed', { error: new Error('anything else') })
    expect(lines.map(([level, message]) => [level, message])).toEqual([
      ['warn', 'Activity failed'],
      ['warn', 'Cannot reach the API server; trying again'],
      ['debug', 'Activity failed'],
      ['warn', 'Activity failed'],
    ])
  })

  it('about repeated requests to Temporal begin the outage, and are of it', () => {
    const { lines, outages, logger } = logged()
    logger.warn(...retried)
    logger.warn(...retried)
    expect(outages.temporal.current).toBe('refused')
    expect(lines.map(([level, message]) => [level, message])).toEqual([
      ['warn', 'Cannot reach Temporal; trying again'],
      ['debug', retried[0]],
      ['debug', retried[0]],
    ])
  })
})
