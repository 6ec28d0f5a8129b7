import { describe, expect, it } from '@jest/globals'
import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { invariants } from '../../dev/faults/invariants/violation.ts'
import { faultKinds } from '../../dev/faults/suite/fault-kinds.ts'
import { testTitlesIn } from '../support/test-titles.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'reliability.md'), 'utf8')

/** Suites whose every test is about one state, and so has a place in the tables. */
const wholeSuites = [
  ...[
    'pool-choice',
    'exhaustion',
    'queue',
    'endpoint',
    'variable',
    'ingress',
    'pause',
    'move',
    'deletion',
    'claims',
  ],
  ...[
    'restoration',
    'duplicates',
    'probes',
    'dns-names',
    'rejection',
    'write-races',
    'permissions',
    'release',
    'cluster-api-1.13',
  ],
  ...[
    'opt-out',
    'predecessor',
    'watch-filter',
    'management-clusters',
    'without-topology',
    'gitops',
    'gitops-healing',
    'compatibility',
    'gates',
  ],
  ...['role-only', 'class-elsewhere', 'namespace-selector', 'available', 'pool-kinds', 'asked-address'],
  ...['runtime-extension', 'runtime-extension-core', 'runtime-extension-gate', 'extension-life'],
  'dual-stack',
]
  .map((name) => `e2e/${name}`)
  .concat('clusters/available', 'clusters/move')

/** What the tables name: `` `suite` title ``, with `<br>` between two; a suite without title stands for all of it. */
const named = page
  .split('\n')
  .filter((line) => line.startsWith('| ') && /`(?:unit|integration|e2e|clusters)\//.test(line))
  .flatMap((line) => (line.split(' | ').at(-1) ?? '').replace(/\s*\|$/, '').split('<br>'))
  .map(
    (entry) => /^`(?<suite>[a-z0-9./-]+)`(?: (?<title>.+))?$/.exec(entry.trim())?.groups ?? { suite: entry },
  )

function titlesOf(suite: string): readonly string[] {
  const path = join(import.meta.dirname, '..', `${suite}.test.ts`)
  return existsSync(path) ? testTitlesIn(path) : []
}

function cellsOf(rows: readonly string[]): readonly (readonly string[])[] {
  return rows.map((row) => row.split(' | ').map((cell) => cell.replaceAll(/^\| |\|$/g, '').trim()))
}

describe('docs/reliability.md', () => {
  it('names only tests that exist', () => {
    const missing = named.filter(({ suite = '', title }) => {
      const titles = titlesOf(suite)
      return title === undefined ? titles.length === 0 : !titles.includes(title.trim())
    })
    expect(named.length).toBeGreaterThan(100)
    expect(missing).toEqual([])
  })

  it.each(wholeSuites)('names every test of %s', (suite) => {
    const titles = named.filter((entry) => entry.suite === suite).map(({ title = '' }) => title.trim())
    expect([...new Set(titles)].toSorted()).toEqual([...new Set(titlesOf(suite))].toSorted())
  })

  it('has a row for every kind of fault, and says what happens', () => {
    const cells = cellsOf(
      page.split('\n').filter((line) => line.includes('| yes') || line.startsWith('| fault  ')),
    )
    const [header, ...rows] = cells.filter((row) => row.length > 3)
    expect(header?.slice(2)).toEqual(invariants)
    expect(rows).toEqual(
      faultKinds.map(({ name, what }) => [`\`${name}\``, what, ...invariants.map(() => 'yes')]),
    )
  })

  it('says of every invariant what it is', () => {
    const cells = cellsOf(page.split('\n').filter((line) => /^\| I\d+ /.test(line)))
    expect(cells.map(([name]) => name)).toEqual(invariants)
    for (const [, sentence] of cells) expect(sentence).toMatch(/^[A-Z].*\.$/)
  })
})
