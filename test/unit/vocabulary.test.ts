import { describe, expect, it } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parseSync, Visitor } from 'oxc-parser'

const root = join(import.meta.dirname, '..', '..')

/**
 * Words that no name and no comment in the sources contains, with the field's word for each. Texts may: some are public,
 * such as values of log fields.
 */
const foreignWords: Readonly<Record<string, string>> = {
  amiss: 'wrong',
  anew: 'live, or again',
  believe: 'trust',
  believed: 'fresh',
  deaf: 'stale',
  deed: 'action',
  dice: 'random value',
  echo: 'expectation',
  foremost: 'most relevant',
  former: 'previous',
  glance: 'poll',
  hear: 'observe',
  heard: 'observed',
  judge: 'diagnose',
  judged: 'diagnosed',
  judgment: 'diagnosis',
  leftover: 'remaining object',
  looked: 'read',
  mend: 'repair',
  mended: 'repaired',
  namesake: 'recreated Cluster',
  nudge: 'signal, or touch',
  pace: 'fast path',
  patience: 'budget',
  peoples: 'user',
  saying: 'condition update',
  seeker: 'claim',
  sight: 'observed',
  sighting: 'version',
  starved: 'blocked',
  tell: 'report',
  told: 'reported',
  whoever: 'anybody',
  wish: 'desire',
}

/** Comments stand alone: they refer to no document that may be numbered differently tomorrow. */
const foreignReference = /\(design, section|design\.md/

interface Source {
  readonly names: readonly string[]
  readonly comments: readonly string[]
}

function sourceOf(path: string, text: string): Source {
  const { program, comments } = parseSync(path, text)
  const names: string[] = []
  new Visitor({
    Identifier: ({ name }) => void names.push(name),
    PrivateIdentifier: ({ name }) => void names.push(name),
  }).visit(program)
  return { names, comments: comments.map(({ value }) => value) }
}

/** The words of a name or a comment, in small letters: `is`, `pool`, `told` of `isPoolTold`. */
function wordsOf(text: string): readonly string[] {
  return (text.match(/[A-Z]?[a-z]+|[A-Z]+(?![a-z])/g) ?? []).map((word) => word.toLowerCase())
}

function faultsIn(path: string, text: string): readonly string[] {
  const { names, comments } = sourceOf(path, text)
  const words = new Set([...names, ...comments].flatMap(wordsOf))
  return [
    ...Object.entries(foreignWords)
      .filter(([word]) => words.has(word))
      .map(([word, instead]) => `${path}: ${word}, write ${instead}`),
    ...comments
      .filter((comment) => foreignReference.test(comment))
      .map((comment) => `${path}: ${comment.trim()}`),
  ]
}

describe('names and comments in src, dev and the helpers of tests', () => {
  it.each(['src', 'dev', 'test'])("use the field's words, and refer to no design document: %s", (folder) => {
    const faults = globSync(`${folder}/**/*.ts`, { cwd: root })
      .filter((file) => !file.endsWith('.test.ts'))
      .flatMap((file) => faultsIn(file, readFileSync(join(root, file), 'utf8')))
    expect(faults).toEqual([])
  })

  it.each([
    ['export const isStarved = true'],
    ['class Loop { #starved = false }'],
    ['export function run({ starved }: { readonly starved: boolean }): void {}'],
    ['/** Whether the loop is starved. */'],
  ])('are searched: %s', (text) => {
    expect(faultsIn('x.ts', text)).toEqual(['x.ts: starved, write blocked'])
  })

  it('are searched for references', () => {
    expect(faultsIn('x.ts', '// The order (design, section 3).')).toEqual([
      'x.ts: The order (design, section 3).',
    ])
  })

  it('are not texts', () => {
    expect(faultsIn('x.ts', "export const text = 'deaf'")).toEqual([])
  })
})
