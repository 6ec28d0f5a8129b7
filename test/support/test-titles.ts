import { readFileSync } from 'node:fs'
import { parseSync } from 'oxc-parser'
import { isObject } from '../../src/domain/model/decode.ts'

/** Titles of all tests in a file, from its source: `it('…')` and `it.each(…)('…')`. */
export function testTitlesIn(path: string): readonly string[] {
  const titles: string[] = []
  collect(parseSync(path, readFileSync(path, 'utf8')).program, titles)
  return titles
}

function collect(node: unknown, titles: string[]): void {
  if (Array.isArray(node)) node.forEach((each) => collect(each, titles))
  if (!isObject(node)) return
  if (node['type'] === 'CallExpression' && isIt(node['callee']) && Array.isArray(node['arguments'])) {
    const title = literalIn(node['arguments'][0])
    if (title !== undefined) titles.push(title)
  }
  for (const child of Object.values(node)) collect(child, titles)
}

/** `it`, or `it.each(…)`. */
function isIt(callee: unknown): boolean {
  if (!isObject(callee)) return false
  if (callee['type'] === 'Identifier') return callee['name'] === 'it'
  const each = callee['type'] === 'CallExpression' ? callee['callee'] : undefined
  return (
    isObject(each) &&
    each['type'] === 'MemberExpression' &&
    isIt(each['object']) &&
    isObject(each['property']) &&
    each['property']['name'] === 'each'
  )
}

function literalIn(argument: unknown): string | undefined {
  return isObject(argument) && typeof argument['value'] === 'string' ? argument['value'] : undefined
}
