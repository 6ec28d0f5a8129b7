import { chmodSync, chownSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'

import { hasCode, messageOf } from './errors.ts'
import type { PartDefinition } from './part.ts'
import { runCommand, type UserAccount } from './run-command.ts'

const unprivilegedUser = 'nobody'
const statusLine = 7

/** Access to the database server for its only client; `user` is a superuser. */
export interface PostgresqlAccess {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

/**
 * Creates an empty database cluster in the run directory, and returns the server for it, on loopback. The server
 * syncs to disk, as by default; measurements would be too fast otherwise.
 *
 * PostgreSQL refuses to run as root; if the stack does, everything here runs as an unprivileged user.
 *
 * @throws Error if the cluster cannot be created
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
      // Puts shared memory into the data directory, which is always removed. By default, a killed server leaves more
      // than the 56 bytes by which it detects whether its predecessor has ended.
      '--dynamic_shared_memory_type=mmap',
    ],
    ...(account === undefined ? {} : { account }),
    // SIGTERM would wait for all clients to disconnect.
    stopSignal: 'SIGINT',
    logPath: join(runDirectory, 'postgresql.log'),
    isReady: async () => isReady(dataDirectory),
    readyWithinMs: 60_000,
  }
}

/** Chooses the user for PostgreSQL, grants it access to the directory, and returns the path of its programs. */
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

/** Gives the directory to an account, with a copy of the programs, because root's home is closed to others. */
async function handOver(
  account: UserAccount,
  place: { readonly installation: string; readonly directory: string; readonly runDirectory: string },
): Promise<string> {
  const copy = join(place.directory, 'programs')
  const run = (command: string, ...args: readonly string[]): Promise<string> =>
    runCommand({ command, args, cwd: place.runDirectory })
  await run('cp', '-RP', place.installation, copy)
  await run('chown', '-R', `${account.uid}:${account.gid}`, place.directory)
  // Others may traverse the directory but not list it; secrets in it are readable by their owner only.
  chmodSync(place.runDirectory, 0o711)
  // Checks that a program can be started as this user, from a directory open to it.
  await runCommand({ command: join(copy, 'bin', 'postgres'), args: ['--version'], cwd: copy, account })
  return copy
}

/** Reads the file that `pg_ctl` reads; after a kill, it is stale. */
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

/** @throws CommandError if there is no such user */
async function accountOf(user: string): Promise<UserAccount> {
  return { uid: await readId('-u', user), gid: await readId('-g', user) }
}

async function readId(what: '-u' | '-g', user: string): Promise<number> {
  return Number(await runCommand({ command: 'id', args: [what, user], cwd: tmpdir() }))
}
