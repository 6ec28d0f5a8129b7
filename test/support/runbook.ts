import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** Pages whose code blocks tests run: each one, unless `unrun-blocks.ts` says why not. */
export const runbooks = ['docs/install.md', 'docs/troubleshooting.md'] as const

export type Runbook = (typeof runbooks)[number]

/** A code block, or a command of one that shows several. `name` is the first line, as it stands on the page. */
export type Block = { readonly name: string } & (
  | {
      /** A command with its output; without lines, it prints nothing. */
      readonly kind: 'command'
      readonly command: string
      readonly lines: readonly string[]
    }
  | {
      /** Commands that have to succeed, whatever they print. */
      readonly kind: 'script'
      readonly command: string
    }
  | {
      /** A tab of a run's page in the Temporal UI. */
      readonly kind: 'ui'
      readonly workflowId: string
      readonly tab: string
      readonly lines: readonly string[]
    }
  | { readonly kind: 'log'; readonly lines: readonly string[] }
  | {
      /** In a language that no test runs. */
      readonly kind: 'sample'
      readonly text: string
    }
)

export interface Section {
  readonly heading: string
  readonly blocks: readonly Block[]
}

const root = join(import.meta.dirname, '..', '..')

/**
 * Parses a page. A `console` block contains commands after `$ `, each with its output; a `bash` block is a script; the first
 * line of a `text` block says where to read the others. A block in any other language is a sample.
 *
 * @returns the sections with blocks, in order
 * @throws Error if a `text` block does not say where to read it
 */
export function sectionsOf(page: Runbook): readonly Section[] {
  return parseRunbook(page, readFileSync(join(root, page), 'utf8'))
}

/** @throws Error if the page has no such section */
export function sectionUnder(page: Runbook, heading: string): Section {
  const found = sectionsOf(page).find((section) => section.heading === heading)
  if (found === undefined) throw new Error(`${page} shows nothing under "${heading}"`)
  return found
}

/** The same for the text of a page. @param page for messages */
export function parseRunbook(page: string, text: string): readonly Section[] {
  return partsOf(text)
    .map(({ heading, body }) => ({
      heading,
      blocks: [...body.matchAll(/^```(\w*)\n(.*?)^```$/gms)].flatMap(([, language = '', lines = '']) =>
        blocksIn(page, language, lines),
      ),
    }))
    .filter(({ blocks }) => blocks.length > 0)
}

/** The commands of a script without blocks of its own, each in one line. */
export function commandsOf(script: string): readonly string[] {
  return joinLines(script)
    .split('\n')
    .filter((line) => line !== '')
}

/** Divides a page at its headings, where a line of a code block is none. */
function partsOf(text: string): readonly { readonly heading: string; readonly body: string }[] {
  const places = [...text.matchAll(/^```\w*\n.*?^```$|^#{2,} (?<heading>[^\n]+)$/gms)].filter(
    ({ groups }) => groups?.['heading'] !== undefined,
  )
  return places.map(({ index, groups }, place) => ({
    heading: groups?.['heading'] ?? '',
    body: text.slice(index, places[place + 1]?.index),
  }))
}

function blocksIn(page: string, language: string, text: string): readonly Block[] {
  const name = text.split('\n', 1)[0] ?? ''
  switch (language) {
    case 'console':
      return commandsIn(text)
    case 'bash':
      return [{ kind: 'script', name, command: text }]
    case 'text':
      return [placeIn(page, text)]
    default:
      return [{ kind: 'sample', name, text }]
  }
}

function commandsIn(text: string): readonly Block[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((each) => {
      const [command = '', ...lines] = joinLines(each).trimEnd().split('\n')
      const name = each.split('\n', 1)[0] ?? ''
      return { kind: 'command', name, command, lines: lines.filter((line) => line.trim() !== '') }
    })
}

function placeIn(page: string, text: string): Block {
  const [name = '', ...lines] = text.trimEnd().split('\n')
  if (name === 'Log of capi-vip-allocator:') return { kind: 'log', name, lines }
  const [, workflowId, tab] = /^Temporal UI, (\S+), ([\w ]+):$/.exec(name) ?? []
  if (workflowId === undefined || tab === undefined) {
    throw new Error(`${page}: "${name}" does not say where that is to be read`)
  }
  return { kind: 'ui', name, workflowId, tab, lines }
}

/** Joins lines that end with a backslash. */
function joinLines(text: string): string {
  return text.replaceAll(/\\\n */g, '')
}
