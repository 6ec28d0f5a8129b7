import pino from 'pino'
import { PinoPretty } from 'pino-pretty'
import { escapeControls, printable, truncated } from '../domain/quote.ts'
import type { Log, LogFields } from './log.ts'

/**
 * Writes lines to standard output: one JSON object a line, or text for people, colored on a terminal. An entry is
 * always one line, with long texts truncated.
 */
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
