import { describe, expect, it } from '@jest/globals'
import { formatFields, textFormats } from '../../../src/observability/log.ts'

const hostile = 'a\n\r\t\u0000\u001b[2J\u007f\u009b\u2028\u2029 é 日本 %s \\'

describe('a text in the log', () => {
  it('escapes in pretty text all that could begin a line or change a terminal', () => {
    expect(textFormats.pretty(hostile)).toBe(
      String.raw`a\n\r\t\u0000\u001b[2J\u007f\u009b\u2028\u2029 é 日本 %s ` + '\\',
    )
  })

  it('escapes for JSON what JSON leaves as it is', () => {
    const line = JSON.stringify(textFormats.json(hostile))
    expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u)
    expect(JSON.parse(line)).toBe(
      'a\n\r\t\u0000\u001b[2J' + String.raw`\u007f\u009b\u2028\u2029 é 日本 %s ` + '\\',
    )
  })

  it('cuts a text of more than 1,000 characters', () => {
    expect(textFormats.json('o'.repeat(1_000))).toBe('o'.repeat(1_000))
    expect(textFormats.json('o'.repeat(1_001))).toBe(`${'o'.repeat(1_000)}…`)
  })
})

describe('the fields of a line', () => {
  it('stay as they are, unless they are texts', () => {
    const fields = { error: 'a\nb', attempt: 1, namespaceIsNew: true, pool: undefined }
    expect(formatFields(fields, textFormats.pretty)).toEqual({ ...fields, error: String.raw`a\nb` })
  })
})
