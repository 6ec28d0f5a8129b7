import { readFileSync } from 'node:fs'
import { join } from 'node:path'

/** What docs/troubleshooting.md shows of a symptom, and what it says to do about it. */
export type Block =
  /** A command with what it prints; no lines: it prints nothing. */
  | { readonly kind: 'command'; readonly command: string; readonly lines: readonly string[] }
  /** A tab of a run's page in the Temporal UI. */
  | {
      readonly kind: 'ui'
      readonly workflowId: string
      readonly tab: string
      readonly lines: readonly string[]
    }
  | { readonly kind: 'log'; readonly lines: readonly string[] }
  /** A command that mends it. */
  | { readonly kind: 'remedy'; readonly command: string }

/** The part of the page under one heading. */
export interface Symptom {
  readonly heading: string
  readonly blocks: readonly Block[]
}

const page = join(import.meta.dirname, '..', '..', 'docs', 'troubleshooting.md')

/**
 * Reads the page. A block of `console` has commands after `$ `, each with what it prints; a block of `text` says in its
 * first line where the others are to be read; a block of `bash` mends. Other languages are what no test can run.
 *
 * @returns the parts that show anything, in order
 * @throws Error where a block says nothing of where it is to be seen
 */
export function troubleshootingPage(): readonly Symptom[] {
  const [, ...parts] = readFileSync(page, 'utf8').split(/^#{2,} /m)
  return parts
    .map((part) => ({ heading: part.split('\n', 1)[0] ?? '', blocks: blocksIn(part) }))
    .filter(({ blocks }) => blocks.length > 0)
}

/** @throws Error where the page has no such part */
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
