import { describe, expect, it } from '@jest/globals'
import { globSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runCommand } from '../../../dev/stack/run-command.ts'
import { realParts } from '../../support/real-parts.ts'
import { root, textOf } from './support.ts'

const workflows = globSync('.github/workflows/*', { cwd: root })

/** Rejects with what actionlint finds. It asks no other linter, which another machine may not have. */
function lint(...paths: readonly string[]): Promise<string> {
  const args = ['-no-color', '-shellcheck=', '-pyflakes=', ...paths]
  return runCommand({ command: realParts().actionlint, args, cwd: root })
}

describe('the workflows on GitHub', () => {
  it('have no fault that actionlint finds', async () => {
    expect(workflows).not.toEqual([])
    expect(await lint(...workflows)).toBe('')
  })

  it.each([
    ['runs-on: ubuntu-24.04', 'runs-on: ubuntu-1804', 'label "ubuntu-1804" is unknown'],
    ['contents: read', 'contents: reed', '"reed" is invalid as permission of scope "contents"'],
    ['github.event_name', 'github.event_names', 'property "event_names" is not defined'],
    [
      'run: npm ci',
      'run: echo ${{ github.event.pull_request.title }}',
      '"github.event.pull_request.title" is potentially untrusted',
    ],
  ])('are stopped by actionlint with another word for %s', async (text, replacement, message) => {
    const directory = mkdtempSync(join(tmpdir(), 'workflows-test-'))
    try {
      const path = join(directory, 'test.yml')
      writeFileSync(path, textOf('.github/workflows/test.yml').replace(text, replacement))
      await expect(lint(path)).rejects.toThrow(message)
    } finally {
      rmSync(directory, { recursive: true })
    }
  })
})
