import { describe, expect, it } from '@jest/globals'
import { UsageError } from '../command.ts'
import { parseBenchArguments } from './options.ts'

const names = ['one-vip', 'requests']
const measures = [...names.map((name) => ({ name })), { name: 'gates', needsCore: true as const }]
const parse = (...argv: readonly string[]) => parseBenchArguments(argv, measures)

describe('the arguments of the benchmark', () => {
  it('are all measures in five rounds, as a table, where nothing is said', () => {
    expect(parse()).toEqual({
      only: names,
      rounds: 5,
      json: false,
      withCore: false,
      defaultPolling: false,
      temporalStore: 'sqlite',
      report: false,
    })
  })

  it('start core for a measure that needs it, and leave such a one out of a run of all without core', () => {
    expect(parse('--only=gates')).toMatchObject({ only: ['gates'], withCore: true })
    expect(parse('--only=requests,gates')).toMatchObject({ only: ['requests', 'gates'], withCore: true })
    expect(parse('--with-core').only).toEqual([...names, 'gates'])
  })

  it('name measures one by one and in lists', () => {
    expect(parse('--only', 'one-vip', '--only=requests').only).toEqual(names)
    expect(parse('--only=requests,one-vip').only).toEqual(['requests', 'one-vip'])
  })

  it('are taken as they are given', () => {
    const flags = [
      '--clusters=5',
      '--rounds=1',
      '--output=json',
      '--with-core',
      '--default-polling',
      '--report',
    ]
    expect(parse(...flags)).toEqual({
      only: [...names, 'gates'],
      clusters: 5,
      rounds: 1,
      json: true,
      withCore: true,
      defaultPolling: true,
      temporalStore: 'sqlite',
      report: true,
    })
  })

  it.each([
    ['--only=speed', '--only=speed: expected one of one-vip, requests, gates'],
    ['--only=', '--only=: expected one of one-vip, requests, gates'],
    ['--clusters=0', '--clusters=0: expected a whole number from 1 to 60000'],
    ['--clusters=1e9', '--clusters=1e9: expected a whole number from 1 to 60000'],
    ['--rounds=', '--rounds=: expected a whole number from 1 to 1000'],
    ['--rounds=2.5', '--rounds=2.5: expected a whole number from 1 to 1000'],
    ['--output=xml', '--output=xml: expected table or json'],
    ['--temporal-store=mysql', '--temporal-store=mysql is no store, expected sqlite or postgresql'],
    ['--slow', '--slow'],
  ])('are refused where they hold %s', (flag, words) => {
    expect(() => parse(flag)).toThrow(UsageError)
    expect(() => parse(flag)).toThrow(words)
    expect(() => parse(flag)).toThrow('usage: npm run bench')
  })

  it('can put Temporal on PostgreSQL, with the setting that its deployment has', () => {
    expect(parse('--temporal-store=postgresql').temporalStore).toBe('postgresql')
    expect(() => parse('--temporal-store=postgresql', '--default-polling')).toThrow(
      'expected one of them alone',
    )
  })

  it('are refused with all their faults at once', () => {
    expect(() => parse('--rounds=0', '--output=xml')).toThrow(/--rounds=0.*\n--output=xml/)
  })
})
