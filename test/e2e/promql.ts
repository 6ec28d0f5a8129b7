import { isObject, stringOf } from '../../src/domain/model/decode.ts'

/** A series that an expression selects, with the labels it uses. */
export interface Selected {
  readonly name: string
  readonly labels: readonly string[]
}

/**
 * The series that an expression selects, from the syntax tree that Prometheus returns (`/api/v1/parse_query`). Labels
 * that an operation groups or matches by count for all series below it.
 */
export function selectedBy(tree: unknown): readonly Selected[] {
  if (Array.isArray(tree)) return tree.flatMap(selectedBy)
  if (!isObject(tree)) return []
  const matchers = namesIn(tree['matchers'])
  if (matchers.includes('__name__')) {
    return [{ name: stringOf(tree['name']), labels: matchers.filter((label) => label !== '__name__') }]
  }
  const matching = isObject(tree['matching']) ? tree['matching'] : {}
  const grouped = [...strings(tree['grouping']), ...strings(matching['labels'])]
  return Object.values(tree)
    .flatMap(selectedBy)
    .map(({ name, labels }) => ({ name, labels: [...new Set([...labels, ...grouped])] }))
}

function namesIn(matchers: unknown): readonly string[] {
  return Array.isArray(matchers) ? matchers.map((each) => (isObject(each) ? stringOf(each['name']) : '')) : []
}

function strings(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.map(String) : []
}
