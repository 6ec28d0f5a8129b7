/** What the rest of the program writes its lines to: a sentence, and the facts as flat fields. */
export interface Log {
  debug(message: string, fields?: LogFields): void
  info(message: string, fields?: LogFields): void
  warn(message: string, fields?: LogFields): void
  error(message: string, fields?: LogFields): void
}

/** No whole objects, no credentials. */
export type LogFields = Readonly<Record<string, string | number | boolean | undefined>>
