import { describe, expect, it } from '@jest/globals'
import { printable, printableFields } from '../../../src/observability/printable.ts'

const hostile = 'a\n\r\t\u0000\u001b[2J\u007f\u009b\u2028\u2029 é 日本 %s \\'

describe('printable', () => {
  it('escapes in pretty text all that could begin a line or change a terminal', () => {
    expect(printable(hostile, 'pretty')).toBe(
      String.raw`a\n\r\t\u0000\u001b[2J\u007f\u009b\u2028\u2029 é 日本 %s ` + '\\',
    )
  })

  it('escapes for JSON what JSON leaves as it is', () => {
    const line = JSON.stringify(printable(hostile, 'json'))
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
    expect(JSON.parse(line)).toBe(
      'a\n\r\t\u0000\u001b[2J' + String.raw`\u007f\u009b\u2028\u2029 é 日本 %s ` + '\\',
    )
  })

  it('cuts a text of more than 1,000 characters', () => {
    expect(printable('o'.repeat(1_000), 'json')).toBe('o'.repeat(1_000))
    expect(printable('o'.repeat(1_001), 'json')).toBe(`${'o'.repeat(1_000)}…`)
  })
})

describe('printableFields', () => {
  it('leaves what is no text as it is', () => {
    const fields = { error: 'a\nb', attempt: 1, namespaceIsNew: true, pool: undefined }
    expect(printableFields(fields, 'pretty')).toEqual({ ...fields, error: String.raw`a\nb` })
  })
})
