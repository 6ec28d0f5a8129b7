import { describe, expect, it } from '@jest/globals'
import { globSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { reasons } from '../../src/domain/reason.ts'
import { firstMissingLine, literalParts } from '../support/expected-text.ts'
import {
  parseRunbook,
  runbooks,
  sectionsOf,
  type Block,
  type Runbook,
  type Section,
} from '../support/runbook.ts'
import { blocksToRun, unrunBlocks } from '../support/unrun-blocks.ts'

const root = join(import.meta.dirname, '..', '..')

/** The suites that follow each page. */
const suites: Readonly<Record<Runbook, string>> = {
  'docs/install.md': 'test/e2e/{install-page,installation,operator}.test.ts',
  'docs/troubleshooting.md': 'test/e2e/troubleshooting-*.test.ts',
}

/** The headings that the suites of a page name in calls, which begin so. */
function headingsIn(page: Runbook, call: string): readonly string[] {
  const text = globSync(suites[page], { cwd: root })
    .map((path) => readFileSync(join(root, path), 'utf8'))
    .join('\n')
  const found = [...text.matchAll(new RegExp(`${call},\\s*'([^']+)'`, 'g'))]
  return [...new Set(found.map(([, heading = '']) => heading))].toSorted()
}

/** The headings that suites ask a session for by one of these functions. */
function askedFor(page: Runbook, ...functions: readonly string[]): readonly string[] {
  return headingsIn(page, `(?:${functions.join('|')})\\(\\s*session`)
}

/** The sections whose blocks no suite reads by itself. */
function othersOf(page: Runbook): readonly Section[] {
  const read = headingsIn(page, `sectionUnder\\('${page}'`)
  return sectionsOf(page).filter(({ heading }) => !read.includes(heading))
}

/** The headings under which a session has to run a block of this sort. */
function headingsWith(page: Runbook, is: (block: Block) => boolean): readonly string[] {
  return othersOf(page)
    .filter((section) => blocksToRun(page, section).some(is))
    .map(({ heading }) => heading)
    .toSorted()
}

describe.each(runbooks.map((page) => [page]))('%s', (page) => {
  it('shows nothing that no test has seen, and no test sees what it does not show', () => {
    const shown = headingsWith(page, ({ kind }) => kind !== 'script' && kind !== 'sample')
    expect(askedFor(page, 'expectSymptom', 'expectSteps')).toEqual(shown)
  })

  it('says nothing to do that no test has tried', () => {
    const scripts = headingsWith(page, ({ kind }) => kind === 'script')
    expect(askedFor(page, 'applyRemedy', 'expectSteps')).toEqual(expect.arrayContaining([...scripts]))
    expect(scripts).toEqual(expect.arrayContaining([...askedFor(page, 'applyRemedy')]))
  })

  it('has a reason for every block that no test runs, and none for a block that is gone', () => {
    const all = othersOf(page).flatMap((section) => {
      const run = blocksToRun(page, section)
      const names = section.blocks.filter((block) => block.kind === 'sample' || !run.includes(block))
      return names.map(({ name }) => `${section.heading}: ${name.replace(/ \\$/, '')}`)
    })
    expect([...unrunBlocks(page)].toSorted()).toEqual(all.toSorted())
  })
})

describe('docs/troubleshooting.md', () => {
  it('has a place for every reason that is no good news', () => {
    const text = readFileSync(join(root, 'docs/troubleshooting.md'), 'utf8')
    const needed = reasons.filter((reason) => reason !== 'Allocated' && reason !== 'ClusterDeleted')
    expect(needed.filter((reason) => !text.includes(`\`${reason}\``))).toEqual([])
  })
})

describe('README.md', () => {
  it('installs by commands that docs/install.md has, and a test runs', () => {
    const readme = readFileSync(join(root, 'README.md'), 'utf8')
    const [, install = ''] = /^## Install\n.*?^```bash\n(.*?)^```$/ms.exec(readme) ?? []
    expect(install.trimEnd().split('\n')).toHaveLength(5)
    const commands = install
      .replaceAll(/\\\n */g, '')
      .replace('POOL', '<pool>')
      .replace('CLASS', '<class>')
      .trimEnd()
      .split('\n')
    const run = sectionsOf('docs/install.md')
      .flatMap((section) => blocksToRun('docs/install.md', section))
      .flatMap((block) => (block.kind === 'command' ? [block.command] : []))
    expect(commands.filter((command) => !run.includes(command))).toEqual([])
  })
})

describe('the blocks of a page', () => {
  const page = [
    '# Title',
    '## One',
    '```console',
    '$ first --flag \\',
    '    --more',
    'printed',
    '',
    'later',
    '$ second',
    '```',
    '```sh',
    '## no heading',
    '```',
    '### Two',
    'Words.',
    '```bash',
    'third <<EOF',
    '$ text',
    'EOF',
    '```',
    '## Three',
    'Words.',
    '## Four',
    '```text',
    'Log of capi-vip-allocator:',
    'line',
    '```',
    '```text',
    'Temporal UI, allocate-vip/a/b, Pending Activities:',
    'line',
    '```',
  ].join('\n')

  it('are those of its sections, with every command of a session', () => {
    const lines = ['line']
    expect(parseRunbook('a page', page)).toEqual([
      {
        heading: 'One',
        blocks: [
          {
            kind: 'command',
            name: 'first --flag \\',
            command: 'first --flag --more',
            lines: ['printed', 'later'],
          },
          { kind: 'command', name: 'second', command: 'second', lines: [] },
          { kind: 'sample', name: '## no heading', text: '## no heading\n' },
        ],
      },
      {
        heading: 'Two',
        blocks: [{ kind: 'script', name: 'third <<EOF', command: 'third <<EOF\n$ text\nEOF\n' }],
      },
      {
        heading: 'Four',
        blocks: [
          { kind: 'log', name: 'Log of capi-vip-allocator:', lines },
          {
            kind: 'ui',
            name: 'Temporal UI, allocate-vip/a/b, Pending Activities:',
            workflowId: 'allocate-vip/a/b',
            tab: 'Pending Activities',
            lines,
          },
        ],
      },
    ])
  })

  it('say where their text is to be read', () => {
    expect(() => parseRunbook('a page', '## One\n```text\nSomewhere:\nline\n```')).toThrow(
      'a page: "Somewhere:" does not say where that is to be read',
    )
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
