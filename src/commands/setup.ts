import type { Config } from '../config.ts'
import type { Console } from '../console/console.ts'

/** The parameters of every CLI command besides its own options. */
export interface CommandSetup {
  readonly config: Config
  readonly console: Console
  /** Aborted by SIGINT (Ctrl-C) or SIGTERM. */
  readonly signal: AbortSignal
}
