import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const dev = join(import.meta.dirname, '..', '..', 'dev')

export interface DevRun {
  readonly code: number | null
  readonly stdout: string
  readonly stderr: string
  /** Files left in the run's temporary directory. */
  readonly left: readonly string[]
}

/**
 * Runs a program of dev, for example `demo`, with its own temporary directory.
 *
 * @param interruptAt sends SIGINT after this output
 * @param env variables beside those of this process
 */
export async function runDevCommand(
  name: string,
  args: readonly string[],
  interruptAt?: string,
  env: Readonly<Record<string, string>> = {},
): Promise<DevRun> {
  const temporary = mkdtempSync(join(tmpdir(), `${name}-test-`))
  const child = spawn(process.execPath, [join(dev, name, 'main.ts'), ...args], {
    env: { ...process.env, TMPDIR: temporary, ...env },
  })
  const text = { stdout: '', stderr: '' }
  let interrupted = false
  for (const name of ['stdout', 'stderr'] as const) {
    child[name].setEncoding('utf8').on('data', (chunk: string) => {
      text[name] += chunk
      if (interruptAt === undefined || interrupted || !text[name].includes(interruptAt)) return
      interrupted = true
      child.kill('SIGINT')
    })
  }
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve))
  const left = readdirSync(temporary)
  rmSync(temporary, { recursive: true })
  return { code, ...text, left }
}
