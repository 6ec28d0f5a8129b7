import { DefaultLogger, type Logger } from '@temporalio/worker'
import { logFieldNames, type Log, type LogFields } from '../../observability/log.ts'

/** Temporal's fields for which we have other names. */
const renamed: Readonly<Record<string, string>> = { namespace: 'temporalNamespace', trace_id: 'traceId' }

export interface TemporalLine {
  readonly message: string
  readonly fields: LogFields
  /** Written by the native core, which makes the requests to the server. */
  readonly isOfCore: boolean
}

const levels = { TRACE: 'debug', DEBUG: 'debug', INFO: 'info', WARN: 'warn', ERROR: 'error' } as const

/** Writes the lines of Temporal's SDK, its core and workflows to our log; those of an outage at level debug. */
export function temporalLogger(log: Log, isOfOutage: (line: TemporalLine) => boolean): Logger {
  return new DefaultLogger('TRACE', ({ level, message, meta = {} }) => {
    const fields = fieldsOf(meta)
    const isOfCore = meta['sdkComponent'] === 'core'
    log[isOfOutage({ message, fields, isOfCore }) ? 'debug' : levels[level]](message, fields)
  })
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
