/** An invalid command line: one line for each error, then the usage. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

export function print(line: string): void {
  process.stdout.write(`${line}\n`)
}

export function printError(line: string): void {
  process.stderr.write(`${line}\n`)
}

/** Is aborted by the first SIGINT or SIGTERM; a second one ends this process. */
export function interruption(onInterrupt: () => void = () => undefined): AbortSignal {
  const stop = new AbortController()
  for (const signal of ['SIGINT', 'SIGTERM'] as const) {
    process.on(signal, () => {
      // Child processes are killed at exit.
      if (stop.signal.aborted) process.exit(130)
      onInterrupt()
      stop.abort()
    })
  }
  return stop.signal
}
