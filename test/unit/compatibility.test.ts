import { describe, expect, it } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { ownPrefix } from '../../src/domain/names.ts'
import { hostRequiredShape, ownAddressShape, projectShapes, type ClassShape } from '../e2e/class-shapes.ts'

const page = readFileSync(join(import.meta.dirname, '..', '..', 'docs', 'compatibility.md'), 'utf8')

/** The rows of the table: project, variables and annotations, each as they are in quotes. */
const rows = new Map(
  page
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => line.split(' | '))
    .map(([project = '', , variables = '', annotations = '']) => [
      quotedIn(project)[0] ?? '',
      { variables: quotedIn(variables), annotations: quotedIn(annotations) },
    ]),
)

function quotedIn(cell: string): readonly string[] {
  return [...cell.matchAll(/`([^`]+)`/g)].map(([, words = '']) => words)
}

const shapes: readonly (readonly [string, ClassShape])[] = [
  ...projectShapes.map((shape) => [shape.project, shape] as const),
  ['CAREN', hostRequiredShape],
  ['CAPHV', ownAddressShape],
]

describe('the table of docs/compatibility.md', () => {
  it('has a row for each shape that the e2e suite checks, and no others', () => {
    expect([...rows.keys()].toSorted()).toEqual(shapes.map(([project]) => project).toSorted())
  })

  it.each(shapes)('says what the suite annotates on the class of %s', (project, { annotations = {} }) => {
    const words = Object.entries(annotations).map(([name, value]) => {
      const short = name.replace(`${ownPrefix}/`, '')
      return `${short}: ${/^(?:true|false)$/.test(value) ? JSON.stringify(value) : value}`
    })
    expect(rows.get(project)?.annotations).toEqual(words)
  })

  it.each(shapes)('names the variables of the class of %s', (project, { variables }) => {
    const named = rows.get(project)?.variables ?? []
    for (const { name } of variables) expect(named).toContain(name)
  })
})
