import { accessSync, constants, statSync } from 'node:fs'
import { delimiter, join } from 'node:path'

import type { ProgramDefinition } from './program-list.ts'

/** The path of an installed program and how it was found; `undefined` if there is none. */
export function findInstalled(
  program: Pick<ProgramDefinition, 'name' | 'searched'>,
): { readonly path: string; readonly place: string } | undefined {
  for (const place of program.searched) {
    const directories = (process.env[place] ?? '').split(delimiter).filter((directory) => directory !== '')
    const path = directories.map((directory) => join(directory, program.name)).find(isExecutable)
    if (path !== undefined) return { path, place }
  }
  return undefined
}

function isExecutable(path: string): boolean {
  try {
    accessSync(path, constants.X_OK)
    return statSync(path).isFile()
  } catch {
    return false
  }
}
