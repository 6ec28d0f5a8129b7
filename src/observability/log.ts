import pino from 'pino'
import { PinoPretty } from 'pino-pretty'
import { escapeControls, printable, truncated } from '../domain/quote.ts'

/** Every field that a line can have besides `level`, `time` and `message`; docs/configuration.md shows the same table. */
export const logFieldNames = [
  'cluster',
  'role',
  'reason',
  'address',
  'pool',
  'claim',
  'secondAddress',
  'secondClaim',
  'workflowId',
  'runId',
  'attempt',
  'activityType',
  'traceId',
  'action',
  'because',
  'resource',
  'object',
  'changed',
  'error',
  'retryInMs',
  'failures',
  'seconds',
  'server',
  'state',
  'temporalNamespace',
  'namespaceIsNew',
  'taskQueue',
  'command',
  'version',
] as const

/** Flat values only: no objects, and no credentials. */
export type LogFields = Readonly<
  Partial<Record<(typeof logFieldNames)[number], string | number | boolean | undefined>>
>

/** The log of the program. A line has a message, and facts as flat fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** Writes lines to standard output: JSON objects, or plain text, colored on a terminal. Long texts are truncated. */
export function createLog(level: 'debug' | 'info' | 'warn' | 'error', format: 'json' | 'pretty'): Log {
  const target =
    format === 'json'
      ? pino.destination(1)
      : PinoPretty({
          sync: true,
          singleLine: true,
          // By default, the field `error` is written on separate lines.
          errorLikeObjectKeys: [],
          messageKey: 'message',
          colorize: process.stdout.isTTY,
        })
  const logger = pino(
    {
      level,
      base: null,
      timestamp: pino.stdTimeFunctions.isoTime,
      messageKey: 'message',
      formatters: { level: (label) => ({ level: label }) },
    },
    target,
  )
  const toText = textFormats[format]
  const write =
    (severity: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void =>
      logger[severity](formatFields(fields, toText), toText(message))
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}

/** How each format shows a text on one line. JSON itself escapes the control characters below U+0020. */
export const textFormats = {
  json: (text: string): string => escapeControls(truncated(text), /[\u007f-\u009f\u2028\u2029]/gu),
  pretty: printable,
} as const

/** Formats the fields that are texts; the others stay as they are. */
export function formatFields(fields: LogFields, toText: (text: string) => string): LogFields {
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => [name, typeof value === 'string' ? toText(value) : value]),
  )
}
