import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { figureOf } from './figures.ts'
import { measures } from './measures.ts'
import { drawCurve, markers, reportText, withReport } from './report.ts'
import { figureKinds } from './targets.ts'

const result = {
  figures: [
    figureOf({ figure: 'one-vip-p50', ours: [30], plain: [25], floor: [20] }),
    figureOf({ figure: 'requests', ours: [19] }),
  ],
  details: ['19 get clusters'],
  curves: [],
  conditions: [['Node.js', 'v24']],
} as const

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'performance.md'), 'utf8')

describe('the report', () => {
  it('holds figures, details and conditions', () => {
    expect(reportText(result).split('\n')).toEqual([
      '| measure | ours | plain | floor | × plain | × floor | target | met |',
      '| --- | --- | --- | --- | --- | --- | --- | --- |',
      '| one-vip-p50 | 30 ms | 25 ms | 20 ms | 1.2 | 1.5 | ≤ 1.3 × plain | yes |',
      '| requests | 19 |  |  |  |  | ≤ 6 | no |',
      '',
      '- 19 get clusters',
      '',
      'Conditions: Node.js v24.',
    ])
  })

  it('takes the place of the one before, and of nothing else', () => {
    const once = withReport(page, 'report one')
    expect(withReport(once, 'report two')).toBe(once.replace('report one', 'report two'))
    expect(once.split(markers.begin)[0]).toBe(page.split(markers.begin)[0])
    expect(once.split(markers.end)[1]).toBe(page.split(markers.end)[1])
  })

  it('is not written into a page without a place for it', () => {
    expect(() => withReport('# A page\n', 'first')).toThrow('the page has no lines')
    expect(() => withReport(`${markers.begin}\n`, 'first')).toThrow('the page has no lines')
  })
})

describe('docs/performance.md', () => {
  it.each(Object.entries(figureKinds))('says what %s means', (name, { meaning }) => {
    expect(page.replaceAll(/ +/g, ' ')).toContain(`| \`${name}\` | ${meaning} |`)
  })

  it.each(measures.map(({ name }) => [name]))('says how to take %s alone', (name) => {
    expect(page).toContain(`\`${name}\``)
  })
})

describe('the plot', () => {
  it('shows when each was done, of ours, of the plain controller and of the floor', () => {
    const drawn = drawCurve({
      title: '3 at once',
      ours: [1000, 2000, 8000],
      plain: [700, 1500, 6000],
      floor: [500, 1000, 4000],
    })
    expect(drawn).toContain('>3 at once: ')
    const [ours = '', plain = '', floor = ''] = [...drawn.matchAll(/<path d="([^"]*)" fill="none"/g)].map(
      ([, d]) => d,
    )
    expect(ours).toMatch(/^M48\.0 236\.0.*L?M?844\.0 64\.0$/)
    expect(plain).toMatch(/645\.0 64\.0$/)
    expect(floor).toMatch(/446\.0 64\.0$/)
  })
})
