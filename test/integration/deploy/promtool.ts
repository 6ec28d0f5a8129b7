import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realParts } from '../../support/real-parts.ts'

export interface Verdict {
  readonly passed: boolean
  /** All output of promtool. */
  readonly output: string
}

/** Runs promtool on files with the given names and texts, in a temporary directory. */
export async function promtool(
  args: readonly string[],
  files: Readonly<Record<string, string>>,
): Promise<Verdict> {
  const directory = await mkdtemp(join(tmpdir(), 'capi-vip-allocator-promtool-'))
  try {
    for (const [name, text] of Object.entries(files)) await writeFile(join(directory, name), text)
    return await new Promise((resolve) => {
      execFile(realParts().promtool, args, { cwd: directory }, (error, stdout, stderr) => {
        resolve({ passed: error === null, output: stdout + stderr })
      })
    })
  } finally {
    await rm(directory, { recursive: true, force: true })
  }
}

/** Checks expressions with promtool, as recording rules. */
export async function checkExpressions(expressions: readonly string[]): Promise<Verdict> {
  const rules = expressions.map((expr, index) => ({ record: `checked:${index}`, expr }))
  const text = JSON.stringify({ groups: [{ name: 'checked', rules }] })
  return promtool(['check', 'rules', 'checked.yaml'], { 'checked.yaml': text })
}
