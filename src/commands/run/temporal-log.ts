import type { Logger } from '@temporalio/worker'
import { logFieldNames, type Log, type LogFields } from '../../observability/log.ts'

/** Temporal's fields for which we have other names. */
const renamed: Readonly<Record<string, string>> = { namespace: 'temporalNamespace', trace_id: 'traceId' }

export interface TemporalLogOptions {
  readonly log: Log
  /** Whether a line is part of an outage, which is logged on its own. Such lines are written at level debug. */
  readonly isOfOutage: (line: TemporalLine) => boolean
}

export interface TemporalLine {
  readonly message: string
  readonly fields: LogFields
  /** Written by the native core, which makes the requests to the server. */
  readonly isOfCore: boolean
}

/** Writes the lines of Temporal's SDK, of its native core and of workflows to our log, with our names of fields. */
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
  const methods = { TRACE: 'trace', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const
  return { ...levels, log: (level, message, meta) => levels[methods[level]](message, meta) }
}

/** Keeps our fields with flat values. An error becomes its message; its failure type becomes the reason. */
function fieldsOf(meta: object): LogFields {
  return Object.fromEntries(
    Object.entries(meta).flatMap(
      ([name, value]: [string, unknown]): [string, string | number | boolean][] => {
        const field = renamed[name] ?? name
        if (!logFieldNames.some((each) => each === field)) return []
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
