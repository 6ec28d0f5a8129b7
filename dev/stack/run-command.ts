import { spawn } from 'node:child_process'
import { createInterface } from 'node:readline'

import { guardProcessGroup, releaseProcessGroup } from './cleanup.ts'

const shownLines = 30

/** An account to run a program as. */
export interface UserAccount {
  readonly uid: number
  readonly gid: number
}

/** A command with its working directory and additional environment variables. */
export interface Command {
  readonly command: string
  readonly args: readonly string[]
  readonly cwd: string
  readonly env?: Readonly<Record<string, string>>
  /** User to run as; that of this process if absent. */
  readonly account?: UserAccount
  /** Receives every line of its output and its errors as it comes. */
  readonly onLine?: (line: string) => void
}

/** A command is missing or failed; `message` contains the command and the end of its output. */
export class CommandError extends Error {
  override readonly name = 'CommandError'
}

/**
 * Runs a command to its end and returns its standard output.
 *
 * @throws CommandError if the command is missing or does not exit with 0
 */
export async function runCommand(command: Command): Promise<string> {
  const child = spawn(command.command, command.args, {
    cwd: command.cwd,
    env: { ...process.env, ...command.env },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    ...command.account,
  })
  if (child.pid !== undefined) guardProcessGroup(child.pid)
  let output = ''
  let everything = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    output += text
    everything += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    everything += text
  })
  if (command.onLine !== undefined) {
    for (const stream of [child.stdout, child.stderr])
      createInterface({ input: stream }).on('line', command.onLine)
  }
  const words = `${[command.command, ...command.args].join(' ')} (in ${command.cwd})`
  return await new Promise<string>((resolve, reject) => {
    child.once('error', (cause: NodeJS.ErrnoException) => {
      const reason = cause.code === 'ENOENT' ? `${command.command} was not found on PATH` : cause.message
      reject(new CommandError(`${words}: ${reason}`, { cause }))
    })
    child.once('close', (code, signal) => {
      if (child.pid !== undefined) releaseProcessGroup(child.pid)
      if (code === 0) return resolve(output)
      const tail = everything.trimEnd().split('\n').slice(-shownLines).join('\n')
      reject(new CommandError(`${words} ended with ${signal ?? `exit code ${code}`}:\n${tail}`))
    })
  })
}
