import { describe, expect, it } from '@jest/globals'
import { parseOptions } from './options.ts'

describe('the flags of the demo', () => {
  it('are a process of this machine that stays up, by default', () => {
    expect(parseOptions([])).toEqual({ until: 'vip', once: false, json: false, inCluster: undefined })
  })

  it('ask for Pods, with what belongs to these', () => {
    expect(parseOptions(['--in-cluster'])).toEqual({
      ...{ until: 'vip', once: false, json: false, inCluster: { image: undefined, measure: false } },
    })
    expect(
      parseOptions(['--in-cluster', '--measure', '--image=image.tar', '--once', '--output', 'json']),
    ).toEqual({ until: 'vip', once: true, json: true, inCluster: { image: 'image.tar', measure: true } })
  })

  it.each([
    [['--until=tomorrow'], '--until is "tomorrow", expected vip or available'],
    [['--until=available', '--in-cluster'], '--until is "available", expected vip beside --in-cluster'],
    [['--output=xml'], '--output is "xml", expected text or json'],
    [['--measure'], '--measure is set, expected --in-cluster beside it'],
    [['--image=image.tar'], '--image is "image.tar", expected --in-cluster beside it'],
  ])('refuse %s', (args, message) => {
    expect(() => parseOptions(args)).toThrow(message)
  })

  it('refuse one that does not exist', () => {
    expect(() => parseOptions(['--in-clusters'])).toThrow('--in-clusters')
  })
})
