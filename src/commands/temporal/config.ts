import { loadClientConnectConfig } from '@temporalio/envconfig'

/** How to reach Temporal, from the same sources as the `temporal` CLI. */
export interface TemporalConfig {
  readonly connectionOptions: ReturnType<typeof loadClientConnectConfig>['connectionOptions']
  readonly namespace: string
  /** host:port of the frontend. */
  readonly address: string
}

/** @throws Error if the configuration cannot be read; it quotes nothing of the file */
export function loadTemporalConfig(): TemporalConfig {
  try {
    const { connectionOptions, namespace = 'default' } = loadClientConnectConfig()
    return { connectionOptions, namespace, address: connectionOptions.address ?? 'localhost:7233' }
  } catch (error) {
    throw unreadable(error)
  }
}

/** Leaves out the cause and the lines around the fault, which may contain an API key. */
function unreadable(error: unknown): Error {
  const file = "TEMPORAL_CONFIG_FILE, or temporal.toml in the user's configuration directory"
  return new Error(`the Temporal configuration cannot be read (${file}): ${reasonOf(error)}`)
}

function reasonOf(error: unknown): string {
  // JavaScript's own errors may quote values; those of the file system and of the parser do not.
  if (!(error instanceof Error) || error.name !== 'Error') return 'it has another shape'
  // The quoted lines follow the first one.
  const [reason = ''] = error.message.split('\n')
  return 'line' in error ? `${reason}, line ${String(error.line)}` : reason
}

/** The message of an error and of its cause, which often has the actual reason. */
export function describeError(error: unknown): string {
  if (!(error instanceof Error)) return String(error)
  return error.cause instanceof Error ? `${error.message}: ${error.cause.message}` : error.message
}
