import pino from 'pino'
import { PinoPretty } from 'pino-pretty'
import type { LogFields } from './log-fields.ts'
import type { Log } from './log.ts'
import { printable, printableFields } from './printable.ts'

/**
 * Writes lines to standard output: one JSON object a line, or text for people, colored on a terminal. An entry is
 * one line, whatever is in it, and long texts are cut short.
 */
export function createLog(level: 'debug' | 'info' | 'warn' | 'error', format: 'json' | 'pretty'): Log {
  const target =
    format === 'json'
      ? pino.destination(1)
      : PinoPretty({
          sync: true,
          singleLine: true,
          // By default the field `error` gets lines of its own.
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
  const write =
    (severity: 'debug' | 'info' | 'warn' | 'error') =>
    (message: string, fields: LogFields = {}): void =>
      logger[severity](printableFields(fields, format), printable(message, format))
  return { debug: write('debug'), info: write('info'), warn: write('warn'), error: write('error') }
}
