import pino from 'pino'
import type { Log } from './log.ts'

/**
 * Writes lines to standard output: one JSON object a line, or text for people.
 *
 * @param format `pretty` is `time LEVEL message {fields}`
 */
export function createLog(level: 'debug' | 'info' | 'warn' | 'error', format: 'json' | 'pretty'): Log {
  const target = format === 'json' ? pino.destination(1) : { write: (line: string) => writePretty(line) }
  const logger = pino(
    {
      level,
      base: undefined,
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

function writePretty(line: string): void {
  const { level, time, message, ...fields } = JSON.parse(line) as Record<string, unknown>
  const facts = Object.keys(fields).length === 0 ? '' : ` ${JSON.stringify(fields)}`
  process.stdout.write(
    `${String(time)} ${String(level).toUpperCase().padEnd(5)} ${String(message)}${facts}\n`,
  )
}
