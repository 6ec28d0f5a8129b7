import { describe, expect, it } from '@jest/globals'
import { Writable } from 'node:stream'
import { stripVTControlCharacters } from 'node:util'
import { parse } from 'yaml'
import type { OutputFormat } from '../../../src/config.ts'
import { createConsole } from '../../../src/console/console.ts'
import type { Style } from '../../../src/console/style.ts'
import { plainStyle } from '../../support/plain-style.ts'
import { renderTable } from '../../../src/console/table.ts'

/** Keeps what is written to it. */
class Page extends Writable {
  text = ''

  override _write(chunk: Buffer, _encoding: string, done: () => void): void {
    this.text += chunk.toString()
    done()
  }
}

function shownAs(output: OutputFormat): { readonly stdout: string; readonly stderr: string } {
  const streams = { stdout: new Page(), stderr: new Page() }
  const console = createConsole(output, streams)
  console.note('looking')
  console.print({ cluster: 'clusters/demo', pools: [] }, (style) => style.bad('no pool'))
  return { stdout: streams.stdout.text, stderr: streams.stderr.text }
}

describe('an answer', () => {
  it('is a text for people, without colors where no terminal is', () => {
    expect(shownAs('table').stdout).toBe('no pool\n')
  })

  it('is one document of JSON or YAML for programs', () => {
    const value = { cluster: 'clusters/demo', pools: [] }
    expect(JSON.parse(shownAs('json').stdout)).toEqual(value)
    expect(parse(shownAs('yaml').stdout)).toEqual(value)
  })

  it.each<[OutputFormat]>([['table'], ['json'], ['yaml']])(
    'as %s has stdout for itself: notes go to stderr',
    (output) => {
      expect(shownAs(output).stderr).toBe('looking\n')
      expect(shownAs(output).stdout).not.toContain('looking')
    },
  )
})

describe('answers that follow each other', () => {
  function updatedAs(output: OutputFormat, isTTY: boolean): string {
    const stdout = Object.assign(new Page(), { isTTY })
    const console = createConsole(output, { stdout, stderr: new Page() })
    for (const turn of [1, 2]) console.update({ turn }, () => `turn ${turn}`)
    return stdout.text
  }

  it('are lines of JSON, or documents of YAML', () => {
    expect(updatedAs('json', false)).toBe('{"turn":1}\n{"turn":2}\n')
    expect(updatedAs('yaml', false)).toBe('---\nturn: 1\n---\nturn: 2\n')
  })

  it('are texts with an empty line between them, which on a terminal replace each other', () => {
    expect(updatedAs('table', false)).toBe('turn 1\n\nturn 2\n\n')
    expect(updatedAs('table', true)).toBe('\u001b[H\u001b[2Jturn 1\n\n\u001b[H\u001b[2Jturn 2\n\n')
  })
})

describe('a reader who has seen enough', () => {
  it('is no fault; another one is', () => {
    const stdout = new Page()
    const { closed } = createConsole('table', { stdout, stderr: new Page() })
    expect(closed.aborted).toBe(false)
    expect(() => stdout.emit('error', Object.assign(new Error('closed'), { code: 'EPIPE' }))).not.toThrow()
    expect(closed.aborted).toBe(true)
    expect(() => stdout.emit('error', Object.assign(new Error('full'), { code: 'ENOSPC' }))).toThrow('full')
  })
})

describe('a table', () => {
  it('has a head in capitals, no lines, and columns three spaces apart', () => {
    const rows = [
      ['clusters/demo', '10.0.0.10', 'Allocated'],
      ['clusters/a', '', 'NoMatchingPool'],
    ]
    expect(renderTable(['cluster', 'vip', 'reason'], rows, plainStyle)).toBe(
      [
        'CLUSTER         VIP         REASON',
        'clusters/demo   10.0.0.10   Allocated',
        'clusters/a      -           NoMatchingPool',
      ].join('\n'),
    )
  })

  it('is its head alone where there is no row', () => {
    expect(renderTable(['cluster', 'vip'], [], plainStyle)).toBe('CLUSTER   VIP')
  })

  it('keeps its columns where cells have colors', () => {
    const style: Style = { ...plainStyle, bad: (text) => `\u001B[31m${text}\u001B[39m` }
    const text = renderTable(['a', 'b'], [[style.bad('x'), 'y']], style)
    expect(stripVTControlCharacters(text)).toBe('A   B\nx   y')
  })
})
