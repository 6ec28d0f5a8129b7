import type { LogFields } from './log-fields.ts'

/** The log of the program. A line has a message, and facts as flat fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
