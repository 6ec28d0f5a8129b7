/**
 * Every field that a line can have besides `level`, `time` and `message`: one name for one thing, whoever writes the
 * line. docs/configuration.md has the same table.
 */
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

/** No whole objects, no credentials. */
export type LogFields = Readonly<
  Partial<Record<(typeof logFieldNames)[number], string | number | boolean | undefined>>
>
