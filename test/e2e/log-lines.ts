import { readFileSync } from 'node:fs'
import { eventually } from '../support/eventually.ts'

/** A line of a JSON log. */
export interface LogLine {
  readonly level: string
  readonly time: string
  readonly message: string
  readonly [field: string]: unknown
}

/**
 * All complete lines of a log.
 *
 * @throws SyntaxError if a line is not JSON
 */
export function linesOf(logPath: string): readonly LogLine[] {
  return readFileSync(logPath, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): LogLine => JSON.parse(line))
}

/** Waits for a line with a matching message. */
export function untilLogged(logPath: string, message: string | RegExp): Promise<LogLine> {
  return eventually(`a line ${message}`, async () =>
    linesOf(logPath).find((line) => line.message.match(message) !== null),
  )
}
