import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** A code block of docs/troubleshooting.md. */
export type Block =
  /** A command with its output; without lines, it prints nothing. */
  | { readonly kind: 'command'; readonly command: string; readonly lines: readonly string[] }
  /** A tab of a run's page in the Temporal UI. */
  | {
      readonly kind: 'ui'
      readonly workflowId: string
      readonly tab: string
      readonly lines: readonly string[]
    }
  | { readonly kind: 'log'; readonly lines: readonly string[] }
  /** A command that solves the problem. */
  | { readonly kind: 'remedy'; readonly command: string }

export interface Symptom {
  readonly heading: string
  readonly blocks: readonly Block[]
}

const page = join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md')

/**
 * Parses the page. A `console` block contains commands after `$ `, each with its output; the first line of a `text`
 * block says where to read the others; a `bash` block is a remedy. Blocks in other languages cannot be tested.
 *
 * @returns the sections with blocks, in order
 * @throws Error if a `text` block does not say where to read it
 */
export function troubleshootingPage(): readonly Symptom[] {
  const [, ...parts] = readFileSync(page, 'utf8').split(/^#{2,} /m)
  return parts
    .map((part) => ({ heading: part.split('\n', 1)[0] ?? '', blocks: blocksIn(part) }))
    .filter(({ blocks }) => blocks.length > 0)
}

/** @throws Error if the page has no such section */
export function symptomUnder(heading: string): Symptom {
  const found = troubleshootingPage().find((symptom) => symptom.heading === heading)
  if (found === undefined) throw new Error(`docs/troubleshooting.md shows nothing under "${heading}"`)
  return found
}

function blocksIn(part: string): readonly Block[] {
  return [...part.matchAll(/^```(console|text|bash)\n(.*?)^```$/gms)].flatMap(
    ([, language, text = '']): readonly Block[] => {
      if (language === 'bash') return [{ kind: 'remedy', command: text }]
      return language === 'console' ? commandsIn(text) : [placeIn(text)]
    },
  )
}

function commandsIn(text: string): readonly Block[] {
  return text
    .split(/^\$ /m)
    .slice(1)
    .map((each) => {
      const [command = '', ...lines] = each
        .replaceAll(/\\\n */g, '')
        .trimEnd()
        .split('\n')
      return { kind: 'command', command, lines: lines.filter((line) => line.trim() !== '') }
    })
}

function placeIn(text: string): Block {
  const [place = '', ...lines] = text.trimEnd().split('\n')
  if (place === 'Log of capi-vip-allocator:') return { kind: 'log', lines }
  const [, workflowId, tab] = /^Temporal UI, (\S+), ([\w ]+):$/.exec(place) ?? []
  if (workflowId === undefined || tab === undefined) {
    throw new Error(`docs/troubleshooting.md: "${place}" does not say where that is to be read`)
  }
  return { kind: 'ui', workflowId, tab, lines }
}
