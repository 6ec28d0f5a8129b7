import type { LogFields } from './log-fields.ts'

/** What the rest of the program writes its lines to: a sentence, and the facts as flat fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}
