import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { pathToFileURL } from 'node:url'

import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'

import { type ChildOptions, startChild, waitUntilReady } from './child-process.ts'

const stackDirectory = join(import.meta.dirname, '..', '..', 'dev', 'stack')

let directory: string

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'child-process-test-'))
})

afterEach(() => {
  rmSync(directory, { recursive: true, force: true })
})

function startShell(
  script: string,
  options: Pick<ChildOptions, 'stopSignal'> = {},
): ReturnType<typeof startChild> {
  return startChild({
    name: 'the program',
    command: '/bin/sh',
    args: ['-c', script],
    logPath: join(directory, 'log'),
    ...options,
  })
}

describe('a child process', () => {
  it('shows the end of its log when it ends before it is ready', async () => {
    const child = await startShell('echo starting; echo "no such database" >&2; exit 3')

    await expect(waitUntilReady(child, () => Promise.resolve(false), 10_000)).rejects.toThrow(
      'the program ended with exit code 3 before it was ready. The end of its log:\n  starting\n  no such database',
    )
  })

  it('is given up when it is not ready in time', async () => {
    const child = await startShell('echo waiting; sleep 600')

    await expect(waitUntilReady(child, () => Promise.reject(new Error('refused')), 200)).rejects.toThrow(
      'the program was not ready within 200 ms',
    )
    await child.kill()
    expect(child.outcome()).toBe('signal SIGKILL')
  })

  it('names the program and its path when it cannot be started', async () => {
    const missing = startChild({
      name: 'etcd',
      command: '/nowhere/etcd',
      args: [],
      logPath: join(directory, 'log'),
    })

    await expect(missing).rejects.toThrow('etcd could not be started from /nowhere/etcd')
  })

  it.each([
    ['TERM', {}],
    ['INT', { stopSignal: 'SIGINT' }],
  ] as const)('may end in its own way when it is stopped, by SIG%s', async (signal, options) => {
    const script = `trap "echo goodbye; exit 0" ${signal}; echo ready; while :; do sleep 0.05; done`
    const child = await startShell(script, options)
    await waitUntilReady(child, () => Promise.resolve(logText().includes('ready')), 10_000)

    await child.stop()

    expect(child.outcome()).toBe('exit code 0')
    expect(logText()).toContain('goodbye')
  })

  it('is killed with what it has started when it does not end', async () => {
    const child = await startShell('trap "" TERM; sleep 600 & echo $! ready; while :; do sleep 0.05; done')
    await waitUntilReady(child, () => Promise.resolve(logText().includes('ready')), 10_000)

    await child.stop(100)

    expect(child.outcome()).toBe('signal SIGKILL')
    await expectGone(Number.parseInt(logText(), 10))
  })

  it.each(['SIGKILL', 'SIGTERM', 'SIGINT'] as const)(
    'is gone, with its directory, after %s of its parent',
    async (signal) => {
      const parent = spawn(process.execPath, ['--input-type=module', '--eval', parentScript()], {
        stdio: ['ignore', 'pipe', 'inherit'],
      })
      const [output] = await once(parent.stdout, 'data')
      const pid = Number(String(output))
      expect(isRunning(pid)).toBe(true)

      parent.kill(signal)
      await once(parent, 'exit')

      await expectGone(pid)
      await expectEventually(() => !existsSync(join(directory, 'run')))
    },
  )
})

function logText(): string {
  return readFileSync(join(directory, 'log'), 'utf8')
}

/** A program that starts a child like the stack does, prints its process id, and waits. */
function parentScript(): string {
  const moduleUrl = (file: string): string => JSON.stringify(pathToFileURL(join(stackDirectory, file)).href)
  const run = JSON.stringify(join(directory, 'run'))
  return `
    import { mkdirSync } from 'node:fs'
    import { startChild } from ${moduleUrl('child-process.ts')}
    import { guardDirectory } from ${moduleUrl('cleanup.ts')}
    mkdirSync(${run})
    guardDirectory(${run})
    const child = await startChild({ name: 'sleep', command: 'sleep', args: ['600'], logPath: ${run} + '/log' })
    process.stdout.write(String(child.pid))
  `
}

/** A zombie still has a process id. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0)
    const stat = `/proc/${pid}/stat`
    return !existsSync(stat) || !readFileSync(stat, 'utf8').includes(') Z ')
  } catch {
    return false
  }
}

async function expectGone(pid: number): Promise<void> {
  await expectEventually(() => !isRunning(pid))
}

async function expectEventually(condition: () => boolean): Promise<void> {
  const deadline = performance.now() + 20_000
  while (!condition() && performance.now() < deadline) await delay(50)
  expect(condition()).toBe(true)
}
