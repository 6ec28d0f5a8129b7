/** The exit codes of every command; docs/commands.md shows the same table. */
export const exitCodes = {
  /** The command succeeded, or `run` was stopped by a signal. */
  fine: 0,
  /** It failed: a server cannot be reached, refused a request, or sent an unreadable answer. */
  failed: 1,
  /** A flag, an argument, a file or an environment variable is invalid. */
  badUsage: 2,
  /** It succeeded, and the result requires a person to act. */
  actionRequired: 3,
  /** Ctrl-C, by the convention of shells: 128 plus the number of the signal. */
  interrupted: 130,
} as const
