import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { realParts } from '../../support/real-parts.ts'

export interface Verdict {
  readonly passed: boolean
  /** All that promtool printed. */
  readonly output: string
}

/** What promtool says of files, each with its name and text, in a directory of their own. */
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

/** What promtool says of expressions, as the rules of one file. */
export async function checkExpressions(expressions: readonly string[]): Promise<Verdict> {
  const rules = expressions.map((expr, index) => ({ record: `checked:${index}`, expr }))
  const text = JSON.stringify({ groups: [{ name: 'checked', rules }] })
  return promtool(['check', 'rules', 'checked.yaml'], { 'checked.yaml': text })
}
