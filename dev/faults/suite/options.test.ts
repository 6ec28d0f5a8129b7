import { describe, expect, it } from '@jest/globals'
import { faultKinds } from './fault-kinds.ts'
import { UsageError } from '../../command.ts'
import { parseFaultOptions } from './options.ts'

describe('the command line of the fault suite', () => {
  it('asks for ten minutes of text, without core, with all kinds of faults, if it says nothing', () => {
    const expected = { minutes: 10, json: false, withCore: false, kinds: faultKinds }
    expect(parseFaultOptions([])).toMatchObject(expected)
  })

  it('has another seed each time if it names none', () => {
    const seeds = Array.from({ length: 5 }, () => parseFaultOptions([]).seed)
    expect(new Set(seeds).size).toBeGreaterThan(1)
    for (const seed of seeds) expect(parseFaultOptions([`--seed=${seed}`]).seed).toBe(seed)
  })

  it('is understood in both spellings of its flags', () => {
    const argv = ['--minutes', '0.5', '--seed=0', '--output', 'json', '--with-core']
    const expected = { minutes: 0.5, seed: 0, json: true, withCore: true, kinds: faultKinds }
    expect(parseFaultOptions(argv)).toEqual(expected)
  })

  it('asks for some kinds of faults by their names', () => {
    const { kinds } = parseFaultOptions(['--kinds=temporal-away,allocator-starved'])
    expect(kinds.map(({ name }) => name)).toEqual(['allocator-starved', 'temporal-away'])
  })

  it.each([
    ['--minutes=0', '--minutes=0: expected a number above 0 and not above 1440'],
    ['--minutes=-3', '--minutes=-3: expected a number above 0 and not above 1440'],
    ['--minutes=1441', '--minutes=1441: expected a number above 0 and not above 1440'],
    ['--minutes=ten', '--minutes=ten: expected a number above 0 and not above 1440'],
    ['--minutes=', '--minutes=: expected a number above 0 and not above 1440'],
    ['--seed=1.5', '--seed=1.5: expected a whole number from 0 to 2147483647'],
    ['--seed=-1', '--seed=-1: expected a whole number from 0 to 2147483647'],
    ['--seed=2147483648', '--seed=2147483648: expected a whole number from 0 to 2147483647'],
    ['--seed=', '--seed=: expected a whole number from 0 to 2147483647'],
    ['--output=yaml', '--output=yaml: expected text or json'],
    ['--kinds=', '--kinds=: there is no kind ""'],
    ['--kinds=half-open,earthquake', '--kinds=half-open,earthquake: there is no kind "earthquake"'],
    ['--rounds=3', "Unknown option '--rounds'"],
    ['more', "Unexpected argument 'more'"],
  ])('is refused with %s', (argument, words) => {
    expect(() => parseFaultOptions([argument])).toThrow(UsageError)
    expect(() => parseFaultOptions([argument])).toThrow(words)
    expect(() => parseFaultOptions([argument])).toThrow('usage: npm run faults')
  })

  it('is told all its faults at once', () => {
    expect(() => parseFaultOptions(['--minutes=x', '--seed=y', '--output=z'])).toThrow(
      /--minutes=x.*\n--seed=y.*\n--output=z/,
    )
  })
})
