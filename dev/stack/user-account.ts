import { tmpdir } from 'node:os'

import { runCommand, type UserAccount } from './run-command.ts'

/** @throws CommandError if there is no such user */
export async function accountOf(user: string): Promise<UserAccount> {
  return { uid: await askId('-u', user), gid: await askId('-g', user) }
}

async function askId(what: '-u' | '-g', user: string): Promise<number> {
  return Number(await runCommand({ command: 'id', args: [what, user], cwd: tmpdir() }))
}
