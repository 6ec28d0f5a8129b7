import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { execFile } from 'node:child_process'
import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'

const main = join(import.meta.dirname, '..', '..', 'dist', 'main.js')

let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'completion-'))
  const command = join(folder, 'capi-vip-allocator')
  await writeFile(command, `#!/bin/sh\nexec '${process.execPath}' '${main}' "$@"\n`)
  await chmod(command, 0o755)
})

afterAll(async () => {
  await rm(folder, { recursive: true })
})

/** What bash offers for the last of these words, as it does at Tab. */
async function offeredFor(...words: readonly string[]): Promise<readonly string[]> {
  const script = `
    source <(capi-vip-allocator completion)
    complete -p capi-vip-allocator >&2
    COMP_WORDS=(${words.map((word) => `'${word}'`).join(' ')})
    COMP_CWORD=${words.length - 1}
    function_name=$(complete -p capi-vip-allocator | sed 's/.*-F \\([^ ]*\\).*/\\1/')
    "$function_name"
    printf '%s\\n' "\${COMPREPLY[@]}"`
  const env = { ...process.env, PATH: `${folder}:${process.env['PATH'] ?? ''}`, SHELL: '/bin/bash' }
  const { stdout } = await promisify(execFile)('bash', ['--norc', '-c', script], { env })
  return stdout.split('\n').filter((line) => line !== '')
}

describe('completion in bash', () => {
  it('completes a command', async () => {
    expect(await offeredFor('capi-vip-allocator', 'al')).toEqual(['allocate'])
  })

  it('offers all commands', async () => {
    expect(await offeredFor('capi-vip-allocator', '')).toEqual(
      expect.arrayContaining(['run', 'watcher', 'worker', 'plan', 'allocate']),
    )
  })

  it('completes a flag of the command', async () => {
    expect(await offeredFor('capi-vip-allocator', 'plan', '--namesp')).toEqual(['--namespace'])
    expect(await offeredFor('capi-vip-allocator', 'allocate', '--namesp')).toEqual([])
  })
})
