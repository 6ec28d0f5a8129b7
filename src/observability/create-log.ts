import pino from 'pino'
import { PinoPretty } from 'pino-pretty'
import type { Log } from './log.ts'

/** Writes lines to standard output: one JSON object a line, or text for people, colored on a terminal. */
export function createLog(level: 'debug' | 'info' | 'warn' | 'error', format: 'json' | 'pretty'): Log {
  const target =
    format === 'json'
      ? pino.destination(1)
      : PinoPretty({ sync: true, singleLine: true, messageKey: 'message', colorize: process.stdout.isTTY })
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
  return {
    debug: (message, fields) => logger.debug(fields ?? {}, message),
    info: (message, fields) => logger.info(fields ?? {}, message),
    warn: (message, fields) => logger.warn(fields ?? {}, message),
    error: (message, fields) => logger.error(fields ?? {}, message),
  }
}
