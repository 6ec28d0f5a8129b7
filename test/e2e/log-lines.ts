import { readFileSync } from 'node:fs'

/** One line of a log in JSON. */
export interface LogLine {
  readonly level: string
  readonly time: string
  readonly message: string
  readonly [field: string]: unknown
}

/**
 * All lines of a log, without one that is still being written.
 *
 * @throws SyntaxError where one is no JSON
 */
export function linesOf(logPath: string): readonly LogLine[] {
  return readFileSync(logPath, 'utf8')
    .split('\n')
    .slice(0, -1)
    .map((line): LogLine => JSON.parse(line))
}
