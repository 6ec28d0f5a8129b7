import { describe, expect, it } from '@jest/globals'
import { drawLineChart, type LineChart } from './line-chart.ts'

const chart: LineChart = {
  title: 'Free & used',
  from: 1000,
  to: 1060,
  lines: [
    {
      name: 'free',
      points: [
        [1000, 0],
        [1001, 10],
        [1030, 10],
        [1031, 5],
      ],
    },
    {
      name: 'alert',
      points: [
        [1010, 1],
        [1020, 1],
      ],
      shaded: true,
    },
  ],
  marks: [{ at: 1030, words: 'a < b' }],
}

describe('a line chart', () => {
  it('draws a line through its points, and nothing where values are missing for long', () => {
    const [, drawn = ''] = /<path d="([^"]*)" fill="none"/.exec(drawLineChart(chart)) ?? []

    expect(drawn.match(/[ML]/g)).toEqual(['M', 'L', 'M', 'L'])
    expect(drawn).toMatch(/^M48\.0 236\.0L61\.3 64\.0M/)
  })

  it('shades from the first point to the last', () => {
    expect(drawLineChart(chart)).toContain('<rect x="180.7" y="64" width="132.7" height="172"')
  })

  it('names its lines and marks, in text that is no markup', () => {
    const text = drawLineChart(chart)

    for (const words of ['>Free &amp; used<', '>free<', '>alert<', '>a &lt; b<'])
      expect(text).toContain(words)
  })

  it('has scales of round numbers', () => {
    const labels = [...drawLineChart(chart).matchAll(/>([\d:.]+)<\/text>/g)].map(([, label]) => label)

    expect(labels).toEqual(['0', '5', '10', '0:00', '0:10', '0:20', '0:30', '0:40', '0:50', '1:00'])
  })

  it('refuses a line without values', () => {
    const lines = [...chart.lines, { name: 'used', points: [] }]

    expect(() => drawLineChart({ ...chart, lines })).toThrow('the line "used" of "Free & used" has no values')
  })
})
