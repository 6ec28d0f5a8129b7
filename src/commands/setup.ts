import type { Config } from '../config.ts'
import type { Console } from '../console/console.ts'

/** What every command for people is given besides its own options. */
export interface CommandSetup {
  readonly config: Config
  readonly console: Console
  /** Aborted by Ctrl-C, or when the program is asked to end. */
  readonly signal: AbortSignal
}
