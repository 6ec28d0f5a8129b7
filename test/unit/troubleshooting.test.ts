import { describe, expect, it } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasons } from '../../src/domain/reason.ts'
import { firstMissingLine, literalParts } from '../support/expected-text.ts'
import { troubleshootingPage } from '../support/troubleshooting-page.ts'

const root = join(import.meta.dirname, '..', '..')
const text = readFileSync(join(root, 'docs', 'troubleshooting.md'), 'utf8')
const suites = globSync('test/e2e/troubleshooting-*.test.ts', { cwd: root })
  .map((path) => readFileSync(join(root, path), 'utf8'))
  .join('\n')

/** The headings that suites ask a help session for. */
function askedFor(what: 'expectSymptom' | 'applyRemedy'): readonly string[] {
  const headings = [...suites.matchAll(new RegExp(`${what}\\(\\s*session,\\s*'([^']+)'`, 'g'))]
  return [...new Set(headings.map(([, heading = '']) => heading))].toSorted()
}

describe('docs/troubleshooting.md', () => {
  const symptoms = troubleshootingPage()

  it('shows nothing that no test has seen, and no test sees what it does not show', () => {
    const shown = symptoms.filter(({ blocks }) => blocks.some(({ kind }) => kind !== 'remedy'))
    expect(askedFor('expectSymptom')).toEqual(shown.map(({ heading }) => heading).toSorted())
  })

  it('says nothing to do that no test has tried', () => {
    const mended = symptoms.filter(({ blocks }) => blocks.some(({ kind }) => kind === 'remedy'))
    expect(askedFor('applyRemedy')).toEqual(mended.map(({ heading }) => heading).toSorted())
  })

  it('has a place for every reason that is no good news', () => {
    const needed = reasons.filter((reason) => reason !== 'Allocated' && reason !== 'ClusterDeleted')
    expect(needed.filter((reason) => !text.includes(`\`${reason}\``))).toEqual([])
  })
})

describe('a promise', () => {
  it('is kept by lines in its order, however many spaces and other lines there are', () => {
    expect(firstMissingLine('a  b\nx\n  c d', ['a b', '…', 'c…'])).toBeUndefined()
    expect(firstMissingLine('Name:   one\nKind: two (2)', ['Name: …', 'two (2)'])).toBeUndefined()
  })

  it('is broken by a line that is missing, or comes before another', () => {
    expect(firstMissingLine('a\nb', ['a', 'c'])).toBe('c')
    expect(firstMissingLine('a\nb', ['b', 'a'])).toBe('a')
    expect(firstMissingLine('a b', ['b … a'])).toBe('b … a')
    expect(firstMissingLine('1.5', ['1.5 s'])).toBe('1.5 s')
    expect(firstMissingLine('1x5', ['1.5'])).toBe('1.5')
  })

  it('is the words between its gaps', () => {
    expect(literalParts(['a   b … c', '…', 'd'])).toEqual(['a b', 'c', 'd'])
  })
})
