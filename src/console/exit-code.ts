/** What the exit code of every command means; docs/commands.md shows the same table. */
export const exitCodes = {
  /** The command did what it was asked, or `run` was stopped in order. */
  fine: 0,
  /** It failed at work: a server cannot be reached, refused the request, or answered nonsense. */
  failed: 1,
  /** A flag, an argument, a file or an environment variable is not as expected. */
  badUsage: 2,
  /** It has an answer, and the answer is that a person has to do something. */
  actionRequired: 3,
  /** Ctrl-C, as a shell has it: 128 and the number of the signal. */
  interrupted: 130,
} as const
