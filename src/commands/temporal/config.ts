import { loadClientConnectConfig } from '@temporalio/envconfig'

/** How to reach Temporal, from what the `temporal` CLI reads. */
export interface TemporalConfig {
  readonly connectionOptions: ReturnType<typeof loadClientConnectConfig>['connectionOptions']
  readonly namespace: string
  /** host:port of the frontend. */
  readonly address: string
}

/** @throws Error where the configuration cannot be read; it quotes nothing of the file */
export function loadTemporalConfig(): TemporalConfig {
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig()
    return { connectionOptions, namespace, address: connectionOptions.address ?? 'localhost:7233' }
  } catch (error) {
    throw unreadable(error)
  }
}

/** Without the lines around a fault, which may hold an API key; and so without its cause. */
function unreadable(error: unknown): Error {
  const file = "TEMPORAL_CONFIG_FILE, or temporal.toml in the user's configuration directory"
  return new Error(`the Temporal configuration cannot be read (${file}): ${reasonOf(error)}`)
}

function reasonOf(error: unknown): string {
  // The language's own errors may quote values; those of the file system and of the parser do not.
  if (!(error instanceof Error) || error.name !== 'Error') return 'it has another shape'
  // The lines come after the first one.
  const [reason = ''] = error.message.split('\n')
  return 'line' in error ? `${reason}, line ${String(error.line)}` : reason
}

/** The message with that of its cause, where the reason often is. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
