import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { print, printError } from '../command.ts'
import { ensurePrograms } from '../stack/programs.ts'
import { generatedFiles } from './generated-files.ts'

const root = join(import.meta.dirname, '..', '..')

const programs = await ensurePrograms(['helm', 'helm-docs'], printError)
const files = await generatedFiles({
  helm: programs.helm.path,
  helmDocs: programs['helm-docs'].path,
})
let changed = 0
for (const [path, text] of files) {
  if (present(path) === text) continue
  writeFileSync(join(root, path), text)
  print(`${path}: written`)
  changed += 1
}
print(`${files.size} files rendered, ${changed} of them changed`)

function present(path: string): string | undefined {
  try {
    return readFileSync(join(root, path), 'utf8')
  } catch {
    return undefined
  }
}
