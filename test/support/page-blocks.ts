import { readFileSync } from 'node:fs'
import { join } from 'node:path'

const root = join(import.meta.dirname, '..', '..')

/** The code blocks of a page, of one language. */
type Blocks = (language: string) => readonly string[]

/**
 * Finds the code blocks in a section of a page.
 *
 * @param heading of level 2
 * @throws Error if the page has no such section
 */
export function blocksUnder(page: string, heading: string): Blocks {
  const [, ...parts] = readFileSync(join(root, page), 'utf8').split(/^## /m)
  const section = parts.find((part) => part.startsWith(`${heading}\n`))
  if (section === undefined) throw new Error(`${page} has no section "${heading}"`)
  return (language) =>
    [...section.matchAll(new RegExp(`^\`\`\`${language}\\n(.*?)^\`\`\`$`, 'gms'))].map(
      ([, text = '']) => text,
    )
}

/** The commands in a block, each in one line. */
export function commandsIn(block: string): readonly string[] {
  return block
    .replaceAll(/\\\n */g, '')
    .split('\n')
    .filter((line) => line !== '')
}

/** The command in a `console` block, after `$ `, and the lines that it prints. */
export function transcriptIn(block: string): { readonly command: string; readonly lines: readonly string[] } {
  const [command = '', ...lines] = block.trimEnd().split('\n')
  if (!command.startsWith('$ ')) throw new Error(`no command after "$ " in: ${block}`)
  return { command: command.slice(2), lines }
}
