import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'

import { hasCode, messageOf } from './errors.ts'
import type { PartDefinition } from './part.ts'
import { runCommand, type UserAccount } from './run-command.ts'
import { accountOf } from './user-account.ts'

const unprivilegedUser = 'nobody'
const statusLine = 7

/** How the one client of the database server reaches it; `user` may do everything there. */
export interface PostgresqlAccess {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/**
 * Makes an empty database cluster in the run directory, and returns the server for it, on loopback. What is written is on
 * the disk when the server says so, as is its default: what is measured on it would be too fast otherwise.
 *
 * As root, all of it runs as a user without privileges, since PostgreSQL refuses root.
 *
 * @throws Error if the cluster cannot be made
 */
export async function preparePostgresql(options: {
  readonly program: string
  readonly runDirectory: string
  readonly access: PostgresqlAccess
}): Promise<PartDefinition> {
  const { access, runDirectory } = options
  const directory = join(runDirectory, 'postgresql')
  mkdirSync(directory, { mode: 0o700 })
  const dataDirectory = join(directory, 'data')
  const installation = dirname(options.program)
  const { account, programs } = await settle({ installation, directory, runDirectory })
  const passwordPath = join(directory, 'password')
  writeFileSync(passwordPath, `${access.password}\n`, { mode: 0o600 })
  if (account !== undefined) chownSync(passwordPath, account.uid, account.gid)

  await runCommand({
    command: join(programs, 'initdb'),
    args: [
      `--pgdata=${dataDirectory}`,
      `--username=${access.user}`,
      `--pwfile=${passwordPath}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--no-locale',
      '--no-instructions',
    ],
    cwd: directory,
    ...(account === undefined ? {} : { account }),
  })
  rmSync(passwordPath)
  return {
    name: 'postgresql',
    command: join(programs, 'postgres'),
    args: [
      '-D',
      dataDirectory,
      `--listen_addresses=${access.host}`,
      `--port=${access.port}`,
      '--unix_socket_directories=',
      // In the data directory, which is removed whatever happens. By default, a server that is killed leaves more behind
      // than the 56 bytes of shared memory by which it finds out whether its predecessor has ended.
      '--dynamic_shared_memory_type=mmap',
    ],
    ...(account === undefined ? {} : { account }),
    // SIGTERM would wait until everybody has disconnected.
    stopSignal: 'SIGINT',
    logPath: join(runDirectory, 'postgresql.log'),
    isReady: async () => isReady(dataDirectory),
    readyWithinMs: 60_000,
  }
}

/** Finds out as whom PostgreSQL runs here, lets that user into the directory, and says where its programs are then. */
async function settle(place: {
  readonly installation: string
  readonly directory: string
  readonly runDirectory: string
}): Promise<{ readonly account?: UserAccount; readonly programs: string }> {
  if (process.getuid?.() !== 0) return { programs: join(place.installation, 'bin') }
  try {
    const account = await accountOf(unprivilegedUser)
    return { account, programs: join(await handOver(account, place), 'bin') }
  } catch (cause) {
    const words = `PostgreSQL refuses to run as root, and cannot run as the user ${unprivilegedUser} here`
    throw new Error(`${words}: ${messageOf(cause)}\nRun the stack as a user who is not root.`, { cause })
  }
}

/** Gives the directory to an account, with a copy of the programs: root's own home is closed to everybody else. */
async function handOver(
  account: UserAccount,
  place: { readonly installation: string; readonly directory: string; readonly runDirectory: string },
): Promise<string> {
  const copy = join(place.directory, 'programs')
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    runCommand({ command, args, cwd: place.runDirectory })
  await run('cp', '-RP', place.installation, copy)
  await run('chown', '-R', `${account.uid}:${account.gid}`, place.directory)
  // Others may pass through, and cannot look around; every secret in it is readable by its owner only.
  chmodSync(place.runDirectory, 0o711)
  // Whether it can be done at all: to start a program as somebody else, and from a place that is open to them.
  await runCommand({ command: join(copy, 'bin', 'postgres'), args: ['--version'], cwd: copy, account })
  return copy
}

/** Asks the file by which PostgreSQL's own `pg_ctl` knows; one that a killed server left behind says nothing. */
function isReady(dataDirectory: string): boolean {
  const lines = readFileSync(join(dataDirectory, 'postmaster.pid'), 'utf8').split('\n')
  return lines[statusLine]?.trim() === 'ready' && isRunning(Number(lines[0]))
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    return true
  } catch (error) {
    if (hasCode(error, 'ESRCH')) return false
    throw error
  }
}
