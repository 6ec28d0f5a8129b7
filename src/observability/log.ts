/** Every field that a line can have besides `level`, `time` and `message`; docs/configuration.md shows the same table. */
export const logFieldNames = [
  'cluster',
  'role',
  'reason',
  'address',
  'pool',
  'claim',
  'workflowId',
  'runId',
  'attempt',
  'activityType',
  'traceId',
  'action',
  'because',
  'resource',
  'object',
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
