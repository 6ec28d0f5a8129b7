import type { Logger } from '@temporalio/worker'
import { logFieldNames, type LogFields } from '../../observability/log-fields.ts'
import type { Log } from '../../observability/log.ts'

/** What Temporal calls otherwise than we do. */
const renamed: Readonly<Record<string, string>> = { namespace: 'temporalNamespace', trace_id: 'traceId' }

export interface TemporalLogOptions {
  readonly log: Log
  /** Whether a line is one of many about an outage that has its own line. */
  readonly isOfOutage: (line: TemporalLine) => boolean
}

/** A line of Temporal's. */
export interface TemporalLine {
  readonly message: string
  readonly fields: LogFields
  /** Of the native core, which makes the requests to the server. */
  readonly isOfCore: boolean
}

/** Takes the lines of Temporal's SDK, of its native core, and of workflows, in our words. */
export function temporalLogger({ log, isOfOutage }: TemporalLogOptions): Logger {
  const write =
    (level: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, meta: object = {}): void => {
      const fields = fieldsOf(meta)
      const isOfCore = 'sdkComponent' in meta && meta.sdkComponent === 'core'
      log[isOfOutage({ message, fields, isOfCore }) ? 'debug' : level](message, fields)
    }
  const levels = {
    trace: write('debug'),
    debug: write('debug'),
    info: write('info'),
    warn: write('warn'),
    error: write('error'),
  }
  const known = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const
  return { ...levels, log: (level, message, meta) => levels[known[level]](message, meta) }
}

/** The known ones that are flat; an error by its message, and the failure type of one as the reason. */
function fieldsOf(meta: object): LogFields {
  return Object.fromEntries(
    Object.entries(meta).flatMap(
      ([name, value]: [string, unknown]): [string, string | number | boolean][] => {
        const field = renamed[name] ?? name
        if (!logFieldNames.some((known) => known === field)) return []
        if (value instanceof Error) return [[field, value.message], ...reasonOf(value)]
        return typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean'
          ? [[field, value]]
          : []
      },
    ),
  )
}

function reasonOf(error: Error): [string, string][] {
  return 'type' in error && typeof error.type === 'string' ? [['reason', error.type]] : []
}
